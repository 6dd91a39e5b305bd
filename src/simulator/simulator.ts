import { createServer, type Server } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

import { systemClock, type Clock } from "../clock.ts";
import { type BackgroundJob, BackgroundJobs } from "./background-jobs.ts";
import { type Churn, Churner } from "./churner.ts";
import { Connection } from "./connection.ts";
import type { Authentication, Daemon, SimulatedHost, SimulatorStats } from "./daemon.ts";
import type { SimulatedDomain } from "./domain.ts";
import { SIMULATED_EVENTS, type SimulatedEvent } from "./events.ts";
import { FaultSet } from "./fault-set.ts";
import type { FaultSpec } from "./faults.ts";
import { infrastructureOf } from "./infrastructure.ts";
import { DomainJobs, Workers } from "./jobs.ts";
import { KEEPALIVE_DEFAULTS, type KeepaliveTiming } from "./keepalive.ts";
import { listen } from "./listen.ts";
import type { DomainShape, DomainSpec, Release } from "./shape.ts";
import { Lifecycle, World, summaryOf, type DomainSummary, type LifecycleEvent } from "./world.ts";

/** What to simulate. */
export interface SimulatorOptions {
  /** Where to listen; the folder must exist. */
  readonly socketPath: string;
  /** How many domains there are at the beginning; 12. */
  readonly domains?: number;
  /** Equal seeds and equal times give equal values; 1. */
  readonly seed?: number;
  readonly clock?: Clock;
  /** What every domain has in common; the rest comes from the seed. */
  readonly shape?: Partial<DomainShape>;
  readonly faults?: readonly FaultSpec[];
  /** `demo` has a domain that comes and goes; `still`, the default, leaves the domains alone. */
  readonly scenario?: "still" | "demo";
  /** Instead of what the scenario says. */
  readonly churn?: Churn;
  /** The libvirt that is simulated; 12.8. */
  readonly release?: Release;
  readonly authentication?: Authentication;
  readonly keepalive?: KeepaliveTiming;
}

/** A simulated libvirtd that listens. */
export interface Simulator {
  readonly socketPath: string;
  /** For any libvirt client: qemu+unix:///system?socket=… */
  readonly uri: string;
  readonly stats: Readonly<SimulatorStats>;
  domains(): DomainSummary[];
  /** Creates a domain and tells whoever registered for lifecycle events. */
  createDomain(spec?: DomainSpec): DomainSummary;
  /** Ends a domain and tells; false when there is none of this uuid. */
  destroyDomain(uuid: string): boolean;
  /** Tells whoever registered for it of an event of a domain; false when there is none of this uuid. */
  fire(uuid: string, event: SimulatedEvent): boolean;
  /** Begins a job on a domain, and tells of its end when that has come; false when there is no domain or it has a job. */
  beginJob(uuid: string, job: BackgroundJob): boolean;
  addFault(fault: FaultSpec): void;
  /** Ends the faults that equal this one, or all. */
  clearFault(fault?: FaultSpec): void;
  /** Drops every connection and is away for a while; the domains live on. */
  restart(awayMs?: number): Promise<void>;
  /** Drops every connection and removes the socket. */
  stop(): Promise<void>;
}

const DEMO_CHURN: Churn = { everyS: 8, livesS: 5 };
const CHURN_LIFE_S = 0.2;
const RESTART_MS = 200;
const DETAILS = { [Lifecycle.started]: 0, [Lifecycle.stopped]: 1 } as const;

/**
 * Starts a simulated libvirtd on a unix socket.
 * @throws KvmeterError LISTEN when the socket cannot be listened on
 */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const simulator = new SimulatedLibvirtd(options);
  await simulator.start();
  return simulator;
}

class SimulatedLibvirtd implements Simulator {
  readonly socketPath: string;
  readonly #options: SimulatorOptions;
  readonly #daemon: Daemon;
  readonly #connections = new Set<Connection>();
  readonly #stopping = new AbortController();
  readonly #timers = new Map<FaultSpec, NodeJS.Timeout>();
  readonly #churners = new Map<FaultSpec | "scenario", Churner>();
  #server: Server;
  #restarting: Promise<void> | undefined;
  #churned = 0;

