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
