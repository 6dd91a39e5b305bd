import { KvmeterError, messageOf } from "../errors.ts";
import { parseLibvirtUri } from "../libvirt/uri.ts";
import { DOMAIN_ROWS, HOST_ROWS, HYPERVISOR_METRICS } from "../metrics/definitions.ts";
import { DomainMeter } from "../metrics/domain-meter.ts";
import { HostMeter } from "../metrics/host-meter.ts";
import { HypervisorMeter } from "../metrics/hypervisor-meter.ts";
import type { MetricPoints } from "../metrics/points.ts";
import type { SourceOutcome } from "../poll.ts";
import type { DomainReading, HypervisorReading } from "../readings/domain.ts";
import type { HostReading } from "../readings/host.ts";
import type { ConnectionReading, HypervisorFacts } from "../readings/hypervisor-facts.ts";
import type { StatisticsGroup } from "../readings/statistics-fields.ts";
import type { WantedRows } from "../sources.ts";
import { isShown, STATE_METRICS } from "./figures.ts";
import { Subject } from "./subject.ts";
import { takePoints } from "./take-points.ts";
import { TopDomain } from "./top-domain.ts";

/** The rows of the catalogue that the screen is made of. */
export const TOP_ROWS = {
  domain: DOMAIN_ROWS.filter(({ name }) => isShown(name)),
  host: HOST_ROWS.filter(({ name }) => isShown(name)),
  hypervisor: HYPERVISOR_METRICS.filter(({ name }) => isShown(name)),
  inventory: [],
} as const satisfies WantedRows;

/** What a refresh brought. */
export interface Refresh {
  readonly outcomes: readonly SourceOutcome<HypervisorReading>[];
  /** Of every hypervisor of which anything is known. */
  readonly connections: readonly ConnectionReading[];
  /** Of this machine; undefined where it is not read, or could not be in this refresh. */
  readonly host?: HostReading | undefined;
}

/** One hypervisor, as the head of the screen shows it. */
export interface TopHost {
  readonly uri: string;
  /** What libvirt calls its machine; the URI as long as it has not been reached. */
  readonly name: string;
  /** Undefined before it was reached for the first time. */
  readonly facts: HypervisorFacts | undefined;
  readonly whole: Subject;
  /** The machine itself, as its kernel tells; undefined where it is not this one. */
  readonly machine: Subject | undefined;
  /** How many domains are in each state, none left out; undefined where one is not known. */
  readonly states: ReadonlyMap<string, number> | undefined;
  /** Why it could not be read, or what of it could not; empty when all was well. */
  readonly problems: readonly string[];
  readonly isInSight: boolean;
}

interface Hypervisor {
  readonly domainMeter: DomainMeter;
  readonly meter: HypervisorMeter;
  domains: Map<string, TopDomain>;
  host: TopHost;
}

/**
 * With so many VMs the past of all their parts is kept, so that whoever opens one sees its last minutes. With more it
 * would cost more than all else together; there it begins when a VM is opened.
 */
const PARTS_UP_TO = 200;

const COLLATOR = new Intl.Collator("en", { numeric: true });

/**
 * What the screen shows, from the same readings and by the same rows as what the agent exports: counters are told as
 * deltas, and a rate is a delta by its time.
 */
export class TopModel {
  readonly #hypervisors = new Map<string, Hypervisor>();
  readonly #machine = new Subject("host");
  readonly #machineMeter = new HostMeter({ rows: TOP_ROWS.host, temporality: "delta" });
  #machineProblems: readonly string[] = [];
  #domains: readonly TopDomain[] = [];

  /** All VMs by name, web2 before web10. */
  get domains(): readonly TopDomain[] {
    return this.#domains;
  }

