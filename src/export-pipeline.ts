import { systemClock } from "./clock.ts";
import type { Configuration, DestinationConfiguration } from "./config/configuration.ts";
import type { Logger } from "./log.ts";
import { AgentMeter, type AgentReading } from "./metrics/agent-meter.ts";
import {
  AGENT_METRICS,
  DOMAIN_ROWS,
  HOST_ROWS,
  HYPERVISOR_METRICS,
  INVENTORY_METRICS,
} from "./metrics/definitions.ts";
import {
  decodeDeltas,
  type DeltaStore,
  encodeDeltas,
  type LiveDeltas,
  stillTold,
  type ToldDeltas,
} from "./metrics/delta-store.ts";
import { DomainMeter } from "./metrics/domain-meter.ts";
import { HostMeter } from "./metrics/host-meter.ts";
import { HypervisorMeter } from "./metrics/hypervisor-meter.ts";
import { InventoryMeter } from "./metrics/inventory-meter.ts";
import { SCOPES } from "./metrics/plan.ts";
import type { ResourcePoints, Temporality } from "./metrics/points.ts";
import type { AgentIdentity, ResourceOptions } from "./metrics/resources.ts";
import type { ToldRow } from "./metrics/rows.ts";
import { selectRows } from "./metrics/selection.ts";
import { cutRequests } from "./otlp/batch.ts";
import type { Destination } from "./otlp/destination.ts";
import { encodeCycle } from "./otlp/encode.ts";
import type { StateStore } from "./otlp/queue/contract.ts";
import { createQueuedDestination } from "./otlp/queued-destination.ts";
import { kvmeterScope, type Scope } from "./otlp/scope.ts";
import type { SourceOutcome } from "./poll.ts";
import type { HypervisorIdentity, HypervisorReading } from "./readings/domain.ts";
import type { HostReading } from "./readings/host.ts";
import type { ConnectionReading } from "./readings/hypervisor-facts.ts";
import type { StatisticsGroup } from "./readings/statistics-fields.ts";
import type { StatisticsScope } from "./readings/statistics.ts";
import { VERSION } from "./version.ts";

/** The host's name among the sources of deltas: no URI is called so. */
const HOST = "host";

/** As long as Prometheus shows a value that is not told again. */
const HOLDING_NS = 300_000_000_000n;

/** What a cycle brought. */
export interface Cycle {
  readonly outcomes: readonly SourceOutcome<HypervisorReading>[];
  /** Of every hypervisor of which anything is known. */
  readonly connections: readonly ConnectionReading[];
  /** Undefined where the host is not read, or could not be in this cycle. */
  readonly host: HostReading | undefined;
  readonly own: AgentReading;
}

/** The meters of one hypervisor. */
interface Meters {
  readonly domains: DomainMeter;
  readonly hypervisor: HypervisorMeter;
  readonly inventory: InventoryMeter;
}

/** What all destinations of a pipeline want. */
type Wishes = Pick<DestinationConfiguration, "identity" | "temporality" | "hostAttribute">;

interface PipelineOptions {
  readonly outlets: readonly Outlet[];
  readonly wishes: Wishes;
  readonly agent: AgentIdentity;
  readonly log: Logger;
  /** Where deltas' state is kept; undefined: in memory alone. */
  readonly deltaStore: DeltaStore | undefined;
}

/** A destination, with the size of request that it takes. */
interface Outlet {
  readonly destination: Destination;
  readonly requestLimitBytes: number;
}

/**
 * The way from readings to bytes for the destinations that want the same points: with the same identity mode,
 * temporality and resources. Each hypervisor has a meter of its own, since a VM on its way from one to the other is
 * for a while on both.
 */
export class ExportPipeline {
  /** Of its counters and histograms. */
  readonly temporality: Temporality;
  readonly #outlets: readonly Outlet[];
  readonly #createMeters: (source: string) => Meters;
  readonly #meters = new Map<string, Meters>();
  readonly #hostMeter: HostMeter;
  #hostReadAt: HostReading["statistics"]["readAt"] = {};
  readonly #agentMeter: AgentMeter;
  readonly #scope: Scope = kvmeterScope(VERSION);
  readonly #deltaStore: DeltaStore | undefined;
  /** Up to where an earlier run told, of hypervisors that have not been read in this one. */
  readonly #told: Map<string, ToldDeltas>;
  /** The meters of what was read in the last cycle, and what is known beside. */
  #last:
    | {
        readonly meters: readonly (DomainMeter | HostMeter)[];
        readonly others: readonly ResourcePoints[];
      }
    | undefined;

