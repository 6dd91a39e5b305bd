import assert from "node:assert/strict";
import { test } from "node:test";

import { CPU_TIME, DeltaRun, histogram, only } from "./delta-run.ts";
import { description, domainReading, type Fields, second, secondNs } from "./readings.ts";

const OPERATIONS = "libvirt.domain.disk.operations";
const DURATION = "libvirt.domain.disk.operation.duration";

const vda = (count: number): Fields => ({ "block.0.name": "vda", "block.0.rd.reqs": count });
const exits = (count: number): Fields => ({ "vcpu.0.time": 1, "vcpu.0.exits.sum": count });
const vdb = (count: number): Fields => ({ "block.1.name": "vdb", "block.1.rd.reqs": count });

test("the first reading of what counted before gives no delta, the next one what came since", () => {
  const run = new DeltaRun();
  assert.equal(only(run.read({ "cpu.time": 5e15 }, 0), CPU_TIME), undefined);
  const points = run.read({ "cpu.time": 5e15 + 1_500_000_000 }, 10);
  assert.deepEqual(only(points, CPU_TIME), [1.5, secondNs(0)]);
  const [entry] = points.all?.metrics.filter(({ metric }) => metric.name === CPU_TIME) ?? [];
  assert.equal(entry?.metric.temporality, "delta");
  assert.equal(entry.points[0]?.timeNs, secondNs(10));
});

test("up-down counters stay cumulative and gauges what they are, from the first reading on", () => {
  const fields = { "state.state": 1, "balloon.current": 7, "vcpu.0.state": 1 };
  const run = new DeltaRun();
  for (const seconds of [0, 10]) {
    const points = run.read(fields, seconds);
    assert.equal(points.value("libvirt.domain.memory.balloon.size"), 7 * 1024);
    assert.equal(points.value("libvirt.domain.uptime"), 1000 + seconds);
    for (const { metric } of points.all?.metrics ?? [])
      assert.equal(metric.temporality, undefined, metric.name);
  }
});

test("a counter that went down starts anew and gives all of its value", () => {
  const run = new DeltaRun();
  run.read({ "cpu.time": 9e9 }, 0);
  assert.deepEqual(only(run.read({ "cpu.time": 2e9 }, 10), CPU_TIME), [2, secondNs(0)]);
  assert.deepEqual(only(run.read({ "cpu.time": 2e9 }, 20), CPU_TIME), [0, secondNs(10)]);
});

test("a group that was not read makes the next delta a longer one", () => {
  const run = new DeltaRun();
  run.read({ "state.state": 1, "cpu.time": 1e9 }, 0);
  assert.equal(only(run.read({ "state.state": 1 }, 10), CPU_TIME), undefined);
  assert.deepEqual(only(run.read({ "state.state": 1, "cpu.time": 4e9 }, 20), CPU_TIME), [3, secondNs(0)]);
});

test("a domain that starts while the agent looks is counted from its start", () => {
  const run = new DeltaRun();
  const uuid = "22222222-2222-3333-4444-555555555555";
  const process = { pid: 77, startedAtNs: secondNs(3) };
  run.update([domainReading({ "cpu.time": 7e9 }, second(0))], 0);
  const [, made] = run.update(
    [
      domainReading({ "cpu.time": 7e9 }, second(10)),
      domainReading({ "cpu.time": 5e9 }, second(10), { uuid, process }),
    ],
    10,
  );
  assert.ok(made);
  assert.deepEqual(only(made, CPU_TIME), [5, secondNs(3)]);
});

test("a domain that comes from elsewhere with an old process is not counted from its start", () => {
  const run = new DeltaRun();
  run.update([], 0);
  assert.equal(only(run.read({ "cpu.time": 5e12 }, 10), CPU_TIME), undefined);
  assert.deepEqual(only(run.read({ "cpu.time": 5e12 + 1e9 }, 20), CPU_TIME), [1, secondNs(10)]);
});

test("another life of a domain is counted from its start, with and without a process to look at", () => {
  for (const process of [{ pid: 4243, startedAtNs: secondNs(7) }, undefined]) {
    const run = new DeltaRun();
    run.read({ "cpu.time": 5e12 }, 0, process === undefined ? { process } : {});
    const points = run.read({ "cpu.time": 6e12 }, 10, { id: 2, process });
    assert.deepEqual(only(points, CPU_TIME), [6000, process?.startedAtNs ?? secondNs(0)]);
  }
});

test("a domain that leaves and returns is counted from its return", () => {
  const run = new DeltaRun();
  run.read({ "cpu.time": 5e12 }, 0);
  run.update([], 10);
  const back = { id: 9, process: { pid: 9, startedAtNs: secondNs(14) } };
  assert.deepEqual(only(run.read({ "cpu.time": 3e9 }, 20, back), CPU_TIME), [3, secondNs(14)]);
});

