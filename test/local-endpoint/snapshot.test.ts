import assert from "node:assert/strict";
import { test } from "node:test";

import { snapshotOf } from "../../src/local-endpoint/snapshot.ts";
import { LiveSeries } from "../../src/metrics/live-series.ts";
import type { MetricDescriptor, MetricPoints, NumberPoint } from "../../src/metrics/points.ts";

const CPU: MetricDescriptor & { kind: "counter" } = {
  name: "libvirt.domain.cpu.time",
  kind: "counter",
  unit: "s",
  description: "CPU time.",
  valueType: "double",
};

const WEB1 = { attributes: { "libvirt.domain.name": "web1" } };

function cpu(...points: NumberPoint[]): MetricPoints {
  return { metric: CPU, points };
}

function values([only]: ReturnType<typeof snapshotOf>): unknown[] {
  return (only?.metrics ?? []).flatMap(({ points }) =>
    points.map((point) => "value" in point && point.value),
  );
}

test("what the next cycle writes into points and their lists is not in it", () => {
  const series = new LiveSeries({}, 1n);
  const points = [series.at(2n, 5)];
  const snapshot = snapshotOf([{ resource: WEB1, metrics: [{ metric: CPU, points }] }]);
  series.at(3n, 6);
  points.push(new LiveSeries({ "cpu.mode": "user" }, 1n).at(3n, 7));
  assert.deepEqual(values(snapshot), [5]);
});

test("what ended is left out, and who is gone with it", () => {
  const last = {
    series: new LiveSeries({ "cpu.mode": "user" }, 1n),
    timeNs: 2n,
    value: 0,
    noRecordedValue: true,
  };
  const living = new LiveSeries({}, 1n).at(2n, 5);
  const snapshot = snapshotOf([
    { resource: WEB1, metrics: [cpu(last, living)] },
    { resource: { attributes: { "libvirt.domain.name": "web2" } }, metrics: [cpu(last)] },
  ]);
  assert.deepEqual(
    snapshot.map(({ resource }) => resource),
    [WEB1],
  );
  assert.deepEqual(values(snapshot), [5]);
});

test("histograms are there as they are", () => {
  const metric = { ...CPU, kind: "histogram" } as const;
  const point = {
    series: new LiveSeries({}, 1n),
    timeNs: 2n,
    count: 3,
    sum: undefined,
    bounds: [1],
    bucketCounts: [1, 2],
  };
  const [only] = snapshotOf([{ resource: WEB1, metrics: [{ metric, points: [point] }] }]);
  assert.deepEqual(only?.metrics, [{ metric, points: [point] }]);
});
