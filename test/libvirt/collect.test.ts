import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { systemClock } from "../../src/clock.ts";
import { collectDisks, collectMonitorless, collectStatistics } from "../../src/libvirt/collect.ts";
import {
  connect,
  type DomainStatsRecord,
  getAllDomainStats,
  getHostname,
  listAllDomains,
  StatsGroups,
} from "../../src/libvirt/index.ts";
import { Lanes } from "../../src/libvirt/lanes.ts";
import type { Simulator } from "../../src/simulator/index.ts";
import { simulated } from "../simulated.ts";
import { opened, xdr } from "./fake-daemon.ts";

const GROUPS = StatsGroups.state | StatsGroups.cpu;

async function lanesTo(test: TestContext, simulator: Simulator): Promise<Lanes> {
  const lanes = new Lanes(await connect(simulator.uri), () => connect(simulator.uri));
  test.after(() => lanes.close());
  return lanes;
}

async function requestFor(lanes: Lanes, records: DomainStatsRecord[]) {
  return {
    domains: await lanes.main.call(listAllDomains, { flags: 0 }),
    groups: GROUPS,
    groupsOf: () => GROUPS,
    timeoutMs: 5000,
    lookAfterMs: LOOK_AFTER_MS,
    clock: systemClock,
    onRecord: (record: DomainStatsRecord) => records.push(record),
  };
}

async function collectAll(test: TestContext, simulator: Simulator) {
  const lanes = await lanesTo(test, simulator);
  const records: DomainStatsRecord[] = [];
  const collection = await collectStatistics(lanes, await requestFor(lanes, records));
  return { records, lanes, ...collection };
}

/** A domain counts as hung when it was occupied for half a second; the look is a bit later. */
const LOOK_AFTER_MS = 600;

async function until(condition: () => boolean): Promise<void> {
  for (let waitedMs = 0; !condition(); waitedMs += 10) {
    assert.ok(waitedMs < 5000, "it did not happen within five seconds");
    await sleep(10);
  }
}

function bulkCalls(simulator: Simulator): number {
  return simulator.stats.calls["CONNECT_GET_ALL_DOMAIN_STATS"] ?? 0;
}

test("no domain, no call", async (t) => {
  const simulator = await simulated(t, { domains: 0 });
  const { records, problems } = await collectAll(t, simulator);
  assert.deepEqual([records.length, problems.length, bulkCalls(simulator)], [0, 0, 0]);
});

for (const [domains, calls] of [
  [1, 1],
  [9, 1],
  [30, 3],
  [100, 3],
  [260, 6],
] as const) {
  test(`${domains} domains are read by ${calls} bulk calls, each domain once`, async (t) => {
    const simulator = await simulated(t, { domains });
    const { records, problems } = await collectAll(t, simulator);
    assert.deepEqual(problems, []);
    assert.equal(bulkCalls(simulator), calls);
    assert.deepEqual(
      records.map(({ domain }) => domain.uuid).toSorted(),
      simulator
        .domains()
        .map(({ uuid }) => uuid)
        .toSorted(),
    );
  });
}

test("a domain that ends while it is asked fails the call, which is made once more", async (t) => {
  const simulator = await simulated(t, {
    domains: 30,
    faults: [{ kind: "error", procedure: "CONNECT_GET_ALL_DOMAIN_STATS", code: 38, times: 1 }],
  });
  const { records, problems } = await collectAll(t, simulator);
  assert.deepEqual([records.length, problems.length, bulkCalls(simulator)], [30, 0, 4]);
});

test("a chunk that fails twice costs its own domains only, and the problem names them", async (t) => {
  const simulator = await simulated(t, {
    domains: 30,
    faults: [{ kind: "error", procedure: "CONNECT_GET_ALL_DOMAIN_STATS", code: 38, times: 4 }],
  });
  const { records, problems } = await collectAll(t, simulator);
  assert.equal(records.length, 20);
  assert.equal(problems.length, 1);
  assert.match(problems[0]?.message ?? "", /^Cannot read the statistics of .+ and 7 more: /);
});

for (const { hung, records, unasked, what } of [
  { hung: [4], records: 29, unasked: 0, what: "one" },
  {
    hung: [4, 14, 24],
    records: 27,
    unasked: 0,
    what: "three in three chunks: the last call goes by the reserve",
  },
  { hung: [4, 5, 6], records: 27, unasked: 0, what: "three in one chunk" },
  { hung: [0, 10, 20, 29], records: 26, unasked: 0, what: "four, the last one at the very end" },
  { hung: [0, 10, 20, 25], records: 22, unasked: 4, what: "four, some behind the last one" },
] as const) {
  test(`hung: ${what}`, async (t) => {
    const simulator = await simulated(t, { domains: 30 });
    const names = simulator.domains().map(({ name }) => name);
    for (const index of hung) simulator.addFault({ kind: "hang", domain: names[index] ?? "" });
    const result = await collectAll(t, simulator);
    assert.deepEqual(
      result.hung.map(({ domain: { name } }) => name).toSorted(),
      hung.map((index) => names[index] ?? "").toSorted(),
    );
    for (const { control } of result.hung) assert.ok(Number(control?.stateTimeMs) >= 500);
    assert.deepEqual([result.records.length, result.unasked.length], [records, unasked]);
    assert.deepEqual(result.problems, []);
    assert.equal(result.lanes.stuck, hung.length);
    simulator.clearFault();
    await until(() => result.lanes.stuck === 0);
  });
}

