import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";

import { type Clock, systemClock } from "../../src/clock.ts";
import { connect, type DomainRef, listAllDomains } from "../../src/libvirt/index.ts";
import { Lanes } from "../../src/libvirt/lanes.ts";
import { type JobsReading, JobWatch } from "../../src/readings/job-watch.ts";
import type { Simulator } from "../../src/simulator/index.ts";
import { simulated } from "../simulated.ts";

interface Setting {
  readonly simulator: Simulator;
  readonly lanes: Lanes;
  readonly domains: readonly DomainRef[];
  readonly asked: () => number;
  readonly read: (isAtWork: boolean) => Promise<JobsReading>;
}

async function setting(t: TestContext, count: number, clock: Clock = systemClock): Promise<Setting> {
  const simulator = await simulated(t, { domains: count });
  const lanes = new Lanes(await connect(simulator.uri), () => connect(simulator.uri));
  t.after(() => lanes.close());
  const domains = await lanes.main.call(listAllDomains, { flags: 0 });
  const watch = new JobWatch(clock);
  const read = (isAtWork: boolean): Promise<JobsReading> =>
    watch.read(lanes, domains, {
      isAtWork: () => isAtWork,
      isSilent: () => false,
      signal: new AbortController().signal,
    });
  const asked = (): number => simulator.stats.calls["DOMAIN_GET_JOB_STATS"] ?? 0;
  return { simulator, lanes, domains, asked, read };
}

test("where more jobs run than are asked in a cycle, each is asked in one of the next", async (t) => {
  const { simulator, domains, asked, read } = await setting(t, 100);
  for (const { uuid } of domains)
    simulator.beginJob(uuid, { operation: 5, totalBytes: 1_000_000, lastsMs: 60_000 });
  const seen = new Set<string>();
  for (let cycle = 1; cycle <= 4; cycle++) {
    const before = asked();
    const { statistics } = await read(true);
    assert.ok(asked() - before <= 40, "a cycle does not ask all");
    for (const uuid of statistics.keys()) seen.add(uuid);
  }
  assert.equal(seen.size, 100);
});

test("domains without a sign of a job are asked in turn, eight a cycle", async (t) => {
  const { simulator, domains, asked, read } = await setting(t, 20);
  const hidden = domains[19]?.uuid ?? "";
  simulator.beginJob(hidden, { operation: 9, totalBytes: 1_000_000, lastsMs: 60_000 });
  const found: boolean[] = [];
  for (let cycle = 0; cycle < 3; cycle++) found.push((await read(false)).statistics.has(hidden));
  assert.deepEqual([asked(), found], [24, [false, false, true]]);
});

test("a domain that is late is enough for a cycle, and is not asked again while its call may be unanswered", async (t) => {
  let nowMs = 0;
  const clock = { now: () => ({ wallNs: 0n, monotonicMs: nowMs }) };
  const { simulator, lanes, asked, read } = await setting(t, 2, clock);
  simulator.addFault({ kind: "delay", procedure: "DOMAIN_GET_JOB_STATS", ms: 600_000 });
  const made: number[] = [];
  for (let cycle = 0; cycle < 4; cycle++) {
    await read(true);
    made.push(asked());
  }
  assert.deepEqual([made, lanes.stuck], [[1, 2, 2, 2], 2]);
  nowMs += 40_000;
  await read(true);
  assert.equal(asked(), 3);
});
