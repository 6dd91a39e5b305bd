import type { Instant } from "../clock.ts";
import type { Integer } from "../integer.ts";
import { AGENT_METRICS } from "./definitions.ts";
import { DeltaSeries } from "./delta-series.ts";
import { advance, begunBy, LiveSeries, startBefore } from "./live-series.ts";
import type {
  Attributes,
  MetricDescriptor,
  MetricPoints,
  NumberPoint,
  Resource,
  ResourcePoints,
  Temporality,
} from "./points.ts";
import { type AgentIdentity, agentResource, attributesKey, type ResourceOptions } from "./resources.ts";
import { CONVERSIONS } from "./units.ts";

type AgentRow = (typeof AGENT_METRICS)[number];
type AgentMetricName = AgentRow["name"];
type AttributeOf<Name extends AgentMetricName> = Extract<
  AgentRow,
  { readonly name: Name }
>["attributes"][number];

const SOURCE_STATES = ["ok", "partial", "failed"] as const;

/** What became of one source in the last cycle. */
export interface SourceReport {
  readonly source: string;
  readonly state: (typeof SOURCE_STATES)[number];
  readonly durationS: number;
}

/** One destination's account since the agent started. */
export interface DestinationReport {
  readonly name: string;
  readonly exportedPoints: number;
  /** By reason. */
  readonly droppedPoints: ReadonlyMap<string, number>;
}

/** What the agent knows of itself at one moment; counts are since its start where nothing else is said. */
export interface AgentReading {
  readonly at: Instant;
  readonly sources: readonly SourceReport[];
  readonly skippedCycles: number;
  /** By libvirt's procedure: calls by outcome, and the duration of the last one. */
  readonly libvirtCalls: ReadonlyMap<
    string,
    { readonly calls: Readonly<Record<string, number>>; readonly lastDurationMs: number }
  >;
  /** Of each reading of this cycle: unknown fields with how often each was met. */
  readonly unknownFields: readonly ReadonlyMap<string, number>[];
  readonly destinations: readonly DestinationReport[];
  readonly cpuUserUs: number;
  readonly cpuSystemUs: number;
  readonly memoryBytes: number;
}

/** Options of the agent's own metrics. */
export interface AgentMeterOptions {
  readonly agent: AgentIdentity;
  /** When this process started, nanoseconds since the epoch: all its counters begin there. */
  readonly startedAtNs: bigint;
  readonly rows?: readonly { readonly name: string }[];
  /** Of counters; cumulative unless given. */
  readonly temporality?: Temporality | undefined;
  readonly resource?: ResourceOptions;
}

/** Different unknown fields that are told apart in the life of an agent; all others are counted together. */
export const UNKNOWN_FIELD_LIMIT = 200;
/** The agent counts in the metrics' own units. */
const AS_IT_IS = CONVERSIONS.ratio;
const OTHER_FIELDS = "(others)";

/** Takes one value of a metric, with the attributes that the table gives it. */
type Teller = <Name extends AgentMetricName>(
  name: Name,
  attributes: Readonly<Record<AttributeOf<Name>, string>>,
  value: Integer,
) => void;

/** Turns what the agent knows of itself into points of its own resource. */
export class AgentMeter {
  readonly #resource: Resource;
  readonly #startedAtNs: bigint;
  readonly #metrics: ReadonlyMap<string, MetricDescriptor & { readonly kind: AgentRow["kind"] }>;
  readonly #series = new Map<string, LiveSeries>();
  readonly #unknownFields = new Map<string, number>();

