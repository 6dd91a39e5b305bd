import type { BackgroundJobs } from "./background-jobs.ts";
import type { FaultSet } from "./fault-set.ts";
import type { Infrastructure } from "./infrastructure.ts";
import type { DomainJobs, Workers } from "./jobs.ts";
import type { ProcedureName } from "./procedure-numbers.ts";
import type { Release } from "./shape.ts";
import type { World } from "./world.ts";

/**
 * How the daemon lets somebody in. `root`: who asks AUTH_LIST is in, as uid 0 on a socket with polkit;
 * `polkit`: AUTH_POLKIT is wanted, as from everybody else; `none`: no authentication is configured.
 */
export type Authentication = "root" | "polkit" | "none";

/** The host that the daemon tells of. */
export interface SimulatedHost {
  readonly name: string;
  readonly memoryKiB: number;
  readonly sockets: number;
  readonly coresPerSocket: number;
  readonly threadsPerCore: number;
  readonly mhz: number;
}

/** What the simulator has counted since it began. */
export interface SimulatorStats {
  connections: number;
  /** Calls by procedure. */
  readonly calls: Partial<Record<ProcedureName, number>>;
  /** Calls of procedures that it does not know. */
  unknownCalls: number;
  domainsStarted: number;
  domainsStopped: number;
  eventsSent: number;
  pingsSent: number;
  bytesSent: number;
}

/** What all connections share. */
export interface Daemon {
  readonly world: World;
  readonly release: Release;
  readonly authentication: Authentication;
  readonly host: SimulatedHost;
  readonly infrastructure: Infrastructure;
  readonly faults: FaultSet;
  /** A restarted daemon begins with new ones. */
  jobs: DomainJobs;
  workers: Workers;
  readonly backgroundJobs: BackgroundJobs;
  readonly stats: SimulatorStats;
  /** Number of the next event callback. */
  nextCallback: number;
}
