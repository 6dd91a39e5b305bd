import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";

import { systemClock } from "../../src/clock.ts";
import { collectStatistics } from "../../src/libvirt/collect.ts";
import { connect, type DomainStatsRecord, listAllDomains, StatsGroups } from "../../src/libvirt/index.ts";
import type { Simulator } from "../../src/simulator/index.ts";
import { simulated } from "../simulated.ts";

interface Collection {
  readonly records: readonly DomainStatsRecord[];
  readonly problems: readonly Error[];
}

async function collectAll(test: TestContext, simulator: Simulator, deadlineMs = 5000): Promise<Collection> {
  const connection = await connect(simulator.uri);
  test.after(() => connection.close());
  const domains = await connection.call(listAllDomains, { flags: 0 });
  const records: DomainStatsRecord[] = [];
  const problems = await collectStatistics(connection, {
    domains,
    groups: StatsGroups.state | StatsGroups.cpu,
    deadlineMs,
    clock: systemClock,
    onRecord: (record) => records.push(record),
  });
  return { records, problems };
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
  assert.match(problems[0]?.message ?? "", /^Cannot read the statistics of .+ and 9 more: /);
});

test("a hung domain costs its chunk until the deadline, and the others arrive", async (t) => {
  const simulator = await simulated(t, { domains: 30 });
  const [first] = simulator.domains();
  assert.ok(first);
  simulator.addFault({ kind: "hang", domain: first.name });
  const { records, problems } = await collectAll(t, simulator, 150);
  assert.equal(records.length, 20);
  assert.equal(problems.length, 1);
});
