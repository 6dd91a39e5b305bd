import assert from "node:assert/strict";
import { test } from "node:test";

import { ToldTimes } from "../../src/metrics/told-times.ts";
import { second, secondNs } from "./readings.ts";

test("what comes late is dated by the last of what was told, each group by itself", () => {
  const times = new ToldTimes(true);
  const first = { state: second(10), cpu: second(12) };
  assert.equal(times.next(first), first, "the same object where nothing has to be another");
  const late = { state: second(20), cpu: second(20.5), "process-memory": second(11) };
  assert.deepEqual(times.next(late), { ...late, "process-memory": second(12) });
  assert.deepEqual(times.latest, second(20.5));
});

test("what was not read again is not told again, and what is read again is, also between two that were told", () => {
  const times = new ToldTimes(true);
  const memory = second(11);
  times.next({ cpu: second(10), "process-memory": memory });
  const again = times.next({ cpu: second(20), "process-memory": memory });
  assert.deepEqual([again.cpu, again["process-memory"]], [second(20), undefined]);
  const next = times.next({ cpu: second(30), "process-memory": second(15) });
  assert.deepEqual(next, { cpu: second(30), "process-memory": second(20) });
});

test("what ends ends after all that was told", () => {
  const times = new ToldTimes(true);
  assert.deepEqual(times.end(second(9)), second(9));
  times.next({ cpu: second(10) });
  assert.deepEqual(times.end(second(9)), second(10));
  assert.deepEqual(times.end(second(20)), second(20));
});

test("a wall clock that is set back is seen", () => {
  const times = new ToldTimes(true);
  times.next({ cpu: second(100) });
  const cpu = { wallNs: secondNs(40), monotonicMs: 110_000 };
  assert.deepEqual(times.next({ cpu }), { cpu });
  assert.deepEqual(times.since(secondNs(50)), new Set());
  assert.deepEqual(times.since(secondNs(40)), new Set([secondNs(40)]));
});

test("where order is of no interest all is told with the time of its reading", () => {
  const times = new ToldTimes(false);
  const readAt = { cpu: second(10), "process-memory": second(5) };
  assert.equal(times.next(readAt), readAt);
  assert.equal(times.next(readAt), readAt);
  assert.deepEqual(times.end(second(9)), second(9));
});
