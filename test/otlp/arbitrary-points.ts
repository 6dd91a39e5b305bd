import * as fc from "fast-check";

import { type Integer, toInteger } from "../../src/integer.ts";
import type {
  Attributes,
  MetricDescriptor,
  MetricPoints,
  Resource,
  ResourcePoints,
  Series,
} from "../../src/metrics/points.ts";
import type { ProtoKeyValue, ProtoMetric, ProtoRequest } from "./official-proto.ts";

/** Whole numbers as they come from libvirt, including those that only fit 64 unsigned bits. */
export const arbitraryInteger: fc.Arbitrary<Integer> = fc.oneof(
  fc.maxSafeInteger(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }).map(toInteger),
  fc.constantFrom<Integer>(
    0,
    -1,
    2 ** 32,
    2 ** 32 - 1,
    -(2 ** 31),
    2n ** 63n - 1n,
    2n ** 63n,
    2n ** 64n - 1n,
  ),
);

/** Up to 2^64 - 1: counts and times. */
export const arbitraryUnsigned: fc.Arbitrary<bigint> = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

const arbitraryText = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: "binary", maxLength: 80 }),
  fc.string({ minLength: 60, maxLength: 200 }),
);

const arbitraryAttributes: fc.Arbitrary<Attributes> = fc.dictionary(
  fc.oneof(arbitraryText, fc.constantFrom("cpu.logical_number", "disk.io.direction", "libvirt.domain.name")),
  fc.oneof(arbitraryText, fc.maxSafeInteger(), fc.boolean()),
  { maxKeys: 4 },
);

const arbitraryDescriptor: fc.Arbitrary<MetricDescriptor> = fc
  .record({
    name: arbitraryText,
    description: arbitraryText,
    unit: fc.constantFrom("s", "By", "1", "{packet}", ""),
    kind: fc.constantFrom("counter", "updowncounter", "gauge", "histogram"),
    valueType: fc.constantFrom("int", "double"),
    temporality: fc.constantFrom("cumulative", "delta"),
  })
  .map((metric): MetricDescriptor => {
    const { temporality: _, ...cumulative } = metric;
    return canBeDelta(metric) ? metric : cumulative;
  });

function canBeDelta({ kind }: MetricDescriptor): boolean {
  return kind === "counter" || kind === "histogram";
}

/** A resource and its metrics' series: the objects that stay the same from cycle to cycle. */
export interface Subject {
  readonly resource: Resource;
  readonly metrics: readonly { readonly metric: MetricDescriptor; readonly series: readonly Series[] }[];
}

const arbitrarySeries: fc.Arbitrary<Series> = fc.record({
  attributes: arbitraryAttributes,
  startTimeNs: fc.option(arbitraryUnsigned, { nil: undefined }),
});

export const arbitrarySubject: fc.Arbitrary<Subject> = fc.record({
  resource: fc.record({ attributes: arbitraryAttributes }),
  metrics: fc.array(
    fc.record({ metric: arbitraryDescriptor, series: fc.array(arbitrarySeries, { maxLength: 4 }) }),
    { maxLength: 4 },
  ),
});

/** One cycle's points of a subject. Where `steady` is false, points and metrics are missing, series end. */
export function arbitraryCycle(subject: Subject, steady: boolean): fc.Arbitrary<ResourcePoints> {
  const kept = steady ? fc.constant(true) : fc.integer({ min: 0, max: 9 }).map((dice) => dice > 0);
  const metrics = subject.metrics.map(({ metric, series }) =>
    fc
      .record({
        kept,
        points: all(series.map((each) => fc.record({ kept, point: pointOf(metric, each, steady) }))),
      })
      .map((entry) => {
        const points = entry.points.filter((each) => each.kept).map(({ point }) => point);
        return { kept: entry.kept, entry: { metric, points } as unknown as MetricPoints };
      }),
  );
  return all(metrics).map((entries) => ({
    resource: subject.resource,
    metrics: entries.filter((each) => each.kept).map(({ entry }) => entry),
  }));
}

function all<T>(arbitraries: readonly fc.Arbitrary<T>[]): fc.Arbitrary<T[]> {
  return fc.tuple(...arbitraries);
}

function pointOf(metric: MetricDescriptor, series: Series, steady: boolean): fc.Arbitrary<object> {
  const ended = steady ? fc.constant(false) : fc.constantFrom(false, false, false, true);
  const common = {
    series: fc.constant(series),
    timeNs: arbitraryUnsigned,
    ...(metric.temporality === "delta" && { startTimeNs: arbitraryUnsigned }),
  };
  return ended.chain((noRecordedValue) =>
    fc.record({
      ...common,
      ...valueOf(metric, steady),
      ...(noRecordedValue ? { noRecordedValue: fc.constant(true) } : {}),
    }),
  );
}

