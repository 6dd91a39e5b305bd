import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import { secondCycleMs } from "../src/phase.ts";

const INTERVAL_MS = 10_000;
const NOW_MS = Date.UTC(2026, 0, 1);

const agents = Array.from({ length: 500 }, (_, number) => `host-${number + 1}`);

function placeOf(identity: string, wallMs: number): number {
  return (wallMs + secondCycleMs(identity, { intervalMs: INTERVAL_MS, wallMs })) % INTERVAL_MS;
}

test("agents that start in the same moment spread over the interval", () => {
  const seconds = Map.groupBy(agents, (agent) => Math.floor(placeOf(agent, NOW_MS) / 1000));
  assert.equal(seconds.size, 10);
  for (const [second, { length }] of seconds) {
    assert.ok(length > 25 && length < 80, `${length} of 500 agents send in second ${second}`);
  }
});

test("an agent's place within the interval is the same whenever it starts", () => {
  const property = fc.property(
    fc.string(),
    fc.integer({ min: 0, max: 4e12 }),
    fc.integer({ min: 0, max: 4e12 }),
    (identity, wallMs, otherMs) => {
      const apartMs = Math.abs(placeOf(identity, wallMs) - placeOf(identity, otherMs));
      assert.ok(Math.min(apartMs, INTERVAL_MS - apartMs) < 1, `${apartMs} ms`);
    },
  );
  fc.assert(property);
});

test("the second cycle comes one interval after the first, or up to two", () => {
  const property = fc.property(
    fc.string(),
    fc.integer({ min: 0, max: 4e12 }),
    fc.integer({ min: 100, max: 86_400_000 }),
    (identity, wallMs, intervalMs) => {
      const waitMs = secondCycleMs(identity, { intervalMs, wallMs });
      assert.ok(waitMs >= intervalMs && waitMs <= intervalMs * 2, `${waitMs} ms`);
    },
  );
  fc.assert(property);
});
