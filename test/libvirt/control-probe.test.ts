import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { isBlocked } from "../../src/libvirt/control-probe.ts";
import { connect, ControlState, listAllDomains } from "../../src/libvirt/index.ts";
import { Lanes } from "../../src/libvirt/lanes.ts";
import type { Simulator } from "../../src/simulator/index.ts";
import { simulated } from "../simulated.ts";

async function lanesTo(t: TestContext, simulator: Simulator): Promise<Lanes> {
  const lanes = new Lanes(await connect(simulator.uri), () => connect(simulator.uri));
  t.after(() => lanes.close());
  return lanes;
}

const LOCKED = { kind: "delay", procedure: "DOMAIN_GET_CONTROL_INFO", ms: 700 } as const;

function asked(simulator: Simulator): number {
  return simulator.stats.calls["DOMAIN_GET_CONTROL_INFO"] ?? 0;
}

function blocked(state: number, stateTimeMs: number): boolean {
  return isBlocked({ state, stateTimeMs, details: 0 });
}

test("what the daemon says of each domain, without those that are gone", async (t) => {
  const simulator = await simulated(t, { domains: 5 });
  const lanes = await lanesTo(t, simulator);
  const domains = await lanes.main.call(listAllDomains, { flags: 0 });
  simulator.destroyDomain(domains[1]?.uuid ?? "");
  const { infos, locked } = await lanes.control.look(domains);
  assert.deepEqual([infos.size, locked.size], [4, 0]);
  for (const { state } of infos.values()) assert.equal(state, ControlState.ok);
});

test("domains about which nothing is answered: two are found, the others are left out, none is asked twice", async (t) => {
  const simulator = await simulated(t, { domains: 5 });
  const lanes = await lanesTo(t, simulator);
  const domains = await lanes.main.call(listAllDomains, { flags: 0 });
  simulator.addFault(LOCKED);
  const first = await lanes.control.look(domains);
  assert.deepEqual(
    [...first.locked],
    domains.slice(0, 2).map(({ uuid }) => uuid),
  );
  assert.equal(first.infos.size, 0);
  const again = await lanes.control.look(domains);
  assert.equal(again.locked.size, 2);
  assert.equal(asked(simulator), 2);
  assert.equal(lanes.stuck, 0);
  simulator.clearFault();
  await sleep(800);
  const after = await lanes.control.look(domains);
  assert.deepEqual([after.infos.size, after.locked.size], [5, 0]);
});

test("a look does not wait for a connection whose places are all taken", async (t) => {
  const simulator = await simulated(t, { domains: 4 });
  const lanes = await lanesTo(t, simulator);
  const domains = await lanes.main.call(listAllDomains, { flags: 0 });
  simulator.addFault({ kind: "delay", procedure: "CONNECT_GET_LIB_VERSION", ms: 1000 });
  simulator.addFault({ kind: "delay", procedure: "CONNECT_LIST_ALL_DOMAINS", ms: 1000 });
  const slow = Array.from({ length: 4 }, () => lanes.main.call(listAllDomains, { flags: 0 }));
  const begunMs = performance.now();
  assert.equal((await lanes.control.look(domains)).infos.size, 4);
  assert.ok(performance.now() - begunMs < 500);
  assert.equal(simulator.stats.connections, 2);
  await Promise.all(slow);
});

test("blocked is who is occupied for half a second; a job and a moment are not", () => {
  const { ok, job, occupied, error } = ControlState;
  assert.deepEqual(
    [
      blocked(occupied, 500),
      blocked(occupied, 499),
      blocked(job, 9000),
      blocked(error, 9000),
      blocked(ok, 0),
    ],
    [true, false, false, false, false],
  );
});