  constructor(options: SimulatorOptions) {
    this.socketPath = options.socketPath;
    this.#options = options;
    const { domains = 12, seed = 1, clock = systemClock, shape = {}, release = "12.8" } = options;
    const world = new World({ domains, seed, clock, shape });
    world.onLifecycle = (domain, event) => this.#tell(domain, event);
    this.#daemon = {
      world,
      release,
      authentication: options.authentication ?? "root",
      host: hostFor(world),
      infrastructure: infrastructureOf(seed),
      faults: new FaultSet(),
      jobs: new DomainJobs(),
      workers: new Workers(),
      backgroundJobs: new BackgroundJobs(),
      stats: {
        connections: 0,
        calls: {},
        unknownCalls: 0,
        domainsStarted: 0,
        domainsStopped: 0,
        eventsSent: 0,
        pingsSent: 0,
        bytesSent: 0,
      },
      nextCallback: 0,
    };
    this.#server = this.#makeServer();
  }

  get uri(): string {
    return `qemu+unix:///system?socket=${encodeURIComponent(this.socketPath).replaceAll("%2F", "/")}`;
  }

  get stats(): Readonly<SimulatorStats> {
    return this.#daemon.stats;
  }

  async start(): Promise<void> {
    await listen(this.#server, this.socketPath);
    for (const fault of this.#options.faults ?? []) this.addFault(fault);
    const churn = this.#options.churn ?? (this.#options.scenario === "demo" ? DEMO_CHURN : undefined);
    if (churn !== undefined) this.#churners.set("scenario", this.#churn(churn));
  }

  domains(): DomainSummary[] {
    return [...this.#daemon.world.domains].map(summaryOf);
  }

  createDomain(spec: DomainSpec = {}): DomainSummary {
    return summaryOf(this.#daemon.world.create(spec));
  }

  destroyDomain(uuid: string): boolean {
    return this.#daemon.world.destroy(uuid);
  }

  fire(uuid: string, event: SimulatedEvent): boolean {
    const domain = this.#daemon.world.get(uuid);
    if (domain === undefined) return false;
    for (const connection of this.#connections) connection.sendEvent(domain, event);
    return true;
  }

  beginJob(uuid: string, job: BackgroundJob): boolean {
    const { world, backgroundJobs } = this.#daemon;
    if (world.get(uuid) === undefined || !backgroundJobs.begin(uuid, job)) return false;
    setTimeout(() => {
      const figures = backgroundJobs.end(uuid);
      if (job.endsSilently !== true) this.fire(uuid, SIMULATED_EVENTS.jobCompleted(figures));
    }, job.lastsMs).unref();
    return true;
  }

  addFault(fault: FaultSpec): void {
    // A copy, so that the same one can be on twice.
    const active = { ...fault };
    this.#daemon.faults.add(active);
    if (active.kind === "churn") {
      this.#churners.set(active, this.#churn({ everyS: 1 / active.perSecond, livesS: CHURN_LIFE_S }));
    }
    if (active.kind !== "restart") return;
    this.#timers.set(
      active,
      setInterval(() => void this.restart(active.awayMs), active.everyMs),
    );
  }

  clearFault(fault?: FaultSpec): void {
    for (const cleared of this.#daemon.faults.clear(fault)) {
      clearInterval(this.#timers.get(cleared));
      this.#timers.delete(cleared);
      this.#churners.get(cleared)?.stop();
      this.#churners.delete(cleared);
    }
  }

  restart(awayMs = RESTART_MS): Promise<void> {
    this.#restarting ??= this.#restart(awayMs).finally(() => {
      this.#restarting = undefined;
    });
    return this.#restarting;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const timer of this.#timers.values()) clearInterval(timer);
    this.#timers.clear();
    for (const churner of this.#churners.values()) churner.stop();
    this.#churners.clear();
    await this.#restarting;
    await this.#close();
    this.#daemon.faults.clear();
  }

  async #restart(awayMs: number): Promise<void> {
    const { signal } = this.#stopping;
    await this.#close();
    this.#daemon.jobs = new DomainJobs();
    this.#daemon.workers = new Workers();
    await sleep(awayMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    this.#server = this.#makeServer();
    await listen(this.#server, this.socketPath);
  }

  /** Node removes the socket's file with the server. */
  async #close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    for (const connection of this.#connections) connection.destroy();
    await closed;
  }

  #makeServer(): Server {
    return createServer((socket) => {
      const connection = new Connection(socket, this.#daemon, this.#options.keepalive ?? KEEPALIVE_DEFAULTS);
      this.#daemon.stats.connections += 1;
      this.#connections.add(connection);
      socket.on("close", () => this.#connections.delete(connection));
    });
  }

  #tell({ name, uuid, uuidBytes, id }: SimulatedDomain, event: LifecycleEvent): void {
    const { stats } = this.#daemon;
    if (event === Lifecycle.started) stats.domainsStarted += 1;
    else stats.domainsStopped += 1;
    const domain = { name, uuid, uuidBytes, id: event === Lifecycle.stopped ? -1 : id };
    const told = SIMULATED_EVENTS.lifecycle(event, DETAILS[event]);
    for (const connection of this.#connections) connection.sendEvent(domain, told);
  }

  #churn(churn: Churn): Churner {
    return new Churner(
      churn,
      () => {
        this.#churned += 1;
        return this.createDomain({ name: `job-${this.#churned}`, workload: "batch" }).uuid;
      },
      (uuid) => void this.destroyDomain(uuid),
    );
  }
}

/** A host that is large enough for its domains, in powers of two. */
function hostFor(world: World): SimulatedHost {
  let memoryKiB = 0;
  let vcpus = 0;
  for (const { shape } of world.domains) {
    memoryKiB += shape.memoryKiB;
    vcpus += shape.vcpus;
  }
  return {
    name: "simulated-host",
    memoryKiB: powerOfTwo(67_108_864, memoryKiB * 1.1),
    sockets: 2,
    coresPerSocket: powerOfTwo(16, vcpus / 6),
    threadsPerCore: 2,
    mhz: 2600,
  };
}

function powerOfTwo(least: number, wanted: number): number {
  return Math.max(least, 2 ** Math.ceil(Math.log2(Math.max(1, wanted))));
}
