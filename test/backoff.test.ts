import assert from "node:assert/strict";
import { test } from "node:test";

import { Backoff } from "../src/backoff.ts";

test("waits double to the limit and start over after a success", () => {
  const backoff = new Backoff({ firstMs: 100, limitMs: 1000, random: () => 1 });
  assert.deepEqual(
    Array.from({ length: 6 }, () => backoff.nextMs()),
    [100, 200, 400, 800, 1000, 1000],
  );
  backoff.reset();
  assert.equal(backoff.nextMs(), 100);
});

test("half of a wait is random, never less than half", () => {
  const least = new Backoff({ firstMs: 100, limitMs: 1000, random: () => 0 });
  assert.equal(least.nextMs(), 50);
});
