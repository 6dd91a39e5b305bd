import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { systemClock } from "../../src/clock.ts";
import { readProcPidStatNow } from "../../src/host/proc-pid-stat.ts";
import { connect, ControlState, getAllDomainStats } from "../../src/libvirt/index.ts";
import type { Simulator } from "../../src/simulator/index.ts";
import { CORE_MASK } from "../core-groups.ts";
import { simulated } from "../simulated.ts";
import { Collector, control, running } from "./collector.ts";

const FULL =
  "balloon block block-detail block-size cpu cpu-monitor haltpoll interface rss state vcpu vcpu-count vcpu-kvm vcpu-state";
const QUIET = "control interface state";
/** What the daemon knows of a domain without asking its QEMU. */
const PARTIAL = "balloon block block-size cpu haltpoll interface rss state vcpu vcpu-count vcpu-state";

function bulkCalls(simulator: Simulator): number {
  return simulator.stats.calls["CONNECT_GET_ALL_DOMAIN_STATS"] ?? 0;
}

test("a domain that hangs: found, set aside, asked again when it answers, and told to the end", async (t) => {
  const simulator = await simulated(t, { domains: 12 });
  const collector = await Collector.open(t, simulator);
  const [sick = "", well = ""] = running(simulator);
  assert.equal((await collector.cycle()).groups.get(sick), FULL);

  simulator.addFault({ kind: "hang", domain: sick });
  for (let round = 0; round < 3; round++) {
    const begunMs = performance.now();
    const cycle = await collector.cycle();
    if (round > 0) assert.ok(performance.now() - begunMs < 500, "it is known by now");
    assert.deepEqual([cycle.groups.get(sick), cycle.groups.get(well)], [QUIET, FULL]);
    assert.equal(control(cycle, sick)?.state, ControlState.occupied);
    assert.ok(Number(control(cycle, sick)?.stateTimeMs) >= 500);
    assert.deepEqual(
      cycle.problems.map(({ message }) => message),
      [
        `Cannot read all statistics of ${sick}: QEMU does not answer; look at its log, its storage and its threads`,
      ],
    );
    assert.equal(collector.lanes.stuck, 1);
  }
  simulator.clearFault();
  await sleep(50);
  const back = await collector.cycle();
  assert.equal(back.groups.get(sick), FULL.replace("cpu ", "control cpu "));
  assert.deepEqual(control(back, sick), { state: ControlState.ok, stateTimeMs: 0 });
  assert.deepEqual([back.problems.length, collector.lanes.stuck], [0, 0]);
  assert.equal((await collector.cycle()).groups.get(sick), FULL);
});

test("a domain whose process is stopped is not asked at all, and every other one is", async (t) => {
  const simulator = await simulated(t, { domains: 30 });
  const collector = await Collector.open(t, simulator);
  const { pid } = sleeper(t);
  const sick = simulator.domains()[3];
  assert.ok(sick);
  simulator.addFault({ kind: "hang", domain: sick.name });
  collector.processes = new Map([[sick.uuid, { pid, startedAtNs: 0n }]]);
  process.kill(pid, "SIGSTOP");
  for (let waitedMs = 0; readProcPidStatNow("/proc", pid)?.state !== "T"; waitedMs += 5) {
    assert.ok(waitedMs < 5000, "it does not stop");
    await sleep(5);
  }
  const seen = (state: string, agoMs: number) => {
    const now = systemClock.now();
    const at = { ...now, monotonicMs: now.monotonicMs - agoMs };
    const statistics = { readAt: { process: at }, items: {} };
    collector.local = new Map([[sick.uuid, { state, statistics, likeLibvirt: undefined }]]);
  };
  // What was seen to be well a while ago is looked at once more.
  seen("S", 1000);
  await collector.cycle();
  assert.equal(collector.lanes.stuck, 0);
  seen("T", 0);
  const cycle = await collector.cycle();
  assert.equal(collector.lanes.stuck, 0);
  for (const [name, groups] of cycle.groups) {
    assert.equal(groups, name === sick.name ? QUIET.replace("interface", "interface process") : FULL);
  }
  collector.local = new Map();
  assert.equal(control(cycle, sick.name)?.state, ControlState.occupied);
  assert.match(cycle.problems[0]?.message ?? "", /QEMU is stopped; send it SIGCONT/);

  simulator.clearFault();
  process.kill(pid, "SIGCONT");
  const back = await collector.cycle();
  assert.equal(control(back, sick.name)?.state, ControlState.ok);
  assert.deepEqual(back.problems, []);
  assert.equal((await collector.cycle()).groups.get(sick.name), FULL);
});

