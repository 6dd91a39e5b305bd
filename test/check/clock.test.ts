import assert from "node:assert/strict";
import { test } from "node:test";

import { judgeClock } from "../../src/check/clock.ts";

const NOON_MS = Date.parse("2026-01-02T12:00:00Z");
const at = (aheadMs: number, tookMs = 20) => ({
  who: "collector",
  toldMs: NOON_MS + aheadMs,
  sentMs: NOON_MS,
  receivedMs: NOON_MS + tookMs,
});

const idsOf = (...told: Parameters<typeof judgeClock>[0]) =>
  judgeClock(told, () => false).map(({ id, state }) => `${id} ${state}`);

test("a clock is compared with what destinations tell of theirs", () => {
  assert.deepEqual(idsOf(at(0), at(2000), at(-2000)), ["clock-off ok", "clock-off ok", "clock-off ok"]);
  assert.deepEqual(idsOf(at(5000), at(-5000)), ["clock-off warn", "clock-off warn"]);
  assert.deepEqual(idsOf(at(3_600_000), at(-3_600_000)), ["clock-wrong fail", "clock-wrong fail"]);
  // An answer that took ten seconds can be from any moment of them.
  assert.deepEqual(idsOf(at(0, 10_000)), ["clock-off ok"]);
});

test("who is behind whom", () => {
  const [ahead] = judgeClock([at(3_600_000)]);
  assert.match(ahead?.says ?? "", /^this clock is 1h behind that of collector: points may be refused/);
  const [behind] = judgeClock([at(-10_000)]);
  assert.match(behind?.says ?? "", /^this clock is \S+ s ahead of that of collector$/);
});

test("where nobody tells the time, what sets the clock is looked for", () => {
  assert.deepEqual(idsOf(), ["clock-unknown skip"]);
  assert.deepEqual(
    judgeClock([], (path) => path === "/run/systemd/timesync/synchronized").map(
      ({ state, says }) => `${state}: ${says}`,
    ),
    ["ok: systemd-timesyncd has set it"],
  );
});
