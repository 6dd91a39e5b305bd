/** What a source makes of events: at the simulator, which sends them as libvirt does. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { systemClock } from "../../src/clock.ts";
import type { DomainReading, HypervisorReading } from "../../src/readings/domain.ts";
import { type HypervisorOptions, HypervisorSource } from "../../src/readings/hypervisor-source.ts";
import { SIMULATED_EVENTS, type Simulator, type SimulatorOptions } from "../../src/simulator/index.ts";
import { simulated } from "../simulated.ts";

const never = new AbortController().signal;

interface Setting {
  readonly simulator: Simulator;
  readonly source: HypervisorSource;
  /** How often XML was read. */
  readonly xmlReads: () => number;
}

async function setting(
  t: TestContext,
  options: Omit<SimulatorOptions, "socketPath"> = {},
  more: Partial<HypervisorOptions> = {},
): Promise<Setting> {
  const simulator = await simulated(t, { domains: 3, ...options });
  const source = new HypervisorSource({
    uri: simulator.uri,
    timeoutMs: 2000,
    groups: new Set(["state", "cpu", "interface", "block"] as const),
    wanted: () => true,
    clock: systemClock,
    ...more,
  });
  t.after(() => source.close());
  return { simulator, source, xmlReads: () => simulator.stats.calls["DOMAIN_GET_XML_DESC"] ?? 0 };
}

function told({ events = [] }: HypervisorReading): string[] {
  return events.map(({ event }) => `${event.domain.name} ${event.type} ${event.detail}`);
}

function counts({ statistics: { items } }: DomainReading): Record<string, unknown> {
  return Object.fromEntries((items.event ?? []).map(({ path, values }) => [path.join(" "), values.count]));
}

function only(simulator: Simulator): string {
  const [domain] = simulator.domains();
  assert.ok(domain);
  return domain.uuid;
}

test("a domain that lives for a second between two cycles is told of, with what was read of it", async (t) => {
  const { simulator, source } = await setting(t);
  assert.deepEqual((await source.read(never)).events, []);
  const { uuid, id } = simulator.createDomain({ name: "brief", shape: { openstack: true } });
  await sleep(900);
  simulator.destroyDomain(uuid);
  await sleep(20);
  const reading = await source.read(never);
  assert.deepEqual(told(reading), ["brief started booted", "brief stopped destroyed"]);
  assert.equal(reading.domains.length, 3);
  const [gone, ...others] = reading.gone ?? [];
  assert.ok(gone);
  assert.deepEqual(others, []);
  assert.deepEqual([gone.uuid, gone.name, gone.id], [uuid, "brief", id]);
  assert.deepEqual(counts(gone), { "started booted": 1, "stopped destroyed": 1 });
  assert.notEqual(gone.statistics.items.cpu?.[0]?.values.timeNs, undefined, "its values were read in time");
  assert.notEqual(gone.description?.openstack, undefined);
  const observedNs = gone.observedSince?.wallNs ?? 0n;
  assert.ok(observedNs <= (gone.statistics.readAt.event?.wallNs ?? 0n));
  const next = await source.read(never);
  assert.deepEqual([next.gone, next.events], [[], []]);
});

test("a domain that ends at once is counted all the same", async (t) => {
  const { simulator, source } = await setting(t);
  await source.read(never);
  const { uuid } = simulator.createDomain({ name: "blink" });
  simulator.destroyDomain(uuid);
  await sleep(20);
  const { gone = [] } = await source.read(never);
  assert.deepEqual(gone.map(counts), [{ "started booted": 1, "stopped destroyed": 1 }]);
  assert.deepEqual(gone[0]?.statistics.readAt.cpu, undefined);
});

test("a domain of an earlier cycle that ended is gone with its last events and the names it had", async (t) => {
  const { simulator, source } = await setting(t, { domains: 0 });
  const { uuid } = simulator.createDomain({ name: "old", shape: { openstack: true } });
  const before = await source.read(never);
  simulator.destroyDomain(uuid);
  await sleep(20);
  const { domains, gone = [] } = await source.read(never);
  assert.deepEqual(domains, []);
  assert.deepEqual(gone[0]?.description, before.domains[0]?.description);
  assert.equal(gone[0]?.id, before.domains[0]?.id);
  assert.deepEqual(gone.map(counts), [{ "stopped destroyed": 1 }]);
});

