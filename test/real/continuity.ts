import assert from "node:assert/strict";

import type { HistogramPoint, MetricPoints, NumberPoint, ResourcePoints } from "../../src/metrics/points.ts";

/** Counters go on where they were: the same start, no smaller value, no zero that was none, no time twice. */
export function assertContinuous(cycles: readonly ResourcePoints[][], leastCounters: number): void {
  const last = new Map<string, { value: number; timeNs: bigint; startNs: bigint | undefined }>();
  for (const resources of cycles) {
    for (const { resource, metrics } of resources) {
      for (const { metric, points } of metrics) {
        if (metric.kind !== "counter") continue;
        for (const point of points) {
          const { series, timeNs } = point;
          const key: string = JSON.stringify([resource.attributes, metric.name, series.attributes]);
          const value = "value" in point ? Number(point.value) : Number.NaN;
          const before = last.get(key);
          if (before !== undefined) {
            assert.ok(value >= before.value, `${key}: ${before.value}, then ${value}`);
            assert.ok(timeNs > before.timeNs, key);
            assert.equal(series.startTimeNs, before.startNs, key);
          }
          last.set(key, { value, timeNs, startNs: series.startTimeNs });
        }
      }
    }
  }
  assert.ok(last.size > leastCounters, `${last.size} counters`);
}

/** The points as they are now: what a meter gave holds until its next reading. */
export function copyOf(points: readonly ResourcePoints[]): ResourcePoints[] {
  return points.map(({ resource, metrics }) => ({
    resource,
    metrics: metrics.map((entry) => ({ ...entry, points: entry.points.map(copyOfPoint) }) as MetricPoints),
  }));
}

function copyOfPoint(point: NumberPoint | HistogramPoint): NumberPoint | HistogramPoint {
  if ("bounds" in point) return { ...point };
  const { series, timeNs, startTimeNs, value } = point;
  return { series: { ...series }, timeNs, startTimeNs, value };
}
