import type { Instant } from "../clock.ts";
import { AGENT_METRICS } from "./definitions.ts";
import { type HistogramValue, SUCCESS } from "./operation-durations.ts";
import type { ResourcePoints, Temporality } from "./points.ts";
import { type AgentIdentity, agentResource, type ResourceOptions } from "./resources.ts";
import type { ToldRow } from "./rows.ts";
import { type TellerOf, ToldMeter } from "./told-meter.ts";

type Teller = TellerOf<(typeof AGENT_METRICS)[number]>;

const SOURCE_STATES = ["ok", "partial", "failed"] as const;

/** What tells of deliveries, by what is delivered. */
const DELIVERY_METRICS = {
  metrics: {
    exported: "otel.sdk.exporter.metric_data_point.exported",
    inFlight: "otel.sdk.exporter.metric_data_point.inflight",
    dropped: "kvmeter.dropped.data_points",
  },
  logs: {
    exported: "otel.sdk.exporter.log.exported",
    inFlight: "otel.sdk.exporter.log.inflight",
    dropped: "kvmeter.dropped.log_records",
  },
} as const;

/** What became of one source in the last cycle. */
export interface SourceReport {
  readonly source: string;
  readonly state: (typeof SOURCE_STATES)[number];
  readonly durationS: number;
  /** See HypervisorReading; undefined without a reading. */
  readonly stretch?: number | undefined;
}

/** One destination's account since the agent started, in data points or log records. */
export interface DestinationReport {
  readonly name: string;
  readonly signal: keyof typeof DELIVERY_METRICS;
  readonly exportedPoints: number;
  /** Of the request under way. */
  readonly inFlightPoints: number;
  /** Seconds, by error type. */
  readonly requestDurations: ReadonlyMap<string, HistogramValue>;
  /** What waits, the request under way included. */
  readonly queue: {
    readonly batches: number;
    readonly bytes: number;
    readonly limitBytes: number;
    /** 0 when nothing waits. */
    readonly oldestAgeMs: number;
  };
  /** By reason. */
  readonly droppedPoints: ReadonlyMap<string, number>;
}

/** What the agent knows of itself at one moment; counts are since its start where nothing else is said. */
export interface AgentReading {
  readonly at: Instant;
  readonly sources: readonly SourceReport[];
  readonly skippedCycles: number;
  /** Seconds that it took to read all sources, by error type. */
  readonly collectionDurations: ReadonlyMap<string, HistogramValue>;
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
  /** The rows to export; all unless given. */
  readonly rows?: readonly ToldRow[];
  /** Of counters; cumulative unless given. */
  readonly temporality?: Temporality | undefined;
  readonly resource?: ResourceOptions;
}

/** Different unknown fields that are told apart in the life of an agent; all others are counted together. */
export const UNKNOWN_FIELD_LIMIT = 200;
const OTHER_FIELDS = "(others)";

/** Turns what the agent knows of itself into points of its own resource. */
export class AgentMeter {
  readonly #meter: ToldMeter;
  readonly #unknownFields = new Map<string, number>();

  constructor({ agent, startedAtNs, rows = AGENT_METRICS, temporality, resource }: AgentMeterOptions) {
    this.#meter = new ToldMeter({ rows, startedAtNs, temporality, identity: resource?.identity });
    this.#meter.resource = agentResource(agent, resource);
  }

  /** The last points of what there no longer is. */
  get ended(): readonly ResourcePoints[] {
    return this.#meter.ended;
  }

  /** The agent's points at this moment. */
  update(reading: AgentReading): ResourcePoints {
    this.#countUnknownFields(reading.unknownFields);
    return this.#meter.update(reading.at, (value) => tell(reading, this.#unknownFields, value));
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
  for (const { source, state, durationS, stretch } of reading.sources) {
    value("kvmeter.source.duration", { "kvmeter.source": source }, durationS);
    if (stretch !== undefined) value("kvmeter.source.stretch", { "kvmeter.source": source }, stretch);
    for (const name of SOURCE_STATES) {
      const attributes = { "kvmeter.source": source, "kvmeter.source.state": name };
      value("kvmeter.source.status", attributes, name === state ? 1 : 0);
    }
  }
  value("kvmeter.cycles.skipped", {}, reading.skippedCycles);
  for (const [errorType, durations] of reading.collectionDurations) {
    value("otel.sdk.metric_reader.collection.duration", errorAttribute(errorType), durations);
  }
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
  for (const destination of reading.destinations) {
    const { name, signal, queue } = destination;
    const { exported, inFlight, dropped } = DELIVERY_METRICS[signal];
    const component = { "otel.component.name": name };
    value(exported, component, destination.exportedPoints);
    value(inFlight, component, destination.inFlightPoints);
    const own = { "kvmeter.destination": name };
    value("kvmeter.queue.size", own, queue.bytes);
    value("kvmeter.queue.limit", own, queue.limitBytes);
    value("kvmeter.queue.batch.count", own, queue.batches);
    value("kvmeter.queue.oldest.age", own, queue.oldestAgeMs / 1000);
    for (const [errorType, durations] of destination.requestDurations) {
      const attributes = { ...component, ...errorAttribute(errorType) };
      value("otel.sdk.exporter.operation.duration", attributes, durations);
    }
    for (const [reason, count] of destination.droppedPoints) {
      const attributes = { ...own, "kvmeter.drop.reason": reason };
      value(dropped, attributes, count);
    }
  }
  value("process.cpu.time", { "cpu.mode": "user" }, reading.cpuUserUs / 1e6);
  value("process.cpu.time", { "cpu.mode": "system" }, reading.cpuSystemUs / 1e6);
  value("process.memory.usage", {}, reading.memoryBytes);
}

/** What succeeded has none. */
function errorAttribute(errorType: string): { readonly "error.type"?: string } {
  return errorType === SUCCESS ? {} : { "error.type": errorType };
}
