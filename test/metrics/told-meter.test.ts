import assert from "node:assert/strict";
import { test } from "node:test";

import { shapeOf } from "../../src/metrics/live-histogram.ts";
import type { ResourcePoints, Temporality } from "../../src/metrics/points.ts";
import type { ToldRow } from "../../src/metrics/rows.ts";
import { type Telling, ToldMeter, type ToldMeterOptions } from "../../src/metrics/told-meter.ts";
import { EPOCH_NS, second, secondNs, TestPoints } from "./readings.ts";

const STARTED_AT_NS = EPOCH_NS - 60_000_000_000n;

const COMMON = {
  unit: "1",
  description: "",
  on: true,
  from: "agent",
  valueType: "int",
  attributes: ["a"],
} as const;

const ROWS: readonly ToldRow[] = [
  { ...COMMON, name: "count", kind: "counter" },
  { ...COMMON, name: "size", kind: "updowncounter" },
  { ...COMMON, name: "duration", kind: "histogram", unit: "s", valueType: "double" },
];

const SHAPE = shapeOf([0, 1e9]);

function meter(options: Partial<ToldMeterOptions> = {}): ToldMeter {
  const made = new ToldMeter({ rows: ROWS, startedAtNs: STARTED_AT_NS, ...options });
  made.resource = { host: "h-1" };
  return made;
}

/** Tells all rows of each of the names. */
function all(...names: readonly string[]): Telling {
  return (value) => {
    for (const a of names) {
      value("count", { a }, 5);
      value("size", { a }, 7);
      value("duration", { a }, { shape: SHAPE, counts: [1, 2], totalNs: 3e9 });
    }
  };
}

/** Name, attribute and time of every point without a value; none may have one. */
function ends(ended: readonly ResourcePoints[]): unknown[] {
  return ended.flatMap(({ metrics }) =>
    metrics.flatMap(({ metric, points }) =>
      points.map(({ series, timeNs, noRecordedValue }) => {
        assert.equal(noRecordedValue, true);
        return [metric.name, series.attributes["a"], timeNs];
      }),
    ),
  );
}

test("what is not told any more ends once, and what comes back begins again", () => {
  const told = meter();
  told.update(second(0), all("x", "y"));
  assert.equal(told.ended.length, 0);
  told.update(second(10), all("x"));
  assert.deepEqual(ends(told.ended), [
    ["count", "y", secondNs(10)],
    ["size", "y", secondNs(10)],
    ["duration", "y", secondNs(10)],
  ]);
  assert.deepEqual(told.ended[0]?.resource.attributes, { host: "h-1" });
  told.update(second(20), all("x"));
  assert.deepEqual(told.ended, []);
  const points = new TestPoints(told.update(second(30), all("x", "y")));
  assert.deepEqual(points.values("size"), [
    [{ a: "x" }, 7],
    [{ a: "y" }, 7],
  ]);
});

test("what nothing is known of waits: no point, no end, and the same series afterwards", () => {
  const told = meter();
  const [before] = new TestPoints(told.update(second(0), all("x"))).numbers("size");
  const waiting = told.update(second(10), (_value, wait) => wait("count", "size", "duration"));
  assert.deepEqual(waiting.metrics, []);
  assert.deepEqual(told.ended, []);
  const [after] = new TestPoints(told.update(second(20), all("x"))).numbers("size");
  assert.equal(after?.series, before?.series);
});

test("with another resource everything of the one before ends, under that one's name", () => {
  const told = meter();
  told.update(second(0), all("x"));
  told.resource = { host: "h-2" };
  const points = told.update(second(10), all("x"));
  assert.deepEqual(points.resource.attributes, { host: "h-2" });
  assert.equal(points.metrics.length, 3);
  assert.deepEqual(told.ended[0]?.resource.attributes, { host: "h-1" });
  assert.equal(ends(told.ended).length, 3);
});

test("where points tell who they are about, a series that goes on under another resource has not ended", () => {
  const told = meter({ identity: "attributes" });
  told.update(second(0), all("x", "y"));
  told.resource = { host: "h-2" };
  told.update(second(10), all("x"));
  assert.deepEqual(
    ends(told.ended).map((end) => (end as unknown[])[1]),
    ["y", "y", "y"],
  );
});

function counted(count: number, counts: readonly number[]): Telling {
  return (value) => {
    value("count", { a: "x" }, count);
    value("duration", { a: "x" }, { shape: SHAPE, counts, totalNs: count * 1e9 });
  };
}

/** Counter and histogram at two readings. */
function twoReadings(temporality: Temporality): unknown[][] {
  const told = meter({ temporality });
  const rows: unknown[][] = [];
  for (const [seconds, telling] of [
    [0, counted(3, [1, 2])],
    [10, counted(7, [4, 3])],
  ] as const) {
    const points = new TestPoints(told.update(second(seconds), telling));
    const [counter] = points.numbers("count");
    const [histogram] = points.histograms("duration");
    const startNs = histogram?.startTimeNs ?? histogram?.series.startTimeNs;
    rows.push([counter?.value, histogram?.bucketCounts, histogram?.count, histogram?.sum, startNs]);
  }
  return rows;
}

test("a histogram counts from the start of the process", () => {
  assert.deepEqual(twoReadings("cumulative"), [
    [3, [1, 2], 3, 3, STARTED_AT_NS],
    [7, [4, 3], 7, 7, STARTED_AT_NS],
  ]);
});

test("in deltas a histogram counts from the point before", () => {
  assert.deepEqual(twoReadings("delta"), [
    [3, [1, 2], 3, 3, STARTED_AT_NS],
    [4, [3, 1], 4, 4, secondNs(0)],
  ]);
});

test("deltas end without a word, up-down counters do not", () => {
  const told = meter({ temporality: "delta" });
  told.update(second(0), all("x"));
  told.update(second(10), all());
  assert.deepEqual(ends(told.ended), [["size", "x", secondNs(10)]]);
});
