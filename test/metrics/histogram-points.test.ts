import assert from "node:assert/strict";
import { test } from "node:test";

import { type Fields, PROCESS_START_NS, second, secondNs, TestMeter } from "./readings.ts";

const DURATION = "libvirt.domain.disk.operation.duration";

/** Fields of a histogram of disk vda: start and count of each bin. */
function histogram(
  operation: string,
  bins: readonly (readonly [startNs: number, count: number | bigint])[],
): Fields {
  const prefix = `block.0.latency_histogram.${operation}.bin`;
  return Object.fromEntries([
    ["block.0.name", "vda"],
    [`${prefix}.count`, bins.length],
    ...bins.flatMap(([start, value], number) => [
      [`${prefix}.${number}.start`, start],
      [`${prefix}.${number}.value`, value],
    ]),
  ]);
}

const BINS = [
  [0, 5],
  [10_000, 3],
  [1_000_000, 2],
] as const;

function pointsOf(fields: Fields) {
  return new TestMeter().read(fields, second(0)).histograms(DURATION);
}

test("starts of bins become bounds in seconds, the disk's total time the sum", () => {
  const [point, ...others] = pointsOf({ ...histogram("read", BINS), "block.0.rd.times": 1_500_000_000 });
  assert.ok(point);
  assert.deepEqual(others, []);
  assert.deepEqual(point.series.attributes, { "system.device": "vda", "libvirt.disk.operation": "read" });
  assert.deepEqual(point.bounds, [0.00001, 0.001]);
  assert.deepEqual(point.bucketCounts, [5, 3, 2]);
  assert.equal(point.count, 10);
  assert.equal(point.sum, 1.5);
  assert.equal(point.series.startTimeNs, PROCESS_START_NS);
  assert.equal(point.timeNs, secondNs(0));
});

test("each operation has the sum of its own time; zone_append has none", () => {
  const times = { "block.0.rd.times": 1e9, "block.0.wr.times": 2e9, "block.0.fl.times": 3e9 };
  const sums = ["read", "write", "flush", "zone_append"].map(
    (operation) => pointsOf({ ...histogram(operation, BINS), ...times })[0]?.sum,
  );
  assert.deepEqual(sums, [1, 2, 3, undefined]);
});

test("a first bin above 0 leaves an empty bucket below it", () => {
  const [point] = pointsOf(
    histogram("write", [
      [1000, 4],
      [2000, 6],
    ]),
  );
  assert.deepEqual(point?.bounds, [0.000001, 0.000002]);
  assert.deepEqual(point.bucketCounts, [0, 4, 6]);
});

test("bins are taken by their numbers, in whatever order they come", () => {
  const shuffled = Object.fromEntries(Object.entries(histogram("read", BINS)).toReversed());
  assert.deepEqual(pointsOf(shuffled)[0]?.bucketCounts, [5, 3, 2]);
});

test("counts beyond 2^53 stay exact", () => {
  const [point] = pointsOf(
    histogram("read", [
      [0, 9_007_199_254_740_993n],
      [5, 2],
    ]),
  );
  assert.equal(point?.count, 9_007_199_254_740_995n);
});

test("a set of bins that is not whole makes no point", () => {
  const whole = histogram("read", BINS);
  const prefix = "block.0.latency_histogram.read.bin";
  const { [`${prefix}.1.value`]: _value, ...withoutValue } = whole;
  const { [`${prefix}.count`]: _count, ...withoutCount } = whole;
  const { [`${prefix}.2.start`]: _start, [`${prefix}.2.value`]: _last, ...withoutLast } = whole;
  const broken: Record<string, Fields> = {
    "a value is missing": withoutValue,
    "the count is missing": withoutCount,
    "a bin is missing": withoutLast,
    "a bin is too many": { ...whole, [`${prefix}.count`]: 2 },
    "a number is left out": { ...withoutLast, [`${prefix}.7.start`]: 9e9, [`${prefix}.7.value`]: 1 },
    "starts do not ascend": { ...whole, [`${prefix}.2.start`]: 10_000 },
    "a start is negative": { ...whole, [`${prefix}.0.start`]: -1 },
    "the disk has no name": { ...whole, "block.0.name": "" },
  };
  for (const [what, fields] of Object.entries(broken)) assert.deepEqual(pointsOf(fields), [], what);
});

test("a histogram that goes down starts anew; other bins are another series", () => {
  const meter = new TestMeter();
  const read = (fields: Fields, seconds: number) => {
    const [point] = meter.read(fields, second(seconds)).histograms(DURATION);
    assert.ok(point);
    return point;
  };
  const first = read(histogram("read", BINS), 0);
  const next = read(histogram("read", BINS), 10);
  assert.equal(next.series, first.series);
  assert.equal(next.bounds, first.bounds, "the same object, for encoders");
  const fallen = read(histogram("read", [[0, 1], ...BINS.slice(1)]), 20);
  assert.notEqual(fallen.series, first.series);
  assert.equal(fallen.series.startTimeNs, secondNs(10));
  const other = read(histogram("read", BINS.slice(0, 2)), 30);
  assert.notEqual(other.series, fallen.series);
  assert.equal(other.series.startTimeNs, secondNs(20));
  assert.deepEqual(other.bounds, [0.00001]);
});
