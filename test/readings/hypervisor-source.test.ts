import assert from "node:assert/strict";
import { test } from "node:test";

import { type Clock, systemClock } from "../../src/clock.ts";
import { HypervisorSource, type HypervisorOptions } from "../../src/readings/hypervisor-source.ts";
import { pkiFolder, tlsRelay } from "../libvirt/transports/tls-relay.ts";
import { simulated } from "../simulated.ts";

const never = new AbortController().signal;

function options(uri: string): HypervisorOptions {
  const groups = new Set(["state", "cpu", "interface", "block"] as const);
  return { uri, timeoutMs: 2000, groups, wanted: () => true, clock: systemClock };
}

test("a reading has every domain with its statistics and its description", async (t) => {
  const simulator = await simulated(t, { domains: 12 });
  const source = new HypervisorSource(options(simulator.uri));
  t.after(() => source.close());
  const { domains, problems, unknownFields, identity } = await source.read(never);
  assert.deepEqual(problems, []);
  assert.equal(unknownFields.size, 0);
  assert.notEqual(identity.hostName, "");
  assert.equal(domains.length, 12);
  for (const { name, uuid, description, statistics } of domains) {
    assert.equal(description?.name, name);
    assert.equal(description?.uuid, uuid);
    assert.notEqual(statistics.items.cpu?.[0]?.values.timeNs, undefined);
    assert.ok(statistics.readAt.cpu);
  }
});

test("a hypervisor on another machine has neither this machine's id nor its processes", async (t) => {
  const simulator = await simulated(t, { domains: 2 });
  const port = await tlsRelay(t, simulator.socketPath);
  const uri = `qemu+tls://127.0.0.1:${port}/system?pkipath=${await pkiFolder(t)}`;
  const source = new HypervisorSource(options(uri));
  t.after(() => source.close());
  const { domains, problems, identity } = await source.read(never);
  assert.deepEqual(problems, []);
  assert.equal(identity.hostId, undefined);
  assert.deepEqual(
    domains.map(({ process }) => process),
    [undefined, undefined],
  );
});

test("XML is read once, again for a domain that is new, and never for one that is not wanted", async (t) => {
  const simulator = await simulated(t, { domains: 3 });
  const [unwanted] = simulator.domains();
  const source = new HypervisorSource({
    ...options(simulator.uri),
    wanted: (name) => name !== unwanted?.name,
  });
  t.after(() => source.close());
  const xmlReads = () => simulator.stats.calls["DOMAIN_GET_XML_DESC"] ?? 0;
  assert.equal((await source.read(never)).domains.length, 2);
  await source.read(never);
  assert.equal(xmlReads(), 2);
  simulator.createDomain({ name: "newcomer" });
  const { domains } = await source.read(never);
  assert.equal(xmlReads(), 3);
  assert.equal(domains.find(({ name }) => name === "newcomer")?.description?.name, "newcomer");
});

test("a domain whose XML cannot be read has its statistics, and is asked again in the next cycle", async (t) => {
  const simulator = await simulated(t, {
    domains: 1,
    faults: [{ kind: "error", procedure: "DOMAIN_GET_XML_DESC", code: 38, times: 1 }],
  });
  const source = new HypervisorSource(options(simulator.uri));
  t.after(() => source.close());
  const first = await source.read(never);
  assert.equal(first.problems.length, 1);
  assert.match(first.problems[0]?.message ?? "", /^Cannot read the XML of /);
  assert.equal(first.domains[0]?.description, undefined);
  assert.ok(first.domains[0]?.statistics.items.cpu);
  const second = await source.read(never);
  assert.deepEqual(second.problems, []);
  assert.ok(second.domains[0]?.description);
});

test("more XML than there is time for is read in the next cycles, and told of in one line", async (t) => {
  const simulator = await simulated(t, {
    domains: 60,
    faults: [{ kind: "delay", procedure: "DOMAIN_GET_XML_DESC", ms: 100 }],
  });
  const source = new HypervisorSource({ ...options(simulator.uri), timeoutMs: 1000 });
  t.after(() => source.close());
  const missing: number[] = [];
  const told: string[] = [];
  do {
    const { domains, problems } = await source.read(never);
    missing.push(domains.filter(({ description }) => description === undefined).length);
    assert.equal(problems.length, missing.at(-1) === 0 ? 0 : 1);
    told.push(...problems.map(({ message }) => message));
  } while (missing.at(-1) !== 0 && missing.length < 10);
  assert.match(
    told[0] ?? "",
    /^Cannot read the XML of vm-\d+, vm-\d+, vm-\d+ and \d+ more: not all is read within 1000 ms/,
  );
  assert.equal(missing.at(-1), 0);
  assert.equal(simulator.stats.calls["DOMAIN_GET_XML_DESC"], 60, "none was asked twice");
});

test("a domain without statistics in a cycle is in the reading, with a problem that says why", async (t) => {
  const simulator = await simulated(t, {
    domains: 1,
    faults: [{ kind: "error", procedure: "CONNECT_GET_ALL_DOMAIN_STATS", code: 38, times: 2 }],
  });
  const source = new HypervisorSource(options(simulator.uri));
  t.after(() => source.close());
  const { domains, problems } = await source.read(never);
  assert.equal(domains.length, 1);
  assert.deepEqual(domains[0]?.statistics, { readAt: {}, items: {} });
  assert.match(problems[0]?.message ?? "", /^Cannot read the statistics of /);
});