test("never more than four calls are stuck: what could be a fifth is not asked, but can be read otherwise", async (t) => {
  const simulator = await simulated(t, { domains: 40 });
  const names = simulator.domains().map(({ name }) => name);
  for (const name of names.slice(0, 12)) simulator.addFault({ kind: "hang", domain: name });
  const { lanes, hung, records, unasked } = await collectAll(t, simulator);
  assert.deepEqual([hung.length, lanes.stuck, lanes.monitorCalls], [4, 4, 0]);
  assert.equal(records.length + hung.length + unasked.length, 40);
  assert.ok(unasked.length >= 8);

  const quiet: DomainStatsRecord[] = [];
  const request = await requestFor(lanes, quiet);
  assert.deepEqual(await collectMonitorless(lanes, request), []);
  assert.equal(quiet.length, 40);
  const [record] = quiet;
  assert.deepEqual(
    record?.parameters.map(({ field }) => field.split(".")[0]).filter((group) => group !== "state"),
    [],
  );
});

test("a chunk that is slow but healthy is waited for, and nobody is taken for hung", async (t) => {
  const simulator = await simulated(t, { domains: 9 });
  for (const { name } of simulator.domains()) simulator.addFault({ kind: "delay", domain: name, ms: 120 });
  const { hung, records, problems, lanes } = await collectAll(t, simulator);
  assert.deepEqual([hung.length, records.length, problems.length, lanes.stuck], [0, 9, 0, 0]);
  assert.ok((simulator.stats.calls["DOMAIN_GET_CONTROL_INFO"] ?? 0) >= 9, "it was looked at");
});

test("suspects are asked last and each by a call of its own", async (t) => {
  const simulator = await simulated(t, { domains: 12 });
  const lanes = await lanesTo(t, simulator);
  const records: DomainStatsRecord[] = [];
  const request = await requestFor(lanes, records);
  const alone = request.domains.slice(0, 2);
  await collectStatistics(lanes, { ...request, domains: request.domains.slice(2), alone });
  assert.equal(bulkCalls(simulator), 3);
  assert.deepEqual(
    records.slice(-2).map(({ domain: { uuid } }) => uuid),
    alone.map(({ uuid }) => uuid),
  );
});

async function collectCounters(test: TestContext, simulator: Simulator, disks: readonly string[]) {
  const lanes = await lanesTo(test, simulator);
  const counters = new Map<string, number>();
  const without: string[] = [];
  const collection = await collectDisks(lanes, {
    ...(await requestFor(lanes, [])),
    disksOf: () => disks,
    onCounters: ({ name }, each) => counters.set(name, each.flat().length),
    onRefused: ({ name }) => without.push(name),
  });
  return { lanes, counters, without, ...collection };
}

function diskCalls(simulator: Simulator): number {
  return simulator.stats.calls["DOMAIN_BLOCK_STATS_FLAGS"] ?? 0;
}

test("counters of single disks: a call for each, all of a domain's together", async (t) => {
  const simulator = await simulated(t, { domains: 30 });
  const { counters, without, problems } = await collectCounters(t, simulator, ["vda"]);
  assert.deepEqual([counters.size, without.length, problems.length], [30, 0, 0]);
  assert.deepEqual([diskCalls(simulator), new Set(counters.values())], [30, new Set([8])]);
});

test("counters of single disks: a domain without such a disk is told", async (t) => {
  const simulator = await simulated(t, { domains: 4 });
  const { counters, without, problems } = await collectCounters(t, simulator, ["vda", "nodisk"]);
  assert.deepEqual([counters.size, without.length, problems.length], [0, 4, 0]);
});

test("counters of single disks: one that hangs costs itself alone, and nobody is asked twice", async (t) => {
  const simulator = await simulated(t, { domains: 30 });
  const sick = simulator.domains()[4]?.name ?? "";
  simulator.addFault({ kind: "hang", domain: sick });
  const { counters, hung, lanes } = await collectCounters(t, simulator, ["vda"]);
  assert.deepEqual(
    hung.map(({ domain: { name } }) => name),
    [sick],
  );
  assert.deepEqual([counters.size, lanes.stuck, diskCalls(simulator)], [29, 1, 30]);
});

test("calls that cannot be looked after count as stuck, and what they bring later is nobody's", async () => {
  const late: (() => void)[] = [];
  const noDomains = xdr((writer) => writer.u32(0));
  await using session = await opened({
    [getAllDomainStats.number]: (peer, call) => late.push(() => peer.reply(call, noDomains)),
    [getHostname.number]: () => undefined,
  });
  const { connection } = session;
  // It takes the place of what could look, and there is no second connection.
  connection.call(getHostname).catch(() => undefined);
  const lanes = new Lanes(connection, () => Promise.reject(new Error("too many clients")));
  const domains = Array.from({ length: 30 }, (_, index) => ({
    name: `vm-${index}`,
    uuid: `00000000-0000-0000-0000-0000000000${index + 10}`,
    id: index,
  }));
  let told = 0;
  const { problems } = await collectStatistics(lanes, {
    domains,
    groupsOf: () => GROUPS,
    timeoutMs: 5000,
    lookAfterMs: 20,
    clock: {
      now() {
        told += 1;
        return systemClock.now();
      },
    },
    onRecord: () => undefined,
  });
  assert.match(problems[0]?.message ?? "", /of vm-0, vm-1, vm-2 and 27 more: too many clients$/);
  assert.deepEqual([late.length, lanes.stuck, lanes.monitorCalls], [3, 3, 1]);
  for (const answer of late) answer();
  await until(() => lanes.stuck === 0);
  assert.equal(told, 0);
});