  get hosts(): readonly TopHost[] {
    return Array.from(this.#hypervisors.values(), ({ host }) => host);
  }

  /** What of this machine could not be read, and why; empty when all was well. */
  get machineProblems(): readonly string[] {
    return this.#machineProblems;
  }

  /** Takes a refresh. A hypervisor that could not be read keeps its rows, without values. */
  update({ outcomes, connections, host }: Refresh): void {
    this.#updateMachine(host);
    const count = outcomes.reduce((sum, { reading }) => sum + (reading?.domains.length ?? 0), 0);
    const withParts = count <= PARTS_UP_TO;
    for (const outcome of outcomes) {
      const connection = connections.find(({ uri }) => uri === outcome.source);
      const hypervisor = this.#hypervisor(outcome.source);
      if (isLate(outcome)) {
        // Its reading goes on and is the next refresh's; what is shown is as old as that, and no older.
        hypervisor.host = { ...hypervisor.host, problems: [messageOf(outcome.error)] };
        continue;
      }
      updateHost(hypervisor, connection, outcome);
      const { source: uri, reading } = outcome;
      if (reading === undefined) for (const domain of hypervisor.domains.values()) domain.loseSight();
      else updateDomains(hypervisor, { uri, reading, withParts });
    }
    this.#domains = Array.from(this.#hypervisors.values(), ({ domains }) => [...domains.values()])
      .flat()
      .toSorted((a, b) => COLLATOR.compare(a.name, b.name));
  }

  #hypervisor(uri: string): Hypervisor {
    let known = this.#hypervisors.get(uri);
    if (known === undefined) {
      const startedAtNs = BigInt(Math.round(performance.timeOrigin)) * 1_000_000n;
      known = {
        domainMeter: new DomainMeter({ rows: TOP_ROWS.domain, temporality: "delta" }),
        meter: new HypervisorMeter({ startedAtNs, rows: TOP_ROWS.hypervisor }),
        domains: new Map(),
        host: unknownHost(uri, parseLibvirtUri(uri).transport === "unix" ? this.#machine : undefined),
      };
      this.#hypervisors.set(uri, known);
    }
    return known;
  }

  #updateMachine(host: HostReading | undefined): void {
    this.#machine.clear();
    this.#machineProblems = (host?.problems ?? []).map(messageOf);
    if (host !== undefined) takePoints(this.#machineMeter.update(host), this.#machine);
  }
}

/**
 * What of a domain is as it was when it was read last: the groups that were not read in this cycle. Of one that does not
 * run or does not answer nothing is.
 */
function dueIn({ id, statistics: { readAt, items } }: DomainReading): (group: StatisticsGroup) => boolean {
  const isWell = id >= 0 && items.control === undefined;
  return (group) => !isWell || group === "control" || readAt[group] !== undefined;
}

function countsByState(points: MetricPoints["points"]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const point of points) {
    const state = String(point.series.attributes["libvirt.domain.state"]);
    if ("value" in point && point.value > 0) counts.set(state, Number(point.value));
  }
  return counts;
}

function isLate({ error }: SourceOutcome<HypervisorReading>): boolean {
  return error instanceof KvmeterError && error.code === "SOURCE_DEADLINE";
}

function unknownHost(uri: string, machine: Subject | undefined): TopHost {
  return {
    uri,
    name: uri,
    facts: undefined,
    whole: new Subject("host"),
    machine,
    states: undefined,
    problems: [],
    isInSight: false,
  };
}

function updateHost(
  hypervisor: Hypervisor,
  connection: ConnectionReading | undefined,
  { error, reading }: SourceOutcome<HypervisorReading>,
): void {
  const { whole, machine, uri, name, facts } = hypervisor.host;
  whole.clear();
  const points = connection && hypervisor.meter.update(connection, reading);
  if (points !== undefined) takePoints(points, whole);
  const counts = points?.metrics.find(({ metric }) => metric.name === STATE_METRICS.count)?.points ?? [];
  hypervisor.host = {
    uri,
    name: connection?.identity.hostName ?? name,
    facts: connection?.facts ?? facts,
    whole,
    machine,
    states: counts.length === 0 ? undefined : countsByState(counts),
    problems: (error === undefined ? (reading?.problems ?? []) : [error]).map(messageOf),
    isInSight: reading !== undefined,
  };
}

function updateDomains(
  hypervisor: Hypervisor,
  {
    uri,
    reading,
    withParts,
  }: { readonly uri: string; readonly reading: HypervisorReading; readonly withParts: boolean },
): void {
  const points = new Map(
    hypervisor.domainMeter
      .update(reading)
      .map((each) => [each.resource.attributes["libvirt.domain.uuid"], each]),
  );
  const host = reading.identity.hostName;
  const before = hypervisor.domains;
  const now = new Map<string, TopDomain>();
  for (const domain of reading.domains) {
    const { uuid, name, id } = domain;
    const refresh = { name, id, host, points: points.get(uuid), isDue: dueIn(domain), withParts };
    const known = before.get(uuid);
    known?.update(refresh);
    now.set(uuid, known ?? new TopDomain(uuid, uri, refresh));
  }
  hypervisor.domains = now;
}
