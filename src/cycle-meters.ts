import type { Configuration, DestinationConfiguration } from "./config/configuration.ts";
import type { Logger } from "./log.ts";
import { AgentMeter, type AgentReading } from "./metrics/agent-meter.ts";
import { AGENT_METRICS } from "./metrics/definitions.ts";
import { type LiveDeltas, stillTold, type ToldDeltas } from "./metrics/delta-store.ts";
import { DomainMeter } from "./metrics/domain-meter.ts";
import { HostMeter, nameByLibvirt } from "./metrics/host-meter.ts";
import { HypervisorMeter } from "./metrics/hypervisor-meter.ts";
import { InventoryMeter } from "./metrics/inventory-meter.ts";
import type { ResourcePoints } from "./metrics/points.ts";
import type { AgentIdentity, ResourceOptions } from "./metrics/resources.ts";
import type { ToldRow } from "./metrics/rows.ts";
import { selectRows } from "./metrics/selection.ts";
import type { SourceOutcome } from "./poll.ts";
import type { HypervisorReading } from "./readings/domain.ts";
import type { HostReading } from "./readings/host.ts";
import type { ConnectionReading } from "./readings/hypervisor-facts.ts";
import { selectedRows } from "./sources.ts";

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

/** What all destinations of a pipeline want. */
export type Wishes = Pick<DestinationConfiguration, "identity" | "temporality" | "hostAttribute">;

export interface CycleMetersOptions {
  readonly wishes: Wishes;
  readonly agent: AgentIdentity;
  readonly log: Logger;
  /** Up to where an earlier run told deltas, by source. */
  readonly told: ReadonlyMap<string, ToldDeltas> | undefined;
}

/** The meters of one hypervisor. */
interface Meters {
  readonly domains: DomainMeter;
  readonly hypervisor: HypervisorMeter;
  readonly inventory: InventoryMeter;
}

/**
 * Turns what a cycle brought into points. Each hypervisor has meters of its own, since a VM on its way from one to the
 * other is for a while on both.
 *
 * Points are given in an order that Prometheus takes, however they are cut into requests: for each resource its first
 * time is not before its last time of the cycle before, nor that of the entry before.
 */
export class CycleMeters {
  readonly #createMeters: (source: string) => Meters;
  readonly #meters = new Map<string, Meters>();
  readonly #host: HostMeter;
  readonly #agent: AgentMeter;
  /** Up to where an earlier run told, of sources that have not been read in this one. */
  readonly #told: Map<string, ToldDeltas>;
  /** What is known of each that was told of in the last cycle. */
  #known: (() => readonly ResourcePoints[])[] | undefined;

  constructor(configuration: Configuration, { wishes, agent, log, told }: CycleMetersOptions) {
    const { identity, temporality, hostAttribute } = wishes;
    const { serviceName, resourceAttributes: attributes, metrics } = configuration;
    const resource: ResourceOptions = { serviceName, attributes, identity, hostAttribute };
    const rows = selectedRows(metrics);
    const startedAtNs = BigInt(Math.round(performance.timeOrigin)) * 1_000_000n;
    this.#told = new Map(told);
    this.#createMeters = (source) => ({
      domains: new DomainMeter({
        rows: rows.domain,
        temporality,
        told: this.#told.get(source),
        resource,
        inOrder: true,
        onDuplicate: (domain, duplicate) =>
          log.debug(
            { domain, attributes: duplicate },
            "left out: another thing of the domain has these attributes",
          ),
      }),
      hypervisor: new HypervisorMeter({ startedAtNs, rows: rows.hypervisor, resource }),
      inventory: new InventoryMeter({ startedAtNs, rows: rows.inventory, resource }),
    });
    this.#host = new HostMeter({
      rows: rows.host,
      temporality,
      told: this.#told.get(HOST),
      resource,
      inOrder: true,
    });
    this.#agent = new AgentMeter({
      agent,
      startedAtNs,
      rows: selectRows<ToldRow>(AGENT_METRICS, metrics),
      temporality,
      resource,
    });
  }

  /** All points of a cycle. They hold until the next one, which writes into the same objects. */
  update({ outcomes, connections, host, own }: Cycle): readonly ResourcePoints[] {
    this.#known = [];
    const readings = new Map(outcomes.map(({ source, reading }) => [source, reading]));
    return [
      ...outcomes.flatMap(({ source, reading }) => this.#tellDomains(source, reading)),
      ...connections.flatMap((connection) => this.#tellHypervisor(connection, readings.get(connection.uri))),
      ...this.#tellHost(host, connections),
      ...this.#tellAgent(own),
    ];
  }

  /**
   * All that is known after the last cycle, what it did not read again included; undefined before the first. It is good
   * until the next one, which writes into it.
   */
  get known(): readonly ResourcePoints[] | undefined {
    return this.#known?.flatMap((known) => known());
  }

  /** Up to where deltas have been told, by source. */
  get deltas(): ReadonlyMap<string, LiveDeltas> {
    const all = new Map<string, LiveDeltas>();
    const meters = Array.from(this.#meters, ([source, { domains }]) => [source, domains] as const);
    for (const [source, { deltas }] of [...meters, [HOST, this.#host] as const]) {
      if (deltas === undefined) continue;
      this.#told.delete(source);
      all.set(source, deltas);
    }
    for (const [source, told] of this.#told) all.set(source, stillTold(told));
    return all;
  }

  /** Not read is not gone: without a reading nothing is said, and nothing ends. */
  #tellDomains(source: string, reading: HypervisorReading | undefined): readonly ResourcePoints[] {
    if (reading === undefined) return [];
    const { domains } = this.#metersOf(source);
    const living = domains.update(reading);
    this.#known?.push(() => domains.holding(HOLDING_NS));
    return [...domains.gone, ...living, ...domains.ended];
  }

  #tellHypervisor(
    connection: ConnectionReading,
    reading: HypervisorReading | undefined,
  ): readonly ResourcePoints[] {
    const { hypervisor, inventory } = this.#metersOf(connection.uri);
    const living = hypervisor.update(connection, reading);
    const read = inventory.update(connection, reading?.inventory);
    this.#known?.push(() => [living, ...inventory.holding(connection)]);
    return [living, ...hypervisor.ended, ...read, ...inventory.ended];
  }

  #tellHost(
    reading: HostReading | undefined,
    connections: readonly ConnectionReading[],
  ): readonly ResourcePoints[] {
    if (reading === undefined) return [];
    const living = this.#host.update(reading, nameByLibvirt(reading, connections));
    this.#known?.push(() => [this.#host.holding(HOLDING_NS)]);
    return [living, ...this.#host.ended];
  }

  #tellAgent(own: AgentReading): readonly ResourcePoints[] {
    const living = this.#agent.update(own);
    this.#known?.push(() => [living]);
    return [living, ...this.#agent.ended];
  }

  #metersOf(source: string): Meters {
    const meters = this.#meters.get(source) ?? this.#createMeters(source);
    this.#meters.set(source, meters);
    return meters;
  }
}