test("counters go on from cycle to cycle; nothing is counted of domains that are not wanted", async (t) => {
  const { simulator, source } = await setting(t, {}, { wanted: (name) => name !== "vm-1" });
  await source.read(never);
  const [first, unwanted] = simulator.domains();
  assert.ok(first && unwanted?.name === "vm-1");
  for (let cycle = 1; cycle <= 3; cycle++) {
    simulator.fire(first.uuid, SIMULATED_EVENTS.reboot());
    simulator.fire(unwanted.uuid, SIMULATED_EVENTS.reboot());
    await sleep(20);
    const reading = await source.read(never);
    assert.deepEqual(told(reading), ["vm-0 reboot none"]);
    const domain: DomainReading | undefined = reading.domains.find(({ uuid }) => uuid === first.uuid);
    assert.ok(domain);
    assert.deepEqual(counts(domain), { "reboot none": cycle });
  }
});

test("an event about a domain's devices or metadata reads the XML of that domain again, and of no other", async (t) => {
  const { simulator, source, xmlReads } = await setting(t);
  await source.read(never);
  const uuid = only(simulator);
  for (const event of [
    SIMULATED_EVENTS.deviceAdded("net1"),
    SIMULATED_EVENTS.deviceRemoved("net1"),
    SIMULATED_EVENTS.metadata(2),
    SIMULATED_EVENTS.tunable([{ field: "blkdeviotune.disk", value: "vda" }]),
  ]) {
    const before = xmlReads();
    simulator.fire(uuid, event);
    await sleep(20);
    await source.read(never);
    assert.equal(xmlReads() - before, 1);
    await source.read(never);
    assert.equal(xmlReads() - before, 1);
  }
});

test("the guest agent's state is the XML's, then that of the events", async (t) => {
  const { simulator, source } = await setting(t, { domains: 1 });
  const agentState = async () => {
    await sleep(20);
    const [domain] = (await source.read(never)).domains;
    return domain?.statistics.items.guestAgent?.map(({ values }) => values.state);
  };
  assert.equal(await agentState(), undefined);
  simulator.fire(only(simulator), SIMULATED_EVENTS.guestAgent(1, 2));
  assert.deepEqual(await agentState(), [0]);
  simulator.fire(only(simulator), SIMULATED_EVENTS.guestAgent(2, 2));
  assert.deepEqual(await agentState(), [1]);
});

test("what happened while nobody listened is read in the XML of the next connection", async (t) => {
  const { simulator, source, xmlReads } = await setting(t, { domains: 2 });
  const agents = async (): Promise<unknown[]> => {
    await sleep(20);
    const { domains } = await source.read(never);
    return domains.map(({ statistics }) => statistics.items.guestAgent?.map(({ values }) => values.state));
  };
  await source.read(never);
  simulator.fire(only(simulator), SIMULATED_EVENTS.guestAgent(1, 2));
  assert.deepEqual(await agents(), [[0], undefined]);
  await simulator.restart(0);
  assert.deepEqual(await agents(), [[], undefined]);
  assert.deepEqual(await agents(), [undefined, undefined]);
  assert.equal(xmlReads(), 4);
});

test("after events that found no room the XML is read again", async (t) => {
  const { simulator, source, xmlReads } = await setting(t, { domains: 2 }, { eventLimit: 1 });
  await source.read(never);
  simulator.fire(only(simulator), SIMULATED_EVENTS.reboot());
  simulator.fire(only(simulator), SIMULATED_EVENTS.deviceAdded("net1"));
  await sleep(20);
  const { problems } = await source.read(never);
  assert.match(problems[0]?.message ?? "", /1 found no room/);
  await source.read(never);
  assert.equal(xmlReads(), 4);
  await source.read(never);
  assert.equal(xmlReads(), 4);
});

