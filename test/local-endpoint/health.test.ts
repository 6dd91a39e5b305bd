import assert from "node:assert/strict";
import { test } from "node:test";

import { type Course, judgeHealth, judgeReadiness } from "../../src/local-endpoint/health.ts";

const SOUND: Course = {
  intervalMs: 10_000,
  sinceLastCycleMs: 1000,
  hasCycled: true,
  sources: new Map([["qemu:///system", true]]),
  destinations: new Map([["collector", true]]),
};

const health: readonly { name: string; change: Partial<Course>; good: boolean; reason: string }[] = [
  {
    name: "a cycle that has just ended",
    change: {},
    good: true,
    reason: "the last cycle ended 1.0 s ago, one is due every 10.0 s",
  },
  {
    name: "three intervals without one",
    change: { sinceLastCycleMs: 30_000 },
    good: true,
    reason: "the last cycle ended 30.0 s ago, one is due every 10.0 s",
  },
  {
    name: "more than three intervals",
    change: { sinceLastCycleMs: 30_001 },
    good: false,
    reason: "the last cycle ended 30.0 s ago, one is due every 10.0 s",
  },
  {
    name: "the start",
    change: { hasCycled: false },
    good: true,
    reason: "no cycle has ended since the start 1.0 s ago, one is due every 10.0 s",
  },
  {
    name: "a first cycle that does not end",
    change: { hasCycled: false, sinceLastCycleMs: 31_000 },
    good: false,
    reason: "no cycle has ended since the start 31.0 s ago, one is due every 10.0 s",
  },
];

for (const { name, change, good, reason } of health) {
  test(`health: ${name} is ${good ? "good" : "bad"}`, () => {
    assert.deepEqual(judgeHealth({ ...SOUND, ...change }), { good, reason });
  });
}

const readiness: readonly { name: string; change: Partial<Course>; good: boolean; reason: string }[] = [
  {
    name: "all is well",
    change: {},
    good: true,
    reason: "reading 1 of 1 (qemu:///system); sending to 1 of 1 (collector)",
  },
  {
    name: "one of two of each",
    change: {
      sources: new Map([
        ["a", false],
        ["b", true],
      ]),
      destinations: new Map([
        ["collector", true],
        ["prometheus", false],
      ]),
    },
    good: true,
    reason: "reading 1 of 2 (b); sending to 1 of 2 (collector)",
  },
  {
    name: "no source has been read",
    change: { sources: new Map([["qemu:///system", false]]) },
    good: false,
    reason: "no source has been read yet: qemu:///system",
  },
  {
    name: "nothing has worked",
    change: { sources: new Map([["a", false]]), destinations: new Map([["collector", false]]) },
    good: false,
    reason: "no source has been read yet: a; no destination has taken data yet: collector",
  },
  {
    name: "there is no destination",
    change: { destinations: new Map() },
    good: true,
    reason: "reading 1 of 1 (qemu:///system); sending to 0 of 0 ()",
  },
];

for (const { name, change, good, reason } of readiness) {
  test(`readiness: ${name}`, () => {
    assert.deepEqual(judgeReadiness({ ...SOUND, ...change }), { good, reason });
  });
}