function valueOf(metric: MetricDescriptor, steady: boolean): Record<string, fc.Arbitrary<unknown>> {
  if (metric.kind !== "histogram")
    return { value: metric.valueType === "int" ? arbitraryInteger : fc.double() };
  const count = arbitraryUnsigned.map(toInteger);
  const bounds = steady ? fc.constantFrom([1, 2.5], [1, 2.5]) : fc.array(fc.double(), { maxLength: 20 });
  return {
    count,
    sum: steady ? fc.double() : fc.option(fc.double(), { nil: undefined }),
    bounds,
    bucketCounts: steady
      ? fc.array(count, { minLength: 3, maxLength: 3 })
      : fc.array(count, { minLength: 1, maxLength: 20 }),
  };
}

/** What the points must decode to, said independently of the encoder. */
export function expectedRequest(cycle: readonly ResourcePoints[], version: string): ProtoRequest {
  const resourceMetrics = cycle
    .map(({ resource, metrics }) => ({
      resource: { ...keyValues(resource.attributes) },
      scopeMetrics: [
        {
          scope: { name: "kvmeter", version },
          metrics: metrics.filter(({ points }) => points.length > 0).map(expectedMetric),
          schemaUrl: "https://opentelemetry.io/schemas/1.45.0",
        },
      ],
    }))
    .filter(({ scopeMetrics: [scope] }) => scope !== undefined && scope.metrics.length > 0);
  return resourceMetrics.length > 0 ? { resourceMetrics } : {};
}

function expectedMetric({ metric, points }: MetricPoints): ProtoMetric {
  const { name, description, unit, kind } = metric;
  const dataPoints = points.map((point) => {
    const { series, timeNs, noRecordedValue } = point;
    const startTimeNs = point.startTimeNs ?? series.startTimeNs;
    return {
      ...keyValues(series.attributes),
      ...(startTimeNs === undefined ? {} : { startTimeUnixNano: String(startTimeNs) }),
      timeUnixNano: String(timeNs),
      ...(noRecordedValue === true ? expectedEnd(point) : expectedValue(point, metric.valueType)),
    };
  });
  const sum = {
    dataPoints,
    aggregationTemporality: `AGGREGATION_TEMPORALITY_${(metric.temporality ?? "cumulative").toUpperCase()}`,
  };
  const head = { name, description, unit };
  if (kind === "gauge") return { ...head, gauge: { dataPoints } };
  if (kind === "histogram") return { ...head, histogram: sum };
  return { ...head, sum: kind === "counter" ? { ...sum, isMonotonic: true } : sum };
}

/** The last point of a histogram has empty buckets. */
function expectedEnd(point: MetricPoints["points"][number]): object {
  if (!("bounds" in point)) return { flags: 1 };
  const { bounds, bucketCounts } = point;
  const buckets = { count: "0", bucketCounts: bucketCounts.map(() => "0") };
  return { flags: 1, ...buckets, ...(bounds.length > 0 ? { explicitBounds: [...bounds] } : {}) };
}

function expectedValue(point: MetricPoints["points"][number], valueType: "int" | "double"): object {
  if ("bounds" in point) {
    return {
      count: String(point.count),
      ...(point.sum === undefined ? {} : { sum: point.sum }),
      ...(point.bucketCounts.length > 0 ? { bucketCounts: point.bucketCounts.map(String) } : {}),
      ...(point.bounds.length > 0 ? { explicitBounds: [...point.bounds] } : {}),
    };
  }
  const { value } = point;
  if (valueType === "double") return { asDouble: Number(value) };
  return value >= -(2n ** 63n) && value < 2n ** 63n ? { asInt: String(value) } : { asDouble: Number(value) };
}

function keyValues(attributes: Attributes): { attributes?: ProtoKeyValue[] } {
  const pairs = Object.entries(attributes).map(([key, value]) => ({
    key: wellFormed(key),
    value: anyValue(value),
  }));
  return pairs.length > 0 ? { attributes: pairs } : {};
}

function anyValue(value: string | number | boolean): ProtoKeyValue["value"] {
  if (typeof value === "string") return { stringValue: wellFormed(value) };
  return typeof value === "boolean" ? { boolValue: value } : { intValue: String(value) };
}

function wellFormed(text: string): string {
  return text.toWellFormed();
}