test("many stop in the middle of a cycle: a call for each chunk may be stuck, then all is seen", async (t) => {
  const simulator = await simulated(t, { domains: 30 });
  const collector = await Collector.open(t, simulator);
  await collector.cycle();
  const sick = simulator.domains().slice(0, 12);
  const { pid } = sleeper(t);
  collector.processes = new Map(sick.map(({ uuid }) => [uuid, { pid, startedAtNs: 0n }]));
  for (const { name } of sick) simulator.addFault({ kind: "hang", domain: name });
  setTimeout(() => process.kill(pid, "SIGSTOP"), 100);
  const cycle = await collector.cycle();
  const names = new Set(sick.map(({ name }) => name));
  for (const [name, groups] of cycle.groups) assert.equal(groups, names.has(name) ? QUIET : FULL);
  assert.ok(collector.lanes.stuck <= 2, "two chunks had such domains");
});

test("more hang than may be stuck: what is not asked is read without its monitor, and said to be so", async (t) => {
  const simulator = await simulated(t, { domains: 30 });
  const collector = await Collector.open(t, simulator);
  await collector.cycle();
  for (const name of running(simulator).slice(0, 8)) simulator.addFault({ kind: "hang", domain: name });
  const cycle = await collector.cycle();
  assert.equal(collector.lanes.stuck, 4);
  for (const groups of cycle.groups.values()) assert.match(groups, /\bstate\b/);
  assert.deepEqual(
    cycle.problems.map(({ message }) => message.replace(/^.*: /, "")),
    [
      "QEMU does not answer; look at its log, its storage and its threads",
      "calls are stuck at domains that hang, and no more were risked",
    ],
  );
  const asked = bulkCalls(simulator);
  const later = await collector.cycle();
  assert.ok(bulkCalls(simulator) - asked <= 3, "nobody is asked, only read");
  for (const groups of later.groups.values()) assert.match(groups, /^(control )?interface state$/);
  simulator.clearFault();
  await sleep(50);
  for (const groups of (await collector.cycle()).groups.values()) assert.match(groups, /\bblock\b/);
  assert.equal(collector.lanes.stuck, 0);
});

test("hung and then destroyed: it is gone, and its call is no longer stuck", async (t) => {
  const simulator = await simulated(t, { domains: 12 });
  const collector = await Collector.open(t, simulator);
  const [sick] = simulator.domains();
  assert.ok(sick);
  simulator.addFault({ kind: "hang", domain: sick.name });
  await collector.cycle();
  simulator.destroyDomain(sick.uuid);
  simulator.clearFault();
  await sleep(50);
  const cycle = await collector.cycle();
  assert.equal(cycle.groups.size, 11);
  assert.deepEqual([cycle.problems.length, collector.lanes.stuck], [0, 0]);
});

test("a domain that another client has got stuck at is found by what is missing, without a call getting stuck", async (t) => {
  const simulator = await simulated(t, { domains: 12 });
  const collector = await Collector.open(t, simulator);
  const other = await Collector.open(t, simulator);
  const [sick = ""] = running(simulator);
  await collector.cycle();
  simulator.addFault({ kind: "hang", domain: sick });
  await other.cycle();
  const cycle = await collector.cycle();
  assert.equal(collector.lanes.stuck, 0);
  assert.equal(control(cycle, sick)?.state, ControlState.occupied);
  assert.equal(cycle.problems.length, 1);
  assert.equal(cycle.groups.get(sick), PARTIAL.replace("cpu ", "control cpu "));
  assert.equal((await collector.cycle()).groups.get(sick), QUIET);
});

test("a domain that another client was busy with for a moment is asked again in the same cycle", async (t) => {
  const simulator = await simulated(t, { domains: 3 });
  const collector = await Collector.open(t, simulator);
  const { domains } = await collector.cycle();
  const [busy, slow] = domains;
  assert.ok(busy && slow);
  simulator.addFault({ kind: "delay", domain: busy.name, ms: 80 });
  simulator.addFault({ kind: "delay", domain: slow.name, ms: 150 });
  const other = await connect(simulator.uri);
  t.after(() => other.close());
  const elsewhere = other.call(getAllDomainStats, { domains: [busy], groups: CORE_MASK, flags: 0 });
  await sleep(20);
  const asked = bulkCalls(simulator);
  const cycle = await collector.cycle();
  assert.equal(cycle.groups.get(busy.name), FULL);
  assert.equal(cycle.statistics.get(busy.uuid)?.items.disk?.[0]?.values.readOperations !== undefined, true);
  assert.equal(bulkCalls(simulator) - asked, 2);
  assert.deepEqual(cycle.problems, []);
  await elsewhere;
});