test("a disk that is plugged in counts from zero, its neighbour goes on, and so does it after unplugging", () => {
  const run = new DeltaRun();
  const deltas = (fields: Fields, seconds: number) =>
    run
      .read(fields, seconds)
      .numbers(OPERATIONS)
      .map(({ series, value, startTimeNs }) => [series.attributes["system.device"], value, startTimeNs]);
  assert.deepEqual(deltas(vda(1000), 0), []);
  assert.deepEqual(deltas({ ...vda(1001), ...vdb(40) }, 10), [
    ["vda", 1, secondNs(0)],
    ["vdb", 40, secondNs(0)],
  ]);
  assert.deepEqual(deltas(vda(1001), 20), [["vda", 0, secondNs(10)]]);
  assert.deepEqual(deltas({ ...vda(1002), ...vdb(90) }, 30), [
    ["vda", 1, secondNs(20)],
    ["vdb", 90, secondNs(20)],
  ]);
});

test("what only gets another name, or was missing by mistake, is no newcomer", () => {
  const run = new DeltaRun();
  const nic = { "net.0.name": "vnet0", "net.0.rx.bytes": 5e12 };
  const io = "libvirt.domain.network.io";
  run.read(nic, 0);
  const named = { description: description([{ mac: "52:54:00:00:00:01", target: "vnet0" }]) };
  assert.deepEqual(only(run.read({ ...nic, "net.0.rx.bytes": 5e12 + 2 }, 10, named), io), [2, secondNs(0)]);
  assert.deepEqual(only(run.read({ ...nic, "net.0.rx.bytes": 5e12 + 7 }, 20, named), io), [5, secondNs(10)]);
  run.restart(22);
  // Its XML has not been read yet.
  assert.deepEqual(only(run.read({ ...nic, "net.0.rx.bytes": 5e12 + 8 }, 25), io), [1, secondNs(20)]);
  assert.deepEqual(only(run.read({ ...nic, "net.0.rx.bytes": 5e12 + 9 }, 28, named), io), [1, secondNs(25)]);

  const perf = { "perf.cpu_cycles": 5e12, "perf.cmt": 1 };
  const cycles = "libvirt.domain.perf.events";
  run.read(perf, 30, named);
  run.read({ "perf.cmt": 1 }, 40, named);
  assert.equal(only(run.read(perf, 50, named), cycles), undefined);
});

test("a part of a vCPU that was missing by mistake goes on where it was, however much is known of its past", () => {
  const events = "libvirt.domain.vcpu.kvm.events";
  const process = { pid: 77, startedAtNs: secondNs(3) };
  for (const isRestarted of [false, true]) {
    const run = new DeltaRun();
    run.update([], 0);
    assert.deepEqual(only(run.read(exits(5e12), 10, { process }), events), [5e12, secondNs(3)]);
    if (isRestarted) run.restart(15);
    assert.deepEqual(only(run.read(exits(5e12 + 1), 20, { process }), events), [1, secondNs(10)]);
    assert.equal(only(run.read({ "vcpu.0.time": 1 }, 30, { process }), events), undefined);
    assert.deepEqual(only(run.read(exits(5e12 + 3), 40, { process }), events), [2, secondNs(20)]);
  }
});

test("another resource takes nothing from the deltas", () => {
  const run = new DeltaRun();
  run.read({ "cpu.time": 5e12 }, 0);
  const openstack = {
    instanceName: "web",
    projectId: "p",
    projectName: undefined,
    userId: undefined,
    flavorName: undefined,
  };
  const points = run.read({ "cpu.time": 5e12 + 1e9 }, 10, { description: { ...description([]), openstack } });
  assert.equal(points.all?.resource.attributes["openstack.instance.name"], "web");
  assert.deepEqual(only(points, CPU_TIME), [1, secondNs(0)]);
});

test("histograms: every bucket's difference, set back as a whole, other bins begin empty", () => {
  const run = new DeltaRun();
  const read = (fields: Fields, seconds: number) => {
    const [point] = run.read(fields, seconds).histograms(DURATION);
    return point && [point.bucketCounts, point.count, point.sum, point.startTimeNs];
  };
  assert.equal(read(histogram([5, 3, 2], 4e9), 0), undefined);
  assert.deepEqual(read(histogram([6, 3, 4], 5e9), 10), [[1, 0, 2], 3, 1, secondNs(0)]);
  run.restart(15);
  assert.deepEqual(read(histogram([7, 3, 4], 6e9), 20), [[1, 0, 0], 1, 1, secondNs(10)]);
  assert.deepEqual(read(histogram([9, 1, 0], 6.5e9), 30), [[9, 1, 0], 10, 0.5, secondNs(20)]);
  assert.deepEqual(read(histogram([2, 1], 7e9), 40), [[2, 1], 3, 0.5, secondNs(30)]);
});
