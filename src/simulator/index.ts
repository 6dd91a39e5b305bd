/** A simulated libvirtd: the real protocol on a unix socket, domains with believable load, and faults on demand. */
export { parseFault, type FaultSpec, type ReplyDamage } from "./faults.ts";
export type { Authentication, SimulatorStats } from "./daemon.ts";
export type { KeepaliveTiming } from "./keepalive.ts";
export type { DomainShape, DomainSpec, Release, WorkloadName } from "./shape.ts";
export { startSimulator, type Churn, type Simulator, type SimulatorOptions } from "./simulator.ts";
export type { DomainSummary } from "./world.ts";