test("a domain that another client is still busy with when it is asked again has not lost what is missing", async (t) => {
  const simulator = await simulated(t, { domains: 3 });
  const collector = await Collector.open(t, simulator);
  const { domains } = await collector.cycle();
  const [busy] = domains;
  assert.ok(busy);
  simulator.addFault({ kind: "delay", domain: busy.name, ms: 300 });
  const other = await connect(simulator.uri);
  t.after(() => other.close());
  const elsewhere = other.call(getAllDomainStats, { domains: [busy], groups: CORE_MASK, flags: 0 });
  await sleep(20);
  const cycle = await collector.cycle();
  assert.deepEqual([cycle.groups.get(busy.name), cycle.problems], [PARTIAL, []]);
  await elsewhere;
  simulator.clearFault();
  assert.equal((await collector.cycle()).groups.get(busy.name), FULL);
});

test("of a domain that the daemon keeps locked nothing is asked, and it is told as busy", async (t) => {
  const simulator = await simulated(t, { domains: 12 });
  const collector = await Collector.open(t, simulator);
  const [sick] = simulator.domains();
  assert.ok(sick);
  await collector.cycle();
  simulator.addFault({ kind: "hang", domain: sick.name });
  await collector.cycle();
  simulator.addFault({ kind: "delay", procedure: "DOMAIN_GET_CONTROL_INFO", ms: 800 });
  const cycle = await collector.cycle();
  assert.equal(cycle.groups.get(sick.name), "control");
  assert.equal(control(cycle, sick.name)?.state, ControlState.job);
  assert.match(cycle.problems[0]?.message ?? "", /libvirt is busy with it/);
  for (const [name, groups] of cycle.groups) if (name !== sick.name) assert.equal(groups, FULL);
});

test("nothing is taken of another run of a domain than the one that is listed", async (t) => {
  const simulator = await simulated(t, { domains: 3 });
  const collector = await Collector.open(t, simulator);
  const { domains, groups } = await collector.cycle();
  const [again, other] = domains;
  assert.ok(again && other);
  assert.equal(groups.get(again.name), FULL);
  const earlier = { ...again, id: again.id + 100 };
  const cycle = await collector.cycle(domains.map((domain) => (domain === again ? earlier : domain)));
  assert.deepEqual([cycle.groups.get(again.name), cycle.groups.get(other.name)], ["", FULL]);
});

test("with nothing sick a cycle costs its bulk calls alone, once every domain is known", async (t) => {
  const simulator = await simulated(t, { domains: 100 });
  const collector = await Collector.open(t, simulator);
  await collector.cycle();
  const before = { ...simulator.stats.calls };
  await collector.cycle();
  const earlier = new Map(Object.entries(before));
  const made = Object.entries(simulator.stats.calls)
    .map(([name, count]) => [name, count - (earlier.get(name) ?? 0)] as const)
    .filter(([, count]) => count > 0);
  assert.deepEqual(Object.fromEntries(made), {
    CONNECT_LIST_ALL_DOMAINS: 1,
    CONNECT_GET_ALL_DOMAIN_STATS: 3,
  });
});

/** A process to stop. */
function sleeper(t: TestContext): { pid: number } {
  const child = spawn("sleep", ["60"]);
  t.after(() => child.kill("SIGKILL"));
  assert.ok(child.pid);
  return { pid: child.pid };
}

test("what the kernel tells is not asked of libvirt, and where it does not libvirt is asked again", async (t) => {
  const simulator = await simulated(t, { domains: 6 });
  const pace = { cycleMs: 1, slowIntervalMs: 3_600_000, stretchAboveMs: 60_000 };
  const collector = await Collector.open(t, simulator, pace);
  const { domains } = await collector.cycle();
  const [one, other] = domains.filter(({ id }) => id >= 0);
  assert.ok(one && other);
  const at = systemClock.now();
  const cpu = {
    readAt: { cpu: at },
    items: { cpu: [{ path: [], parent: undefined, values: { timeNs: 42 } }] },
  };
  const likeLibvirt = { cpu, vcpu: undefined, rss: undefined, nics: undefined };
  collector.local = new Map([[one.uuid, { state: "S", statistics: { readAt: {}, items: {} }, likeLibvirt }]]);
  await sleep(5);
  const { statistics, records, groups } = await collector.cycle();
  assert.equal(statistics.get(one.uuid)?.items.cpu?.[0]?.values.timeNs, 42);
  assert.equal(records.get(one.uuid)?.readAt.cpu, undefined, "libvirt was not asked");
  assert.ok(records.get(one.uuid)?.readAt.vcpu, "the kernel did not tell");
  assert.match(groups.get(one.name) ?? "", /\bcpu\b.*\bvcpu\b/);
  assert.ok(records.get(other.uuid)?.readAt.cpu);

  collector.local = new Map();
  await sleep(5);
  const back = await collector.cycle();
  assert.notEqual(back.statistics.get(one.uuid)?.items.cpu?.[0]?.values.timeNs, 42);
  assert.ok(back.records.get(one.uuid)?.readAt.cpu);
});
