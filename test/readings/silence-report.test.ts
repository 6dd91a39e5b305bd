import assert from "node:assert/strict";
import { test } from "node:test";

import { ControlState } from "../../src/libvirt/procedures/control-info.ts";
import { tellSilence, troubleProblems } from "../../src/readings/silence-report.ts";
import type { DomainStatistics } from "../../src/readings/statistics.ts";

const { ok, job, occupied } = ControlState;
const PAUSED = 3;
const RUNNING = 1;
const named = (name: string) => ({ name, uuid: `u-${name}`, id: 1 });
const told = { state: occupied, details: 0, stateTimeMs: 7000 };

function inState(state: number, reason: number): DomainStatistics {
  return { readAt: {}, items: { state: [{ path: [], parent: undefined, values: { state, reason } }] } };
}

test("what libvirt says of a hung domain is told; of one that nobody asks, what is known of its silence", () => {
  const hung = { why: "hung", ms: 5000 } as const;
  assert.deepEqual(tellSilence(hung, told, inState(RUNNING, 1)), { control: told, trouble: "hung" });
  const stopped = { why: "stopped", ms: 5000 } as const;
  const well = { state: ok, details: 0, stateTimeMs: 0 };
  for (const info of [well, undefined]) {
    const { control, trouble } = tellSilence(stopped, info, undefined);
    assert.deepEqual([control.state, control.stateTimeMs, trouble], [occupied, 5000, "stopped"]);
  }
});

for (const [reason, name] of [
  [2, "migration"],
  [3, "save"],
  [4, "dump"],
  [9, "snapshot"],
  [11, "starting up"],
  [12, "postcopy"],
] as const) {
  test(`a domain that is paused for ${name} is busy, not hung`, () => {
    const hung = { why: "hung", ms: 5000 } as const;
    const { control, trouble } = tellSilence(hung, told, inState(PAUSED, reason));
    assert.deepEqual([control.state, control.stateTimeMs, trouble], [job, 7000, "busy"]);
    // Whatever libvirt is at, a process that is stopped does none of it.
    const stopped = tellSilence({ why: "stopped", ms: 1 }, told, inState(PAUSED, reason));
    assert.deepEqual([stopped.control.state, stopped.trouble], [occupied, "stopped"]);
  });
}

test("a domain that its operator paused, or that an I/O error did, hangs when it does not answer", () => {
  for (const reason of [1, 5]) {
    assert.equal(tellSilence({ why: "hung", ms: 1 }, told, inState(PAUSED, reason)).trouble, "hung");
  }
});

test("a problem for each kind of trouble, with its domains' names as far as they help", () => {
  const hung = ["a", "b", "c", "d"].map((name) => [named(name), "hung"] as const);
  const problems = troubleProblems([...hung, [named("z"), "busy"]]);
  assert.deepEqual(
    problems.map(({ code, message }) => [code, message.slice(0, message.indexOf(":"))]),
    [
      ["DOMAIN_SILENT", "Cannot read all statistics of a, b, c and 1 more"],
      ["DOMAIN_SILENT", "Cannot read all statistics of z"],
    ],
  );
});
