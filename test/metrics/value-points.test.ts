import assert from "node:assert/strict";
import { test } from "node:test";

import { domainReading, second, secondNs, TestMeter } from "./readings.ts";

const CPU_TIME = "libvirt.domain.cpu.time";

test("units are converted, exactly where they are whole, beyond 2^53 too", () => {
  const points = new TestMeter().read(
    {
      "cpu.time": 9_007_199_254_740_993_123n,
      "cpu.user": 1_500_000_000,
      "balloon.maximum": 18_014_398_509_481_983n,
      "balloon.current": 2,
      "balloon.hugetlb_pgalloc": 3,
      "cpu.energy.monitor.0.name": "all",
      "cpu.energy.monitor.0.pkg.0.id": 0,
      "cpu.energy.monitor.0.pkg.0.core_energy": 12.5,
      "iothread.1.poll-max-ns": 32_768,
    },
    second(0),
  );
  assert.equal(points.value(CPU_TIME), Number("9007199254.740993123"));
  assert.equal(points.value("libvirt.domain.cpu.mode_time"), 1.5);
  assert.equal(points.value("libvirt.domain.memory.limit"), 18_446_744_073_709_550_592n);
  assert.equal(points.value("libvirt.domain.memory.balloon.size"), 2048);
  assert.deepEqual(points.values("libvirt.domain.memory.hugetlb.allocations"), [
    [{ "libvirt.hugetlb.outcome": "success" }, 3],
  ]);
  assert.deepEqual(points.values("libvirt.domain.cpu.energy"), [
    [{ "libvirt.monitor.name": "all", "libvirt.cpu.package.id": 0 }, 12.5],
  ]);
  assert.deepEqual(points.values("libvirt.domain.iothread.poll.limit"), [
    [{ "libvirt.iothread.id": 1 }, 0.000032768],
  ]);
});

test("what libvirt does not send makes no point", () => {
  const points = new TestMeter().read({ "state.state": 1, "balloon.current": 1024 }, second(0));
  assert.deepEqual(points.names, [
    "libvirt.domain.status",
    "libvirt.domain.uptime",
    "libvirt.domain.memory.balloon.size",
  ]);
});

test("vCPUs carry the number in their name, holes and three digits included", () => {
  const points = new TestMeter().read(
    { "vcpu.0.time": 0, "vcpu.10.time": 10_000_000_000, "vcpu.128.time": 128_000_000_000 },
    second(0),
  );
  assert.deepEqual(points.values("libvirt.domain.vcpu.time"), [
    [{ "cpu.logical_number": 0 }, 0],
    [{ "cpu.logical_number": 10 }, 10],
    [{ "cpu.logical_number": 128 }, 128],
  ]);
});

test("one point per state, and one that says why", () => {
  const points = new TestMeter().read({ "state.state": 3, "state.reason": 5 }, second(0));
  const statuses = points.values("libvirt.domain.status");
  assert.equal(statuses.length, 8);
  assert.deepEqual(
    statuses.filter(([, value]) => value === 1),
    [[{ "libvirt.domain.state": "paused" }, 1]],
  );
  assert.deepEqual(points.values("libvirt.domain.state.reason"), [
    [{ "libvirt.domain.state": "paused", "libvirt.domain.state.reason": "ioerror" }, 1],
  ]);
});

test("the reason's series stays while the reason does, and is another one after it", () => {
  const meter = new TestMeter();
  const name = "libvirt.domain.state.reason";
  const [first] = meter.read({ "state.state": 1, "state.reason": 1 }, second(0)).numbers(name);
  const [second_] = meter.read({ "state.state": 1, "state.reason": 1 }, second(10)).numbers(name);
  const [third] = meter.read({ "state.state": 1, "state.reason": 5 }, second(20)).numbers(name);
  assert.ok(first);
  assert.equal(first.series, second_?.series);
  assert.notEqual(first.series, third?.series);
  assert.equal(third?.series.attributes["libvirt.domain.state.reason"], "unpaused");
});

test("states and reasons that libvirt has not named yet do not mislead", () => {
  const points = new TestMeter().read({ "state.state": 9, "state.reason": 77 }, second(0));
  assert.ok(points.values("libvirt.domain.status").every(([, value]) => value === 0));
  assert.deepEqual(points.values("libvirt.domain.state.reason"), [
    [{ "libvirt.domain.state": "unknown_9", "libvirt.domain.state.reason": "unknown_77" }, 1],
  ]);
});

test("vCPU states and booleans become 1 and 0", () => {
  const points = new TestMeter().read(
    { "vcpu.0.state": 1, "vcpu.0.halted": true, "vcpu.1.state": 0, "vcpu.1.halted": false },
    second(0),
  );
  assert.deepEqual(
    points.values("libvirt.domain.vcpu.status").filter(([, value]) => value === 1),
    [
      [{ "cpu.logical_number": 0, "libvirt.vcpu.state": "running" }, 1],
      [{ "cpu.logical_number": 1, "libvirt.vcpu.state": "offline" }, 1],
    ],
  );
  assert.deepEqual(points.values("libvirt.domain.vcpu.halted"), [
    [{ "cpu.logical_number": 0 }, 1],
    [{ "cpu.logical_number": 1 }, 0],
  ]);
});