test("while a job runs it is read in each cycle; its end is an event with the final figures", async (t) => {
  const { simulator, source } = await setting(t, { domains: 1 });
  await source.read(never);
  const uuid = only(simulator);
  simulator.beginJob(uuid, { operation: 9, totalBytes: 1_000_000, lastsMs: 600 });
  const processed: number[] = [];
  let ended: HypervisorReading | undefined;
  for (let cycle = 0; cycle < 20 && ended === undefined; cycle++) {
    const reading = await source.read(never);
    const [job] = reading.domains[0]?.statistics.items.job ?? [];
    if (job !== undefined) {
      assert.deepEqual(job.path, ["backup"]);
      processed.push(Number(job.values.processedBytes));
    }
    if (reading.events?.length !== 0) ended = reading;
    await sleep(60);
  }
  assert.ok(processed.length > 3 && processed.every((bytes, index) => bytes > (processed[index - 1] ?? -1)));
  assert.equal(ended?.events?.length, 1);
  const event = ended.events[0]?.event;
  assert.ok(event?.kind === "jobCompleted");
  assert.deepEqual(
    [event.figures.operation, event.figures.totalBytes, event.figures.remainingBytes],
    ["backup", 1_000_000, 0],
  );
  assert.deepEqual(ended.domains[0]?.statistics.items.job, [], "its series end");
});

test("a job whose end nobody tells of is over all the same, a migration that left the domain here a failed one", async (t) => {
  const { simulator, source } = await setting(t, { domains: 1 });
  await source.read(never);
  const uuid = only(simulator);
  simulator.beginJob(uuid, { operation: 5, totalBytes: 1_000_000, lastsMs: 300, endsSilently: true });
  simulator.fire(uuid, SIMULATED_EVENTS.migrationIteration(1));
  await sleep(20);
  assert.equal((await source.read(never)).domains[0]?.statistics.items.job?.[0]?.path[0], "migration_out");
  await sleep(350);
  const over = await source.read(never);
  assert.deepEqual([over.domains[0]?.statistics.items.job, over.events], [[], []]);
  const { events = [], domains } = await source.read(never);
  const { name, id } = domains[0] ?? assert.fail();
  assert.deepEqual(events[0]?.event, {
    kind: "jobEnded",
    domain: { uuid, name, id },
    type: "job_ended",
    detail: "migration_out",
    outcome: "unknown",
  });
  const { migration, event: counted } = domains[0]?.statistics.items ?? {};
  assert.deepEqual(
    migration?.map(({ path, values }) => [path[0], values.count]),
    [["failed", 1]],
  );
  assert.deepEqual(
    counted?.map(({ path }) => path[0]),
    ["migration_iteration"],
    "what the agent found out is no event of libvirt's",
  );
});

test("events wait while the daemon does not answer, and after a restart they come again", async (t) => {
  const { simulator, source } = await setting(t);
  await source.read(never);
  simulator.fire(only(simulator), SIMULATED_EVENTS.reboot());
  await sleep(20);
  simulator.addFault({ kind: "error", procedure: "CONNECT_LIST_ALL_DOMAINS", code: 38, times: 1 });
  await assert.rejects(source.read(never));
  assert.deepEqual(told(await source.read(never)), ["vm-0 reboot none"]);

  await simulator.restart(20);
  await sleep(50);
  const read = async () => source.read(never).catch(() => undefined);
  while ((await read()) === undefined) await sleep(20);
  simulator.fire(only(simulator), SIMULATED_EVENTS.reboot());
  await sleep(20);
  const { domains, events = [] } = await source.read(never);
  assert.equal(events.length, 1);
  assert.deepEqual(domains[0] && counts(domains[0]), { "reboot none": 2 });
});

test("a hung newcomer holds up no cycle, and no second call goes to it", async (t) => {
  const { simulator, source } = await setting(t, {}, { lookAfterMs: 200 });
  await source.read(never);
  simulator.addFault({ kind: "hang", domain: "sick" });
  simulator.createDomain({ name: "sick" });
  await sleep(700);
  const begunMs = performance.now();
  const { domains } = await source.read(never);
  assert.ok(performance.now() - begunMs < 1500);
  const occupied = domains.filter(({ statistics: { items } }) => items.control?.[0]?.values.state === 2);
  assert.deepEqual(
    occupied.map(({ name }) => name),
    ["sick"],
  );
  assert.equal(domains.length, 4);
});

test("more events than can be kept are a problem that says how many", async (t) => {
  const { simulator, source } = await setting(t, { domains: 1 }, { eventLimit: 10 });
  await source.read(never);
  for (let count = 0; count < 15; count++) simulator.fire(only(simulator), SIMULATED_EVENTS.reboot());
  await sleep(20);
  const { events, problems } = await source.read(never);
  assert.equal(events?.length, 10);
  assert.match(problems[0]?.message ?? "", /5 found no room/);
});