test("after a restart of the daemon the next reading connects again", async (t) => {
  const simulator = await simulated(t, { domains: 2 });
  const source = new HypervisorSource(options(simulator.uri));
  t.after(() => source.close());
  await source.read(never);
  await simulator.restart(50);
  await assert.doesNotReject(async () => {
    // The end of the old connection and the new socket may each take a moment to show.
    for (let attempt = 0; attempt < 50; attempt++) {
      const failed = await source.read(never).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (failed === undefined) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error("it never came back");
  });
});

test("a daemon that is not there is an error that says where it was looked for", async () => {
  const source = new HypervisorSource(options("qemu+unix:///system?socket=/nonexistent/libvirt-sock-ro"));
  await assert.rejects(source.read(never), { code: "LIBVIRT_SOCKET_MISSING" });
});

test("a list that does not come is replaced by the last one, while the daemon is otherwise alive", async (t) => {
  const simulator = await simulated(t, { domains: 3 });
  const source = new HypervisorSource(options(simulator.uri));
  t.after(() => source.close());
  await source.read(never);
  simulator.addFault({ kind: "delay", procedure: "CONNECT_LIST_ALL_DOMAINS", ms: 1500 });
  simulator.createDomain({ name: "newcomer" });
  for (let round = 0; round < 2; round++) {
    const begunMs = performance.now();
    const { domains } = await source.read(never);
    assert.ok(performance.now() - begunMs < 1200);
    assert.equal(domains.length, 3);
    for (const { statistics } of domains) assert.ok(statistics.items.cpu);
  }
  simulator.clearFault();
  await new Promise((resolve) => setTimeout(resolve, 1000));
  assert.equal((await source.read(never)).domains.length, 4);
});

test("a daemon that answers nothing at all is a source that fails, soon, without calls piling up", async (t) => {
  const simulator = await simulated(t, { domains: 3 });
  const source = new HypervisorSource(options(simulator.uri));
  t.after(() => source.close());
  await source.read(never);
  assert.equal(source.connection?.connected, true);
  const calls = () => Object.values(simulator.stats.calls).reduce((sum, count) => sum + count, 0);
  simulator.addFault({ kind: "delay", ms: 60_000 });
  const before = calls();
  for (let round = 0; round < 3; round++) {
    await assert.rejects(source.read(never), /does not list its domains/);
  }
  assert.ok(calls() - before <= 2, "a list and a sign of life");
});

/** A wall and a monotonic clock that go on when they are told to. */
function settableClock(): Clock & { nowMs: number } {
  return {
    nowMs: 0,
    now() {
      const { nowMs } = this;
      return { wallNs: 1_800_000_000_000_000_000n + BigInt(nowMs) * 1_000_000n, monotonicMs: nowMs };
    },
  };
}

test("paced, a cycle reads what changes, and what it does not read it knows from before", async (t) => {
  const simulator = await simulated(t, { domains: 60, release: "9.0" });
  const clock = settableClock();
  const source = new HypervisorSource({
    ...options(simulator.uri),
    groups: new Set(["state", "interface", "cpu", "vcpu-count", "block", "block-size"]),
    clock,
    pace: { cycleMs: 10_000, slowIntervalMs: 120_000, stretchAboveMs: 5000 },
  });
  t.after(() => source.close());
  const first = await source.read(never);
  clock.nowMs += 10_000;
  const counted = { ...simulator.stats.calls };
  const { domains, problems } = await source.read(never);
  assert.deepEqual(problems, []);
  const few = domains.filter(({ lastKnown }) => lastKnown.items.disk?.length === 1);
  const slow = few.filter(({ statistics }) => statistics.items.vcpuCount !== undefined);
  assert.ok(few.length > 0 && slow.length < few.length / 2, `${slow.length} of ${few.length}`);
  for (const { name, statistics, lastKnown } of few) {
    const before = first.domains.find((domain) => domain.name === name);
    assert.ok(statistics.readAt.cpu && statistics.readAt.block && statistics.readAt.interface);
    assert.deepEqual(lastKnown.items.vcpuCount, before?.statistics.items.vcpuCount);
    assert.deepEqual(
      statistics.items.disk?.map(({ path, values }) => ({ path, name: values.name })),
      before?.statistics.items.disk?.map(({ path, values }) => ({ path, name: values.name })),
    );
    for (const { values } of statistics.items.disk ?? []) {
      if (statistics.items.vcpuCount !== undefined) continue;
      assert.equal(values.capacityBytes, undefined, "read seldom");
      assert.equal(typeof values.readBytes, "number");
    }
  }
  const made = simulator.stats.calls["DOMAIN_BLOCK_STATS_FLAGS"] ?? 0;
  assert.ok(made > 0 && counted["DOMAIN_BLOCK_STATS_FLAGS"] === undefined);
});

test("a disk that refuses to be asked alone is read with the group in the same cycle, and from then on", async (t) => {
  const simulator = await simulated(t, { domains: 12, release: "9.0" });
  const clock = settableClock();
  const source = new HypervisorSource({
    ...options(simulator.uri),
    groups: new Set(["state", "block"]),
    clock,
    pace: { cycleMs: 10_000, slowIntervalMs: 120_000, stretchAboveMs: 5000 },
  });
  t.after(() => source.close());
  await source.read(never);
  simulator.addFault({ kind: "error", procedure: "DOMAIN_BLOCK_STATS_FLAGS", code: 1 });
  const tries: (number | undefined)[] = [];
  for (let cycle = 0; cycle < 3; cycle++) {
    clock.nowMs += 10_000;
    const { domains, problems } = await source.read(never);
    assert.deepEqual(problems, []);
    for (const { statistics } of domains) {
      assert.equal(typeof statistics.items.disk?.[0]?.values.readBytes, "number");
    }
    tries.push(simulator.stats.calls["DOMAIN_BLOCK_STATS_FLAGS"]);
  }
  assert.ok(Number(tries[0]) > 0);
  assert.deepEqual(tries, [tries[0], tries[0], tries[0]]);
});
