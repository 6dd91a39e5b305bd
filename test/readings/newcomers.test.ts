import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { systemClock } from "../../src/clock.ts";
import { connect, type DomainRef, listAllDomains } from "../../src/libvirt/index.ts";
import { Lanes } from "../../src/libvirt/lanes.ts";
import { Newcomers } from "../../src/readings/newcomers.ts";
import { createStatisticsReader } from "../../src/readings/read-statistics.ts";
import type { Simulator } from "../../src/simulator/index.ts";
import { simulated } from "../simulated.ts";

interface Setting {
  readonly simulator: Simulator;
  readonly lanes: Lanes;
  readonly newcomers: Newcomers;
  readonly domain: DomainRef;
  readonly looks: () => number;
}

async function setting(t: TestContext): Promise<Setting> {
  const simulator = await simulated(t, { domains: 1 });
  const lanes = new Lanes(await connect(simulator.uri), () => connect(simulator.uri));
  const newcomers = new Newcomers({
    groups: new Set(["state", "cpu"] as const),
    timeoutMs: 5000,
    clock: systemClock,
    reader: createStatisticsReader(),
    session: () => ({ lanes }),
  });
  t.after(async () => {
    newcomers.close();
    await lanes.close();
  });
  const [domain] = await lanes.main.call(listAllDomains, { flags: 0 });
  assert.ok(domain);
  const looks = () => simulator.stats.calls["CONNECT_GET_ALL_DOMAIN_STATS"] ?? 0;
  return { simulator, lanes, newcomers, domain, looks };
}

test("a look that is late when a cycle begins is one of the stuck calls, and brings nothing any more", async (t) => {
  const { simulator, lanes, newcomers, domain, looks } = await setting(t);
  simulator.addFault({ kind: "delay", procedure: "CONNECT_GET_ALL_DOMAIN_STATS", ms: 1500 });
  newcomers.apply({ type: "started", domain });
  await sleep(400);
  assert.equal(looks(), 1);
  await newcomers.pause();
  await sleep(20);
  assert.equal(lanes.stuck, 1);
  while (lanes.stuck > 0) await sleep(20);
  await sleep(20);
  assert.equal(newcomers.get(domain.uuid), undefined);
});

test("a newcomer is looked at until a cycle has listed it, whatever became of its events", async (t) => {
  const { newcomers, domain, looks } = await setting(t);
  newcomers.apply({ type: "started", domain });
  await newcomers.pause();
  newcomers.resume(undefined);
  await sleep(400);
  assert.equal(looks(), 1, "a cycle without a list of its own has not seen to it");
  assert.notEqual(newcomers.get(domain.uuid)?.statistics.items.state, undefined);
  const listedAt = systemClock.now();
  await newcomers.pause();
  newcomers.resume(listedAt);
  await sleep(400);
  assert.deepEqual([looks(), newcomers.get(domain.uuid)], [1, undefined]);

  const before = systemClock.now();
  await sleep(5);
  newcomers.apply({ type: "started", domain });
  await newcomers.pause();
  newcomers.resume(before);
  await sleep(400);
  assert.equal(looks(), 2, "it started after the list");
});
