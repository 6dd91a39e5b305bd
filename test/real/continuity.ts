import assert from "node:assert/strict";

import type { ResourcePoints } from "../../src/metrics/points.ts";

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
