import assert from "node:assert/strict";
import { test } from "node:test";

import { Stretch } from "../../src/readings/stretch.ts";

function factors(stretch: Stretch, cyclesMs: readonly number[]): number[] {
  return cyclesMs.map((ms) => {
    stretch.after(ms);
    return stretch.factor;
  });
}

test("a cycle that takes too long doubles the intervals, up to sixteen times", () => {
  const stretch = new Stretch(5000);
  assert.deepEqual(factors(stretch, [4999, 5001, 6000, 7000, 8000, 9000]), [1, 2, 4, 8, 16, 16]);
});

test("ten easy cycles in a row halve them again, cycles between the two keep them", () => {
  const stretch = new Stretch(5000);
  factors(stretch, [6000, 6000]);
  assert.equal(stretch.factor, 4);
  factors(
    stretch,
    Array.from({ length: 50 }, () => 2000),
  );
  assert.equal(stretch.factor, 4);
  const easy = Array.from({ length: 9 }, () => 1000);
  assert.deepEqual(new Set(factors(stretch, [...easy, 2000, ...easy])), new Set([4]));
  assert.equal(stretch.after(1000), true);
  assert.equal(stretch.factor, 2);
  factors(stretch, [...easy, 1000]);
  assert.equal(stretch.factor, 1);
  assert.equal(stretch.after(0), false);
});
