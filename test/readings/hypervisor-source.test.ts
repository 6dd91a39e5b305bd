import assert from "node:assert/strict";
import { test } from "node:test";

import { systemClock } from "../../src/clock.ts";
import { StatsGroups } from "../../src/libvirt/index.ts";
import { HypervisorSource, type HypervisorOptions } from "../../src/readings/hypervisor-source.ts";
import { pkiFolder, tlsRelay } from "../libvirt/transports/tls-relay.ts";
import { simulated } from "../simulated.ts";

const never = new AbortController().signal;

function options(uri: string): HypervisorOptions {
  const { state, cpu, interface: nics, block } = StatsGroups;
  return { uri, timeoutMs: 2000, groups: state | cpu | nics | block, wanted: () => true, clock: systemClock };
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
