import assert from "node:assert/strict";

import type { JsonMetric, JsonPoint, JsonResource } from "../../src/metrics/json.ts";
import type { Attributes } from "../domstats/expectations.ts";
import { whole } from "../domstats/libvirt-units.ts";
import type { ExportedBatch, OtlpKeyValue, OtlpMetric, OtlpPoint } from "./bed/collector.ts";
import type { SampledSeries } from "./bed/prometheus.ts";
import type { ExportedSeries } from "./bed/victoriametrics.ts";

/**
 * What a collector wrote, one entry for each resource and cycle, as `kvmeter once --format json` prints it, without
 * the points that end a series: they have no value.
 */
export function resourcesOf(batches: readonly ExportedBatch[]): JsonResource[] {
  return batches
    .flatMap(({ resourceMetrics = [] }) => resourceMetrics)
    .map(({ resource, scopeMetrics = [] }) => ({
      resource: attributesOf(resource?.attributes),
      metrics: Object.fromEntries(
        scopeMetrics
          .flatMap(({ metrics = [] }) => metrics)
          .map((metric): [string, JsonMetric] => [metric.name, jsonMetric(metric)])
          .filter(([, { points }]) => points.length > 0),
      ),
    }))
    .filter(({ metrics }) => Object.keys(metrics).length > 0);
}

const NO_RECORDED_VALUE = 1;

/** The cycles of each domain in the order of their times, by the domain's uuid. */
export function cyclesByDomain(resources: readonly JsonResource[]): Map<string, JsonResource[]> {
  const domains = resources.filter(({ resource }) => resource["libvirt.domain.uuid"] !== undefined);
  const byDomain = Map.groupBy(domains, ({ resource }) => String(resource["libvirt.domain.uuid"]));
  for (const cycles of byDomain.values()) cycles.sort((a, b) => timeMs(a) - timeMs(b));
  return byDomain;
}

/** When a domain's values were read, milliseconds since 1970. */
export function timeMs({ metrics }: JsonResource): number {
  return milliseconds(Object.values(metrics)[0]?.points[0]?.time);
}

function milliseconds(nanoseconds: string | undefined): number {
  return Number(BigInt(nanoseconds ?? 0) / 1_000_000n);
}

function attributesOf(attributes: readonly OtlpKeyValue[] = []): Attributes {
  return Object.fromEntries(
    attributes.map(({ key, value }) => {
      const { stringValue, intValue, doubleValue, boolValue } = value;
      return [key, stringValue ?? doubleValue ?? boolValue ?? whole(BigInt(intValue ?? 0))];
    }),
  );
}

function jsonMetric({ unit = "", sum, gauge, histogram }: OtlpMetric): JsonMetric {
  const { dataPoints = [] } = sum ?? gauge ?? histogram ?? {};
  const points = dataPoints.filter(({ flags = 0 }) => (flags & NO_RECORDED_VALUE) === 0).map(jsonPoint);
  if (histogram !== undefined) return { kind: "histogram", unit, points };
  if (sum === undefined) return { kind: "gauge", unit, points };
  return { kind: sum.isMonotonic === true ? "counter" : "updowncounter", unit, points };
}

function jsonPoint(point: OtlpPoint): JsonPoint {
  const { startTimeUnixNano: start, timeUnixNano: time = "0" } = point;
  return {
    attributes: attributesOf(point.attributes),
    ...(start === undefined ? {} : { start }),
    time,
    value: valueOf(point),
  };
}

function valueOf({ asInt, asDouble, count = "0", sum, explicitBounds = [], bucketCounts }: OtlpPoint) {
  // Protobuf's JSON leaves zeros out, but not those in a list.
  if (bucketCounts === undefined)
    return asInt === undefined ? (asDouble ?? Number.NaN) : whole(BigInt(asInt));
  const buckets = bucketCounts.map((bucket) => whole(BigInt(bucket)));
  return {
    count: whole(BigInt(count)),
    ...(sum === undefined ? {} : { sum }),
    bounds: explicitBounds,
    buckets,
  };
}