  constructor(configuration: Configuration, options: PipelineOptions) {
    const { outlets, wishes, agent, log, deltaStore } = options;
    const { identity, temporality, hostAttribute } = wishes;
    this.temporality = temporality;
    const resource: ResourceOptions = {
      serviceName: configuration.serviceName,
      attributes: configuration.resourceAttributes,
      identity,
      hostAttribute,
    };
    this.#outlets = outlets;
    this.#deltaStore = deltaStore;
    this.#told = new Map(loadDeltas(deltaStore, log));
    const startedAtNs = BigInt(Math.round(performance.timeOrigin)) * 1_000_000n;
    this.#createMeters = (source) => ({
      domains: new DomainMeter({
        rows: selectRows(DOMAIN_ROWS, configuration.metrics),
        temporality,
        told: this.#told.get(source),
        resource,
        onDuplicate: (domain, attributes) =>
          log.debug({ domain, attributes }, "left out: another thing of the domain has these attributes"),
      }),
      hypervisor: new HypervisorMeter({
        startedAtNs,
        rows: selectRows<ToldRow>(HYPERVISOR_METRICS, configuration.metrics),
        resource,
      }),
      inventory: new InventoryMeter({
        startedAtNs,
        rows: selectRows<ToldRow>(INVENTORY_METRICS, configuration.metrics),
        resource,
      }),
    });
    this.#hostMeter = new HostMeter({
      rows: selectRows(HOST_ROWS, configuration.metrics),
      temporality,
      told: this.#told.get(HOST),
      resource,
    });
    this.#agentMeter = new AgentMeter({
      agent,
      startedAtNs,
      rows: selectRows(AGENT_METRICS, configuration.metrics),
      temporality,
      resource,
    });
  }

  /** Its destinations. */
  get destinations(): readonly Destination[] {
    return this.#outlets.map(({ destination }) => destination);
  }

  /**
   * All that is known after the last cycle, what it did not read again included; undefined before the first. It is good
   * until the next one, which writes into it.
   */
  get points(): readonly ResourcePoints[] | undefined {
    if (this.#last === undefined) return undefined;
    const { meters, others } = this.#last;
    return [...meters.flatMap((meter) => meter.holding(HOLDING_NS)), ...others];
  }

  /**
   * Turns a cycle's readings into requests and hands them over. The state of the deltas is saved in the same turn of
   * the event loop, so that a store can keep the two together.
   */
  export({ outcomes, connections, host, own }: Cycle): void {
    const points: ResourcePoints[] = [];
    const meters: (DomainMeter | HostMeter)[] = [];
    for (const { source, reading } of outcomes) {
      // Not read is not gone: its meter waits, and nothing ends.
      if (reading === undefined) continue;
      const { domains } = this.#metersOf(source);
      meters.push(domains);
      const living = domains.update(reading);
      points.push(...domains.gone, ...domains.ended, ...living);
    }
    const others: ResourcePoints[] = [];
    const readings = new Map(outcomes.map(({ source, reading }) => [source, reading]));
    for (const connection of connections) {
      const { hypervisor, inventory } = this.#metersOf(connection.uri);
      const reading = readings.get(connection.uri);
      const living = hypervisor.update(connection, reading);
      const read = inventory.update(connection, reading?.inventory);
      points.push(...hypervisor.ended, living, ...inventory.ended, ...read);
      others.push(living, ...inventory.holding(connection));
    }
    if (host !== undefined) {
      const living = this.#hostMeter.update(this.#untold(host), nameByLibvirt(host, connections));
      this.#told.delete(HOST);
      points.push(...this.#hostMeter.ended, living);
      meters.push(this.#hostMeter);
    }
    const living = this.#agentMeter.update(own);
    points.push(...this.#agentMeter.ended, living);
    others.push(living);
    this.#last = { meters, others };
    if (this.#outlets.length === 0) return;
    const cycle = encodeCycle(points, this.#scope);
    for (const { destination, requestLimitBytes } of this.#outlets) {
      destination.deliver(cutRequests(cycle, requestLimitBytes));
    }
    this.#saveDeltas();
  }

  /** Lets every destination send what it still has, within so many milliseconds. */
  async close(timeoutMs: number): Promise<void> {
    await Promise.all(this.destinations.map((destination) => destination.close(timeoutMs)));
  }

  /** Without what was read in an earlier cycle and sent with it: some backends refuse what is older than what they have. */
  #untold(host: HostReading): HostReading {
    const { readAt, items } = host.statistics;
    const before = this.#hostReadAt;
    this.#hostReadAt = readAt;
    const isNew = (group: StatisticsGroup): boolean => readAt[group] !== before[group];
    const statistics = {
      readAt: Object.fromEntries(Object.entries(readAt).filter(([group]) => isNew(group as StatisticsGroup))),
      items: Object.fromEntries(
        Object.entries(items).filter(([scope]) => isNew(SCOPES[scope as StatisticsScope].group)),
      ),
    };
    return { ...host, statistics };
  }

  #saveDeltas(): void {
    if (this.#deltaStore === undefined) return;
    const all = new Map<string, LiveDeltas>();
    for (const [source, { domains }] of this.#meters) {
      if (domains.deltas === undefined) continue;
      this.#told.delete(source);
      all.set(source, domains.deltas);
    }
    for (const [source, told] of this.#told) all.set(source, stillTold(told));
    if (this.#hostMeter.deltas !== undefined) all.set(HOST, this.#hostMeter.deltas);
    this.#deltaStore.save(encodeDeltas(all));
  }

  #metersOf(source: string): Meters {
    let meters = this.#meters.get(source);
    if (meters === undefined) {
      meters = this.#createMeters(source);
      this.#meters.set(source, meters);
    }
    return meters;
  }
}

/** What the local libvirt calls this machine: its domains carry that name, and what describes their host must, too. */
export function nameByLibvirt(
  { identity: { hostId } }: HostReading,
  connections: readonly ConnectionReading[],
): HypervisorIdentity | undefined {
  if (hostId === undefined) return undefined;
  return connections.find(({ identity }) => identity.hostId === hostId)?.identity;
}

function loadDeltas(store: DeltaStore | undefined, log: Logger): ReturnType<typeof decodeDeltas> {
  const state = store?.load();
  if (state === undefined) return undefined;
  const told = decodeDeltas(state, systemClock.now().wallNs);
  if (told === undefined) log.warn({}, "The kept state of deltas is damaged: the first reading gives none");
  return told;
}

/** Keeps deltas beside the queues: what is put in the turn of the event loop of an append is written with it. */
function deltaStoreOf({ keyValue }: StateStore, key: string): DeltaStore {
  return { load: () => keyValue.get(key), save: (state) => keyValue.put(key, state) };
}

/**
 * One pipeline for each kind of points that destinations want. Who scrapes wants cumulative ones: where no destination
 * does, there is one for the local endpoint alone.
 */
export function createPipelines(
  configuration: Configuration,
  { log, store, agent }: Pick<PipelineOptions, "log" | "agent"> & { readonly store: StateStore },
): ExportPipeline[] {
  const takers = configuration.destinations.filter(({ signals }) => signals.includes("metrics"));
  const alike = Map.groupBy(takers, ({ identity, temporality, hostAttribute = "" }) =>
    [identity, temporality, hostAttribute].join(" ").trim(),
  );
  const pipelines = Array.from(alike, ([key, destinations]) => {
    const [wishes] = destinations as [DestinationConfiguration];
    const outlets = destinations.map((options) => ({
      destination: createQueuedDestination({
        ...options,
        log,
        queue: store.queue(options.name, options.queue),
      }),
      requestLimitBytes: options.requestLimitBytes,
    }));
    const deltaStore = wishes.temporality === "delta" ? deltaStoreOf(store, `deltas ${key}`) : undefined;
    return new ExportPipeline(configuration, { outlets, wishes, agent, log, deltaStore });
  });
  if (configuration.listen !== undefined && scrapedPipeline(pipelines) === undefined) {
    const wishes = { identity: "resource", temporality: "cumulative" } as const;
    pipelines.push(
      new ExportPipeline(configuration, { outlets: [], wishes, agent, log, deltaStore: undefined }),
    );
  }
  return pipelines;
}

/** The pipeline whose points the local endpoint shows. */
export function scrapedPipeline(pipelines: readonly ExportPipeline[]): ExportPipeline | undefined {
  return pipelines.find(({ temporality }) => temporality === "cumulative");
}