  constructor({ agent, startedAtNs, rows = AGENT_METRICS, temporality, resource }: AgentMeterOptions) {
    const wanted = new Set(rows.map((row) => row.name));
    this.#resource = { attributes: agentResource(agent, resource) };
    this.#startedAtNs = startedAtNs;
    this.#metrics = new Map(
      AGENT_METRICS.filter((row) => wanted.has(row.name)).map(
        ({ name, kind, unit, description, valueType }) => [
          name,
          {
            name,
            kind,
            unit,
            description,
            valueType,
            ...(kind === "counter" && temporality === "delta" && { temporality }),
          },
        ],
      ),
    );
  }

  /** The agent's points at this moment. */
  update(reading: AgentReading): ResourcePoints {
    this.#countUnknownFields(reading.unknownFields);
    const points = new Map<string, NumberPoint[]>();
    const timeNs = reading.at.wallNs;
    tell(reading, this.#unknownFields, (name, attributes, value) => {
      const metric = this.#metrics.get(name);
      if (metric === undefined) return;
      const point = this.#pointOf(metric, attributes, { value, timeNs });
      if (point === undefined) return;
      const known = points.get(name);
      if (known === undefined) points.set(name, [point]);
      else known.push(point);
    });
    const metrics: MetricPoints[] = [];
    for (const [name, metric] of this.#metrics) {
      const made = points.get(name);
      if (made !== undefined) metrics.push({ metric, points: made });
    }
    return { resource: this.#resource, metrics };
  }

  #pointOf(
    { name, kind, temporality }: MetricDescriptor,
    attributes: Attributes,
    { value, timeNs }: { readonly value: Integer; readonly timeNs: bigint },
  ): NumberPoint | undefined {
    const key = `${name} ${attributesKey(attributes)}`;
    if (temporality === "delta")
      return this.#deltaSeries(key, name, attributes).next(value, timeNs, AS_IT_IS);
    const startTimeNs = kind === "gauge" ? undefined : startBefore(timeNs, this.#startedAtNs);
    const known = this.#series.get(key) ?? new LiveSeries(attributes, startTimeNs);
    const series = kind === "counter" ? advance(known, value, timeNs) : begunBy(timeNs, known);
    this.#series.set(key, series);
    return series.at(timeNs, value);
  }

  /** All that this process counts began with it, so that a first value is a delta too. */
  #deltaSeries(key: string, name: string, attributes: Attributes): DeltaSeries {
    const known = this.#series.get(key);
    if (known instanceof DeltaSeries) return known;
    const series = new DeltaSeries(name, attributes, { startNs: this.#startedAtNs, told: undefined });
    this.#series.set(key, series);
    return series;
  }

  #countUnknownFields(readings: readonly ReadonlyMap<string, number>[]): void {
    const totals = this.#unknownFields;
    for (const fields of readings) {
      for (const [field, count] of fields) {
        const name = totals.has(field) || totals.size < UNKNOWN_FIELD_LIMIT ? field : OTHER_FIELDS;
        totals.set(name, (totals.get(name) ?? 0) + count);
      }
    }
  }
}

function tell(reading: AgentReading, unknownFields: ReadonlyMap<string, number>, value: Teller): void {
  for (const { source, state, durationS } of reading.sources) {
    value("kvmeter.source.duration", { "kvmeter.source": source }, durationS);
    for (const name of SOURCE_STATES) {
      const attributes = { "kvmeter.source": source, "kvmeter.source.state": name };
      value("kvmeter.source.status", attributes, name === state ? 1 : 0);
    }
  }
  value("kvmeter.cycles.skipped", {}, reading.skippedCycles);
  for (const [procedure, { calls, lastDurationMs }] of reading.libvirtCalls) {
    for (const [outcome, count] of Object.entries(calls)) {
      if (count === 0) continue;
      const attributes = { "rpc.method": procedure, "kvmeter.libvirt.outcome": outcome };
      value("kvmeter.libvirt.calls", attributes, count);
    }
    value("kvmeter.libvirt.call.duration", { "rpc.method": procedure }, lastDurationMs / 1000);
  }
  for (const [field, count] of unknownFields) {
    value("kvmeter.libvirt.unknown_fields", { "libvirt.field": field }, count);
  }
  for (const { name, exportedPoints, droppedPoints } of reading.destinations) {
    value("otel.sdk.exporter.metric_data_point.exported", { "otel.component.name": name }, exportedPoints);
    for (const [reason, count] of droppedPoints) {
      const attributes = { "kvmeter.destination": name, "kvmeter.drop.reason": reason };
      value("kvmeter.dropped.data_points", attributes, count);
    }
  }
  value("process.cpu.time", { "cpu.mode": "user" }, reading.cpuUserUs / 1e6);
  value("process.cpu.time", { "cpu.mode": "system" }, reading.cpuSystemUs / 1e6);
  value("process.memory.usage", {}, reading.memoryBytes);
}
