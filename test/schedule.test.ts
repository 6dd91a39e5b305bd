import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { ticks } from "../src/schedule.ts";

test("turns come at once and then at the rate, without drift", async () => {
  const abort = new AbortController();
  const startMs = performance.now();
  const turnsMs: number[] = [];
  for await (const _ of ticks(40, abort.signal)) {
    turnsMs.push(performance.now() - startMs);
    if (turnsMs.length === 5) abort.abort();
    await sleep(15);
  }
  assert.equal(turnsMs.length, 5);
  turnsMs.forEach((turnMs, turn) => assert.ok(turnMs >= turn * 40 - 2, `turn ${turn} came at ${turnMs} ms`));
});

test("the second turn can come sooner or later, and the others follow it at the rate", async () => {
  for (const secondMs of [30, 90]) {
    const abort = new AbortController();
    const startMs = performance.now();
    const turnsMs: number[] = [];
    for await (const { skipped } of ticks(60, abort.signal, secondMs)) {
      turnsMs.push(performance.now() - startMs);
      assert.equal(skipped, 0);
      if (turnsMs.length === 4) abort.abort();
    }
    const [first = Number.NaN, ...others] = turnsMs;
    assert.ok(first < secondMs, `the first turn came at ${first} ms`);
    others.forEach((turnMs, turn) => {
      const dueMs = secondMs + turn * 60;
      assert.ok(turnMs >= dueMs - 2 && turnMs < dueMs + 60, `a turn came at ${turnMs} ms, not at ${dueMs}`);
    });
  }
});

test("a turn that overran skips the ones that it missed and says how many", async () => {
  const abort = new AbortController();
  const skipped: number[] = [];
  for await (const tick of ticks(50, abort.signal)) {
    skipped.push(tick.skipped);
    if (skipped.length === 1) await sleep(130);
    if (skipped.length === 3) abort.abort();
  }
  assert.equal(skipped[0], 0);
  assert.ok((skipped[1] ?? 0) >= 1, `skipped ${skipped[1]}`);
});

test("an abort ends the wait for the next turn", async () => {
  const abort = new AbortController();
  setTimeout(() => abort.abort(), 20);
  const startMs = performance.now();
  let turns = 0;
  for await (const _ of ticks(60_000, abort.signal)) turns += 1;
  assert.equal(turns, 1);
  assert.ok(performance.now() - startMs < 5000);
});
