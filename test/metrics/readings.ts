import type { Instant } from "../../src/clock.ts";
import type { Integer } from "../../src/integer.ts";
import type { AgentReading } from "../../src/metrics/agent-meter.ts";
import { DOMAIN_ROWS } from "../../src/metrics/definitions.ts";
import { DomainMeter, type DomainMeterOptions } from "../../src/metrics/domain-meter.ts";
import type { HistogramPoint, MetricPoints, NumberPoint, ResourcePoints } from "../../src/metrics/points.ts";
import type { DomainReading, HypervisorReading, NicDescription } from "../../src/readings/domain.ts";
import { createStatisticsReader } from "../../src/readings/read-statistics.ts";

/** Fields as `virsh domstats --raw` names them. */
export type Fields = Readonly<Record<string, Integer | boolean | string>>;

/** The host's wall clock at second 0 of the tests. */
export const EPOCH_NS = 1_800_000_000_000_000_000n;
/** When the tests' QEMU processes started. */
export const PROCESS_START_NS = EPOCH_NS - 1_000_000_000_000n;

/** A moment this many seconds into the test. */
export function second(seconds: number): Instant {
  return { wallNs: secondNs(seconds), monotonicMs: seconds * 1000 };
}

export function secondNs(seconds: number): bigint {
  return EPOCH_NS + BigInt(Math.round(seconds * 1000)) * 1_000_000n;
}

const reader = createStatisticsReader();

/** A domain's reading of these fields, read at `at`; everything else can be given in `rest`. */
export function domainReading(fields: Fields, at: Instant, rest: Partial<DomainReading> = {}): DomainReading {
  const parameters = Object.entries(fields).map(([field, value]) => ({ field, value }));
  const statistics = reader.read(parameters, at);
  const uuid = rest.uuid ?? "11111111-2222-3333-4444-555555555555";
  return {
    uuid,
    name: "web1",
    id: 1,
    description: undefined,
    process: { pid: 4242, startedAtNs: PROCESS_START_NS },
    statistics,
    lastKnown: rest.statistics ?? statistics,
    ...rest,
  };
}

/** The XML's part of a domain with these interfaces. */
export function description(
  nics: readonly Partial<NicDescription>[],
): NonNullable<DomainReading["description"]> {
  return {
    uuid: "11111111-2222-3333-4444-555555555555",
    name: "web1",
    nics: nics.map((nic, number) => ({
      number,
      mac: undefined,
      type: undefined,
      target: undefined,
      alias: undefined,
      ...nic,
    })),
    disks: [],
    openstack: undefined,
    balloonPeriodS: undefined,
  };
}

/** An agent that has done nothing yet. */
export const IDLE_AGENT: AgentReading = {
  at: second(0),
  sources: [],
  skippedCycles: 0,
  collectionDurations: new Map(),
  libvirtCalls: new Map(),
  unknownFields: [],
  destinations: [],
  cpuUserUs: 0,
  cpuSystemUs: 0,
  memoryBytes: 0,
};

export const HYPERVISOR = { hostName: "kvm7", hostId: "0123456789abcdef0123456789abcdef" };

/** `listedAt` is when the first domain's statistics were read unless given. */
export function hypervisorReading(
  domains: readonly DomainReading[],
  listedAt: Instant = firstReadAt(domains),
): HypervisorReading {
  return { identity: HYPERVISOR, listedAt, domains, unknownFields: new Map(), stretch: 1, problems: [] };
}

function firstReadAt([first]: readonly DomainReading[]): Instant {
  return Object.values(first?.statistics.readAt ?? {})[0] ?? second(0);
}

/** A meter of every row, off ones included, with shortcuts for one domain. */
export class TestMeter {
  readonly meter: DomainMeter;

  constructor(options: DomainMeterOptions = {}) {
    this.meter = new DomainMeter({ rows: DOMAIN_ROWS, ...options });
  }

  /** The points of one domain, by metric. */
  read(fields: Fields, at: Instant, rest: Partial<DomainReading> = {}): TestPoints {
    return this.update(domainReading(fields, at, rest));
  }

  update(reading: DomainReading): TestPoints {
    return new TestPoints(this.meter.update(hypervisorReading([reading]))[0]);
  }
}

/** Points of one domain. */
export class TestPoints {
  readonly all: ResourcePoints | undefined;

  constructor(all: ResourcePoints | undefined) {
    // The meter writes into the same points again.
    this.all = all && {
      ...all,
      metrics: all.metrics.map(
        ({ metric, points }) => ({ metric, points: points.map(copyOf) }) as MetricPoints,
      ),
    };
  }

  get names(): string[] {
    return this.all?.metrics.map(({ metric }) => metric.name) ?? [];
  }

  numbers(name: string): NumberPoint[] {
    return this.#points(name).filter((point) => "value" in point);
  }

  histograms(name: string): HistogramPoint[] {
    return this.#points(name).filter((point) => "bounds" in point);
  }

  /** Values with their attributes, in order. */
  values(name: string): [Record<string, unknown>, Integer][] {
    return this.numbers(name).map(({ series, value }) => [{ ...series.attributes }, value]);
  }

  /** The value of a metric that has one point; undefined when it has none. */
  value(name: string): Integer | undefined {
    const points = this.numbers(name);
    if (points.length > 1) throw new Error(`${name} has ${points.length} points`);
    return points[0]?.value;
  }

  #points(name: string): (NumberPoint | HistogramPoint)[] {
    return [...(this.all?.metrics.find(({ metric }) => metric.name === name)?.points ?? [])];
  }
}

/** With what a live point tells through getters. */
function copyOf(point: NumberPoint | HistogramPoint): NumberPoint | HistogramPoint {
  if ("bounds" in point) return { ...point };
  const { series, timeNs, startTimeNs, value } = point;
  return { ...point, series, timeNs, startTimeNs, value };
}