test("KVM's sums are events, or seconds where their name ends in _ns", () => {
  const points = new TestMeter().read(
    {
      "vcpu.3.state": 1,
      "vcpu.3.exits.sum": 41,
      "vcpu.3.halt_poll_success_ns.sum": 2_000_000_000,
      "vcpu.3.guest_mode.cur": true,
      "vcpu.3.depth.max": 5,
      "vm.remote_tlb_flush.sum": 9,
      "vm.pages_4k.cur": 7,
      "vm.max_mmu_rmap_size.max": 4,
    },
    second(0),
  );
  const vcpu = { "cpu.logical_number": 3 };
  assert.deepEqual(points.values("libvirt.domain.vcpu.kvm.events"), [
    [{ ...vcpu, "kvm.event": "exits" }, 41],
  ]);
  assert.deepEqual(points.values("libvirt.domain.vcpu.kvm.time"), [
    [{ ...vcpu, "kvm.event": "halt_poll_success" }, 2],
  ]);
  assert.deepEqual(points.values("libvirt.domain.vcpu.kvm.value"), [
    [{ ...vcpu, "kvm.event": "guest_mode", "kvm.statistic": "cur" }, 1],
    [{ ...vcpu, "kvm.event": "depth", "kvm.statistic": "max" }, 5],
  ]);
  assert.deepEqual(points.values("libvirt.domain.vm.kvm.events"), [[{ "kvm.event": "remote_tlb_flush" }, 9]]);
  assert.deepEqual(points.values("libvirt.domain.vm.kvm.value"), [
    [{ "kvm.event": "pages_4k", "kvm.statistic": "cur" }, 7],
    [{ "kvm.event": "max_mmu_rmap_size", "kvm.statistic": "max" }, 4],
  ]);
});

test("perf events count, but for the three that are values", () => {
  const points = new TestMeter().read({ "perf.cmt": 5, "perf.mbml": 6, "perf.cpu_cycles": 7 }, second(0));
  assert.deepEqual(points.values("libvirt.domain.perf.events"), [
    [{ "libvirt.perf.event": "cpu_cycles" }, 7],
  ]);
  assert.deepEqual(points.values("libvirt.domain.perf.value"), [
    [{ "libvirt.perf.event": "cmt" }, 5],
    [{ "libvirt.perf.event": "mbml" }, 6],
  ]);
});

test("a dirty rate counts only once it was measured", () => {
  const rate = "libvirt.domain.memory.dirty_rate";
  const fields = { "dirtyrate.megabytes_per_second": 3 };
  const meter = new TestMeter();
  assert.equal(meter.read({ ...fields, "dirtyrate.calc_status": 2 }, second(0)).value(rate), 3 * 1024 * 1024);
  assert.equal(meter.read({ ...fields, "dirtyrate.calc_status": 1 }, second(10)).value(rate), undefined);
});

test("a domain that does not run has a state, nothing else", () => {
  const points = new TestMeter().read(
    { "state.state": 5, "cpu.time": 77, "balloon.current": 1, "balloon.maximum": 2, "vcpu.maximum": 4 },
    second(0),
    { id: -1, process: undefined },
  );
  assert.deepEqual(points.names, ["libvirt.domain.status"]);
});

test("every point carries the time of its own group", () => {
  const reading = domainReading(
    { "block.0.name": "vda", "block.0.capacity": 9, "block.0.rd.reqs": 1 },
    second(20),
  );
  const points = new TestMeter().update({
    ...reading,
    statistics: { ...reading.statistics, readAt: { block: second(20), "block-size": second(5) } },
  });
  assert.equal(points.numbers("libvirt.domain.disk.limit")[0]?.timeNs, secondNs(5));
  assert.equal(points.numbers("libvirt.domain.disk.operations")[0]?.timeNs, secondNs(20));
});
test("carry their length and the operation's whole name", () => {
  const points = new TestMeter().read(
    {
      "block.0.name": "vda",
      "block.0.timed_group.0.interval": 10,
      "block.0.timed_group.0.rd_latency_min": 37_416,
      "block.0.timed_group.0.rd_latency_avg": 50_000,
      "block.0.timed_group.0.zone_append_queue_depth_avg": 0.25,
      "block.0.limits.transfer_max": 65_536,
    },
    second(0),
  );
  const interval = { "system.device": "vda", "libvirt.interval": "10s" };
  assert.deepEqual(points.values("libvirt.domain.disk.interval.latency"), [
    [{ ...interval, "libvirt.disk.operation": "read", "libvirt.statistic": "min" }, 0.000037416],
    [{ ...interval, "libvirt.disk.operation": "read", "libvirt.statistic": "avg" }, 0.00005],
  ]);
  assert.deepEqual(points.values("libvirt.domain.disk.interval.queue_depth"), [
    [{ ...interval, "libvirt.disk.operation": "zone_append" }, 0.25],
  ]);
  assert.deepEqual(points.values("libvirt.domain.disk.constraint"), [
    [{ "system.device": "vda", "libvirt.disk.constraint": "transfer_max" }, 65_536],
  ]);
});
