import assert from "node:assert/strict";
import { test } from "node:test";

import { DomainMeter } from "../../src/metrics/domain-meter.ts";
import type { DiskThrottle, DomainDescription } from "../../src/readings/domain.ts";
import {
  domainReading,
  type Fields,
  hypervisorReading,
  PROCESS_START_NS,
  second,
  secondNs,
  TestMeter,
  TestPoints,
} from "./readings.ts";

const UTILIZATION = "libvirt.domain.cpu.utilization";
const LATENCY = "libvirt.domain.disk.latency";
const GUEST_UTILIZATION = "libvirt.domain.memory.guest.utilization";

/** The value of a metric after each of these readings, ten seconds apart. */
function valuesOf(name: string, readings: readonly Fields[]): unknown[] {
  const meter = new TestMeter();
  return readings.map((fields, index) => meter.read(fields, second(index * 10)).value(name));
}

function oneValue(name: string, fields: Fields): unknown {
  return valuesOf(name, [fields])[0];
}

function cpu(seconds: number, vcpus = 1): Fields {
  return { "cpu.time": seconds * 1e9, "vcpu.current": vcpus };
}

function age(lastUpdateS: number): unknown {
  return oneValue("libvirt.domain.memory.stats.age", { "balloon.last-update": lastUpdateS });
}

function disk(reads: number, readNs: number, writes: number): Fields {
  return {
    "block.0.name": "vda",
    "block.0.rd.reqs": reads,
    "block.0.rd.times": readNs,
    "block.0.wr.reqs": writes,
    "block.0.wr.times": 0,
  };
}

test("CPU utilization is the share of the online vCPUs since the last reading", () => {
  assert.deepEqual(valuesOf(UTILIZATION, [cpu(100, 4), cpu(120, 4), cpu(120, 4), cpu(130, 1)]), [
    undefined,
    0.5,
    0,
    1,
  ]);
});

test("CPU utilization says nothing after a reset, without vCPUs, or without time between", () => {
  assert.deepEqual(valuesOf(UTILIZATION, [cpu(10), cpu(5), cpu(6)]), [undefined, undefined, 0.1]);
  assert.deepEqual(valuesOf(UTILIZATION, [cpu(1), { "cpu.time": 2e9 }, cpu(3)]), [undefined, undefined, 0.1]);
  const meter = new TestMeter();
  meter.read(cpu(1), second(0));
  assert.equal(meter.read(cpu(2), second(0)).value(UTILIZATION), undefined);
});

test("elapsed time is the monotonic clock's: a wall clock that was set changes no ratio", () => {
  const meter = new TestMeter();
  const fields = { "cpu.time": 0, "vcpu.current": 2 };
  meter.read(fields, { wallNs: secondNs(3600), monotonicMs: 0 });
  const points = meter.read({ ...fields, "cpu.time": 1e9 }, { wallNs: secondNs(0), monotonicMs: 1000 });
  assert.equal(points.value(UTILIZATION), 0.5);
});

test("CPU utilization is exact enough beyond 2^53 ns of CPU time", () => {
  const before = 18_000_000_000_000_000_000n;
  const readings = [before, before + 5_000_000_000n].map((time) => ({ "cpu.time": time, "vcpu.current": 1 }));
  assert.deepEqual(valuesOf(UTILIZATION, readings), [undefined, 0.5]);
});

test("uptime counts from the QEMU process's start, and is unknown without the process", () => {
  const meter = new TestMeter();
  const fields = { "state.state": 1 };
  assert.equal(meter.read(fields, second(2)).value("libvirt.domain.uptime"), 1002);
  assert.equal(
    meter.read(fields, second(3), { process: undefined }).value("libvirt.domain.uptime"),
    undefined,
  );
  const future = { process: { pid: 4242, startedAtNs: PROCESS_START_NS + 10n ** 15n } };
  assert.equal(meter.read(fields, second(4), future).value("libvirt.domain.uptime"), undefined);
});

test("what the guest uses is what it sees less what is unused", () => {
  const usage = "libvirt.domain.memory.guest.usage";
  assert.equal(oneValue(usage, { "balloon.available": 1000, "balloon.unused": 400 }), 600 * 1024);
  assert.equal(oneValue(usage, { "balloon.available": 1000 }), undefined);
  assert.equal(oneValue(usage, { "balloon.available": 1, "balloon.unused": 2 }), undefined);
});

test("guest utilization takes usable, else unused, and is never NaN or outside 0..1", () => {
  const available = { "balloon.available": 1000 };
  assert.equal(
    oneValue(GUEST_UTILIZATION, { ...available, "balloon.usable": 750, "balloon.unused": 0 }),
    0.25,
  );
  assert.equal(oneValue(GUEST_UTILIZATION, { ...available, "balloon.unused": 500 }), 0.5);
  assert.equal(oneValue(GUEST_UTILIZATION, available), undefined);
  assert.equal(oneValue(GUEST_UTILIZATION, { "balloon.available": 0, "balloon.usable": 0 }), undefined);
  assert.equal(oneValue(GUEST_UTILIZATION, { ...available, "balloon.usable": 1001 }), undefined);
});

test("the age of the guest's figures is unknown before the first, and never negative", () => {
  assert.equal(age(0), undefined);
  assert.equal(age(1_799_999_990), 10);
  assert.equal(age(1_800_000_007), 0);
});

test("disk latency is time by operations since the last reading, in each direction", () => {
  const meter = new TestMeter();
  const latency = (fields: Fields, seconds: number) => meter.read(fields, second(seconds)).values(LATENCY);
  const read = { "system.device": "vda", "disk.io.direction": "read" };
  assert.deepEqual(latency(disk(10, 1_000_000, 5), 0), []);
  assert.deepEqual(latency(disk(14, 9_000_000, 5), 10), [[read, 0.002]]);
  assert.deepEqual(latency(disk(14, 9_000_000, 5), 20), [], "no operations, no latency");
  assert.deepEqual(latency(disk(2, 1, 5), 30), [], "the counters were set back");
  assert.deepEqual(latency(disk(3, 1_000_001, 5), 40), [[read, 0.001]]);
});

test("what a disk is held to is told of that disk, and nothing of one that is not", () => {
  const meter = new DomainMeter();
  const read = (seconds: number, throttle?: DiskThrottle): TestPoints => {
    const reading = domainReading({ "block.0.name": "vda", "block.1.name": "vdb" }, second(seconds), {
      description: describedAs(throttle),
    });
    const [points] = meter.update(hypervisorReading([reading]));
    return new TestPoints(points ?? { resource: { attributes: {} }, metrics: [] });
  };
  const limited = read(0, { writeBytesPerS: 1000, totalOperationsPerS: 50 });
  const vda = { "system.device": "vda" };
  assert.deepEqual(limited.values("libvirt.domain.disk.throttle.io"), [
    [{ ...vda, "disk.io.direction": "write" }, 1000],
  ]);
  assert.deepEqual(limited.values("libvirt.domain.disk.throttle.operations"), [[vda, 50]]);
  assert.deepEqual(read(10).values("libvirt.domain.disk.throttle.io"), []);
});

function describedAs(throttle?: DiskThrottle): DomainDescription {
  const vda = {
    type: undefined,
    target: "vda",
    alias: undefined,
    source: undefined,
    ...(throttle && { throttle }),
  };
  return { uuid: "u-1", name: "vm", nics: [], openstack: undefined, balloonPeriodS: undefined, disks: [vda] };
}