/** A sample of a backend: its series and its time, as one text, and its value. */
export type Samples = Map<string, number>;

/** What VictoriaMetrics has, without the markers that end a series. */
export function storedSamples(series: readonly ExportedSeries[]): Samples {
  return new Map(
    series.flatMap(({ metric, values, timestamps }) =>
      values.flatMap((value, index): [string, number][] => {
        if (value === null) return [];
        // It puts the scope on every series as well.
        const { __name__: name = "", le, "scope.name": _, "scope.version": __, ...labels } = metric;
        const bound = le === undefined ? {} : { le: String(Number(le.replace("+Inf", "Infinity"))) };
        return [[sampleKey(name, { ...labels, ...bound }, timestamps[index]), value]];
      }),
    ),
  );
}

/** What Prometheus has. */
export function sampledByPrometheus(series: readonly SampledSeries[]): Samples {
  return new Map(
    series.flatMap(({ metric, values }) =>
      values.map(([seconds, value]): [string, number] => {
        const { __name__: name = "", le, ...labels } = metric;
        const bound = le === undefined ? {} : { le: String(Number(le.replace("+Inf", "Infinity"))) };
        return [sampleKey(name, { ...labels, ...bound }, Math.round(seconds * 1000)), Number(value)];
      }),
    ),
  );
}

/** What VictoriaMetrics should have of these resources: every attribute is a label, a histogram is Prometheus' series. */
export function expectedSamples(resources: readonly JsonResource[]): Samples {
  return new Map(resources.flatMap((resource) => samplesOf(resource)));
}

/** What Prometheus should have of them: of a resource it keeps the service and its instance. */
export function expectedByPrometheus(resources: readonly JsonResource[]): Samples {
  return expectedSamples(
    resources.map(({ resource, metrics }) => {
      const { "service.name": job = "", "service.instance.id": instance = "" } = resource;
      return { resource: { job, instance }, metrics };
    }),
  );
}

/** Fails where the two do not have the same samples with the same values. */
export function assertSameSamples(expected: Samples, stored: Samples): void {
  assert.deepEqual([...expected.keys()].filter((key) => !stored.has(key)).slice(0, 5), []);
  assert.deepEqual([...stored.keys()].filter((key) => !expected.has(key)).slice(0, 5), []);
  for (const [key, value] of expected) {
    const kept = stored.get(key) ?? Number.NaN;
    // VictoriaMetrics stores decimals of one exponent for a block of values: of a quotient it keeps twelve digits.
    const close = Number.isInteger(value)
      ? kept === value
      : Math.abs(kept - value) <= Math.abs(value) * 1e-11;
    assert.ok(close, `${key}: ${kept}, expected ${value}`);
  }
}

function samplesOf({ resource, metrics }: JsonResource): [string, number][] {
  return Object.entries(metrics).flatMap(([name, { points }]) =>
    points.flatMap(({ attributes, time, value }): [string, number][] => {
      const labels = { ...resource, ...attributes };
      const at = milliseconds(time);
      if (typeof value !== "object") return [[sampleKey(name, labels, at), Number(value)]];
      const parts: [string, Attributes, number][] = [[`${name}_count`, labels, Number(value.count)]];
      if (value.sum !== undefined) parts.push([`${name}_sum`, labels, value.sum]);
      let below = 0;
      value.buckets.forEach((count, index) => {
        below += Number(count);
        const le = String(value.bounds[index] ?? Number.POSITIVE_INFINITY);
        parts.push([`${name}_bucket`, { ...labels, le }, below]);
      });
      return parts.map(([series, all, number]) => [sampleKey(series, all, at), number]);
    }),
  );
}

function sampleKey(name: string, labels: Attributes, atMs: number | undefined): string {
  const sorted = Object.entries(labels)
    .filter(([, value]) => value !== "")
    .map(([key, value]) => `${key}=${JSON.stringify(String(value))}`)
    .toSorted();
  return `${name}{${sorted.join(",")}} @ ${atMs}`;
}
