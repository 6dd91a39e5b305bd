/** A simulated libvirtd: the real protocol on a unix socket, domains with believable load, and faults on demand. */
export { parseFault, type FaultSpec, type ReplyDamage } from "./faults.ts";
export type { Authentication, SimulatorStats } from "./daemon.ts";
export type { KeepaliveTiming } from "./keepalive.ts";
export type { DomainShape, DomainSpec, Release, WorkloadName } from "./shape.ts";
export { SIMULATED_EVENTS, type SimulatedEvent } from "./events.ts";
export type { BackgroundJob } from "./background-jobs.ts";
export type { Churn } from "./churner.ts";
export { startSimulator, type Simulator, type SimulatorOptions } from "./simulator.ts";
export type { DomainSummary } from "./world.ts";
