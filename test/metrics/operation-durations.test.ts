import assert from "node:assert/strict";
import { test } from "node:test";

import { KvmeterError } from "../../src/errors.ts";
import { errorTypeOf, OperationDurations, SUCCESS } from "../../src/metrics/operation-durations.ts";

test("an operation counts in the bucket whose upper bound it does not pass", () => {
  const durations = new OperationDurations();
  for (const durationS of [0, 0.005, 0.0051, 10, 10.1, 1e9]) durations.record(durationS, SUCCESS);
  const histogram = durations.values.get(SUCCESS);
  assert.ok(histogram);
  const { shape, counts, totalNs } = histogram;
  assert.equal(counts.length, shape.bounds.length + 1);
  assert.deepEqual(shape.bounds.slice(0, 2), [0.005, 0.01]);
  assert.deepEqual(counts, [2, 1, ...Array.from({ length: 11 }, () => 0), 1, 2]);
  assert.equal(totalNs, 1_000_000_020_110_100_000n);
});

test("failures are told apart by their type, and what was given out stays as it was", () => {
  const durations = new OperationDurations();
  durations.record(1, SUCCESS);
  const before = durations.values;
  durations.record(2, "OTLP_CONNECT");
  durations.record(3, SUCCESS);
  assert.deepEqual(
    Array.from(durations.values, ([errorType, { totalNs }]) => [errorType, totalNs]),
    [
      ["", 4e9],
      ["OTLP_CONNECT", 2e9],
    ],
  );
  assert.deepEqual(
    Array.from(before, ([errorType, { counts, totalNs }]) => [
      errorType,
      counts.filter((count) => count > 0),
      totalNs,
    ]),
    [["", [1], 1e9]],
  );
});

test("an error's type is our code where it is ours", () => {
  assert.equal(errorTypeOf(undefined), "");
  assert.equal(errorTypeOf(new KvmeterError("OTLP_TLS", "x")), "OTLP_TLS");
  assert.equal(errorTypeOf(new RangeError("x")), "RangeError");
});
