import type { Integer } from "../integer.ts";
import type { Attributes, HistogramPoint, MetricKind, NumberPoint, ResourcePoints } from "./points.ts";

/** A whole number beyond 2^53 is a string: a JSON parser would round it. */
export type JsonNumber = number | string;

/** The value of a histogram's point. */
export interface JsonHistogram {
  readonly count: JsonNumber;
  /** Left out where it is not known. */
  readonly sum?: number;
  /** Upper bounds of all buckets but the last, ascending, in the metric's unit. */
  readonly bounds: readonly number[];
  /** How many fell into each bucket alone; one more than there are bounds. */
  readonly buckets: readonly JsonNumber[];
}

export interface JsonPoint {
  readonly attributes: Attributes;
  /** Nanoseconds since the epoch, as a string; a gauge has none. */
  readonly start?: string;
  /** Nanoseconds since the epoch, as a string. */
  readonly time: string;
  readonly value: JsonNumber | JsonHistogram;
}

export interface JsonMetric {
  readonly kind: MetricKind;
  readonly unit: string;
  readonly points: readonly JsonPoint[];
}

export interface JsonResource {
  readonly resource: Attributes;
  /** By name. */
  readonly metrics: Readonly<Record<string, JsonMetric>>;
}

/** Points as `kvmeter once --format json` prints them: a stable interface for scripts. */
export function toJson(all: readonly ResourcePoints[]): JsonResource[] {
  return all.map(({ resource, metrics }) => ({
    resource: resource.attributes,
    metrics: Object.fromEntries(
      metrics.map(({ metric, points }) => [
        metric.name,
        { kind: metric.kind, unit: metric.unit, points: points.map(toJsonPoint) },
      ]),
    ),
  }));
}

function toJsonPoint(point: NumberPoint | HistogramPoint): JsonPoint {
  const { attributes, startTimeNs } = point.series;
  return {
    attributes,
    ...(startTimeNs === undefined ? {} : { start: startTimeNs.toString() }),
    time: point.timeNs.toString(),
    value: "value" in point ? toJsonNumber(point.value) : toJsonHistogram(point),
  };
}

function toJsonHistogram({ count, sum, bounds, bucketCounts }: HistogramPoint): JsonHistogram {
  return {
    count: toJsonNumber(count),
    ...(sum === undefined ? {} : { sum }),
    bounds,
    buckets: bucketCounts.map(toJsonNumber),
  };
}

function toJsonNumber(value: Integer): JsonNumber {
  return typeof value === "bigint" ? value.toString() : value;
}
