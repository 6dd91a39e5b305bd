import assert from "node:assert/strict";
import { test } from "node:test";

import { ControlState } from "../../src/libvirt/procedures/control-info.ts";
import { DomainHealth, type Triage } from "../../src/readings/domain-health.ts";
import type { ProcessTrouble } from "../../src/readings/process-look.ts";

const domain = { name: "web1", uuid: "u-1", id: 7 };

interface Look {
  readonly trouble?: ProcessTrouble;
  readonly state?: number;
  readonly stateTimeMs?: number;
  readonly nowMs?: number;
  readonly locked?: boolean;
}

function place(health: DomainHealth, look: Look = {}, asked = domain): keyof Triage | undefined {
  const { trouble, state, stateTimeMs = 0, nowMs = 0, locked = false } = look;
  const infos = new Map(
    state === undefined ? [] : [[asked.uuid, { state, details: 0, stateTimeMs }] as const],
  );
  const troubles = new Map(trouble === undefined ? [] : [[asked.uuid, trouble] as const]);
  const triage = health.triage([asked], troubles, {
    probed: { infos, locked: new Set(locked ? [asked.uuid] : []) },
    nowMs,
  });
  return (["ask", "alone", "suspects", "aside"] as const).find((list) => triage[list].length > 0);
}

test("a domain is asked like all others until something is known against it", () => {
  assert.equal(place(new DomainHealth()), "ask");
  assert.equal(place(new DomainHealth(), { trouble: "suspect" }), "suspects");
  assert.equal(place(new DomainHealth(), { trouble: "waiting" }), "aside");
  assert.equal(place(new DomainHealth(), { trouble: "stopped" }), "aside");
});

for (const { trouble, later, placed } of [
  { trouble: "stopped", later: { state: ControlState.ok }, placed: "ask" },
  { trouble: "waiting", later: { state: ControlState.ok }, placed: "ask" },
  { trouble: "stopped", later: { state: ControlState.occupied, stateTimeMs: 900 }, placed: "aside" },
  { trouble: "stopped", later: {}, placed: "aside" },
  { trouble: undefined, later: { state: ControlState.ok }, placed: "alone" },
  { trouble: undefined, later: { state: ControlState.job, stateTimeMs: 9000 }, placed: "alone" },
  { trouble: undefined, later: { state: ControlState.occupied, stateTimeMs: 3 }, placed: "alone" },
  { trouble: undefined, later: { state: ControlState.occupied, stateTimeMs: 500 }, placed: "aside" },
  { trouble: undefined, later: { state: ControlState.error }, placed: "aside" },
  { trouble: undefined, later: { locked: true }, placed: "aside" },
  { trouble: "stopped", later: { trouble: "stopped", locked: true }, placed: "aside" },
  { trouble: undefined, later: { trouble: "stopped", state: ControlState.ok }, placed: "aside" },
] as const) {
  const before = trouble ?? "hung";
  test(`after ${before}, ${JSON.stringify(later)} means ${placed}`, () => {
    const health = new DomainHealth();
    place(health, trouble === undefined ? {} : { trouble });
    if (trouble === undefined) health.setSilent(domain, "hung", 0);
    assert.deepEqual(health.silent([domain]), [domain]);
    assert.equal(place(health, later), placed);
    assert.equal(health.silent([domain]).length, placed === "aside" ? 1 : 0);
  });
}

test("a silence lasts from its beginning, whatever its reason becomes", () => {
  const health = new DomainHealth();
  place(health);
  health.setSilent(domain, "hung", 1000);
  place(health, { trouble: "stopped", nowMs: 2000 });
  assert.deepEqual(health.silenceOf(domain, 3500.4), { why: "stopped", ms: 2500 });
});

test("nothing is carried over to another instance of the domain, nor past its absence", () => {
  const health = new DomainHealth();
  place(health);
  health.setSilent(domain, "hung", 0);
  const restarted = { ...domain, id: 8 };
  assert.deepEqual(health.silent([restarted]), []);
  assert.equal(place(health, {}, restarted), "ask");
  health.setWhole(restarted, { mask: 63, fields: 40 });
  health.triage([], new Map(), {
    probed: { infos: new Map(), locked: new Set() },
    nowMs: 0,
  });
  assert.equal(health.hasAnswered(restarted, 63), false);
});

test("records of other groups are not compared", () => {
  const health = new DomainHealth();
  place(health);
  health.setWhole(domain, { mask: 63, fields: 40 });
  assert.equal(health.isSuspect(domain, { mask: 17, fields: 8 }), true, "nothing to compare with");
  health.setWhole(domain, { mask: 17, fields: 8 });
  assert.equal(health.isSuspect(domain, { mask: 17, fields: 8 }), false);
  assert.equal(health.isSuspect(domain, { mask: 63, fields: 39 }), true);
});

test("fewer fields than before are suspect, and so is the first record", () => {
  const health = new DomainHealth();
  place(health);
  assert.equal(health.isSuspect(domain, { mask: 63, fields: 40 }), true);
  health.setWhole(domain, { mask: 63, fields: 40 });
  assert.deepEqual(
    [health.isSuspect(domain, { mask: 63, fields: 40 }), health.isSuspect(domain, { mask: 63, fields: 39 })],
    [false, true],
  );
});
