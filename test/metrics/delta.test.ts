import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import { DOMAIN_ROWS } from "../../src/metrics/definitions.ts";
import { decodeDeltas, encodeDeltas } from "../../src/metrics/delta-store.ts";
import { DomainMeter, type DomainMeterOptions } from "../../src/metrics/domain-meter.ts";
import type { DomainReading } from "../../src/readings/domain.ts";
import {
  description,
  domainReading,
  EPOCH_NS,
  type Fields,
  hypervisorReading,
  PROCESS_START_NS,
  second,
  secondNs,
  TestPoints,
} from "./readings.ts";

const CPU_TIME = "libvirt.domain.cpu.time";
const OPERATIONS = "libvirt.domain.disk.operations";
const DURATION = "libvirt.domain.disk.operation.duration";
const NS_PER_S = 1e9;

const SOURCE = "qemu:///system";

/** A meter of deltas that can be put out of the world and started again. */
class DeltaRun {
  readonly #options: DomainMeterOptions;
  #meter: DomainMeter;

  constructor(options: DomainMeterOptions = {}) {
    this.#options = { rows: DOMAIN_ROWS, temporality: "delta", ...options };
    this.#meter = new DomainMeter(this.#options);
  }

  /** The points of the first domain. */
  read(fields: Fields, seconds: number, rest: Partial<DomainReading> = {}): TestPoints {
    return (
      this.update([domainReading(fields, second(seconds), rest)], seconds)[0] ?? new TestPoints(undefined)
    );
  }

  update(domains: readonly DomainReading[], seconds: number): TestPoints[] {
    return this.#meter
      .update(hypervisorReading(domains, second(seconds)))
      .map((points) => new TestPoints(points));
  }

  get ended(): TestPoints[] {
    return this.#meter.ended.map((points) => new TestPoints(points));
  }

  /** The state as the store keeps it. */
  save(): Uint8Array {
    const { deltas } = this.#meter;
    return encodeDeltas(new Map(deltas === undefined ? [] : [[SOURCE, deltas]]));
  }

  restart(seconds: number, state = this.save()): void {
    const told = decodeDeltas(state, secondNs(seconds))?.get(SOURCE);
    this.#meter = new DomainMeter({ ...this.#options, told });
  }
}

/** Value and start of a metric's only point. */
function only(
  points: TestPoints,
  metric: string,
): [value: unknown, startTimeNs: bigint | undefined] | undefined {
  const [point, ...others] = points.numbers(metric);
  assert.deepEqual(others, []);
  return point && [point.value, point.startTimeNs];
}

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
  const old = (seconds: number) => domainReading({ "cpu.time": 7e9 }, second(seconds));
  const uuid = "22222222-2222-3333-4444-555555555555";
  const process = { pid: 77, startedAtNs: secondNs(3) };
  run.update([old(0)], 0);
  const [, made] = run.update(
    [old(10), domainReading({ "cpu.time": 5e9 }, second(10), { uuid, process })],
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
  const vda = (count: number) => ({ "block.0.name": "vda", "block.0.rd.reqs": count });
  const vdb = (count: number) => ({ "block.1.name": "vdb", "block.1.rd.reqs": count });
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
  assert.equal(only(run.read(nic, 10, named), io), undefined);
  assert.deepEqual(only(run.read({ ...nic, "net.0.rx.bytes": 5e12 + 7 }, 20, named), io), [7, secondNs(10)]);

  const perf = { "perf.cpu_cycles": 5e12, "perf.cmt": 1 };
  const cycles = "libvirt.domain.perf.events";
  run.read(perf, 30, named);
  run.read({ "perf.cmt": 1 }, 40, named);
  assert.equal(only(run.read(perf, 50, named), cycles), undefined);
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

const histogram = (bins: readonly number[], totalNs: number, starts = [0, 10_000, 1_000_000]): Fields => ({
  "block.0.name": "vda",
  "block.0.rd.times": totalNs,
  "block.0.latency_histogram.read.bin.count": bins.length,
  ...Object.fromEntries(
    bins.flatMap((count, number) => [
      [`block.0.latency_histogram.read.bin.${number}.start`, starts[number]],
      [`block.0.latency_histogram.read.bin.${number}.value`, count],
    ]),
  ),
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

// The last one has been there for long, but was not looked at before: it has no first delta.
test("deltas go on after a restart of the agent, also of what restarted, came or went meanwhile", () => {
  const run = new DeltaRun();
  const at = (fields: Fields, seconds: number, rest: Partial<DomainReading> = {}) =>
    domainReading(fields, second(seconds), rest);
  const [a, b, c, d] = ["a", "b", "c", "d"].map((letter) => `${letter}0000000-0000-0000-0000-000000000000`);
  const stay = { uuid: a ?? "" };
  const rebooted = { uuid: b ?? "", id: 5 };
  const created = { uuid: c ?? "", id: 6, process: { pid: 6, startedAtNs: secondNs(12) } };
  const widened = { uuid: d ?? "", id: 7 };
  run.update([at({ "cpu.time": 1e12 }, 0, stay), at({ "cpu.time": 9e12 }, 0, rebooted)], 0);
  run.restart(100);
  const points = run.update(
    [
      at({ "cpu.time": 1e12 + 3e9 }, 110, stay),
      at({ "cpu.time": 4e9 }, 110, { ...rebooted, id: 8, process: { pid: 8, startedAtNs: secondNs(50) } }),
      at({ "cpu.time": 2e9 }, 110, created),
      at({ "cpu.time": 8e12 }, 110, widened),
    ],
    110,
  );
  assert.deepEqual(
    points.map((each) => only(each, CPU_TIME)),
    [
      [3, secondNs(0)],
      [4, secondNs(50)],
      [2, secondNs(12)],
    ],
  );
});

test("state that is old or damaged is not used: a gap instead of a spike", () => {
  for (const [seconds, spoil] of [
    [3700, (state: Uint8Array) => state],
    [10, (state: Uint8Array) => state.subarray(1)],
    [10, (state: Uint8Array) => state.subarray(0, -1)],
    [10, () => new Uint8Array()],
  ] as const) {
    const run = new DeltaRun();
    run.read({ "cpu.time": 1e9 }, 0);
    run.restart(seconds, spoil(run.save()));
    assert.equal(only(run.read({ "cpu.time": 9e9 }, seconds), CPU_TIME), undefined);
    assert.deepEqual(only(run.read({ "cpu.time": 10e9 }, seconds + 10), CPU_TIME), [1, secondNs(seconds)]);
  }
});

test("no bytes whatever break the reading of state", () => {
  const run = new DeltaRun();
  run.read(
    { "cpu.time": 2n ** 63n, ...histogram([1, 2, 3], 5), "net.0.name": "vnet0", "net.0.rx.bytes": 7 },
    0,
  );
  const sound = run.save();
  const damage = fc.record({ at: fc.nat(sound.length - 1), byte: fc.nat(255), cut: fc.nat(sound.length) });
  fc.assert(
    fc.property(damage, fc.uint8Array({ maxLength: 60 }), ({ at, byte, cut }, noise) => {
      const spoilt = Uint8Array.from(sound.subarray(0, cut));
      if (at < cut) spoilt[at] = byte;
      for (const state of [spoilt, noise]) decodeDeltas(state, EPOCH_NS);
    }),
    { numRuns: 300 },
  );
});

test("state is some fifteen bytes a counter", () => {
  const run = new DeltaRun();
  const fields = Object.fromEntries(
    Array.from({ length: 500 }, (_, number) => [`vcpu.${number}.time`, 123_456_789_012 + number]),
  );
  run.read(fields, 0);
  assert.ok(run.save().length < 500 * 17 + 100, `${run.save().length}`);
});

test("the sum of the deltas is what the counters went, to the digit, whatever happens in between", () => {
  const step = fc.record({
    addNs: fc.bigInt({ min: 0n, max: 10n ** 13n }),
    event: fc.constantFrom("none", "none", "none", "agent restart", "VM reboot", "not read", "set back"),
  });
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 2n ** 63n }),
      fc.array(step, { maxLength: 30 }),
      (firstNs, steps) => {
        const run = new DeltaRun();
        let life = { id: 1, process: { pid: 1, startedAtNs: PROCESS_START_NS } };
        let counterNs = firstNs;
        let lastReadNs = firstNs;
        run.read({ "state.state": 1, "cpu.time": counterNs }, 0, life);
        let wentNs = 0n;
        let toldNs = 0n;
        let endNs = secondNs(0);
        for (const [index, { addNs, event }] of [...steps, { addNs: 1n, event: "none" }].entries()) {
          const seconds = 10 * (index + 1);
          if (event === "agent restart") run.restart(seconds - 5);
          if (event === "VM reboot") {
            const id = life.id + 1;
            life = { id, process: { pid: id, startedAtNs: secondNs(seconds - 4) } };
            counterNs = lastReadNs = 0n;
          }
          counterNs += addNs;
          if (event === "set back") {
            counterNs = lastReadNs / 2n < addNs ? lastReadNs / 2n : addNs;
            lastReadNs = counterNs < lastReadNs ? 0n : lastReadNs;
          }
          const isRead = event !== "not read";
          if (isRead) {
            wentNs += counterNs - lastReadNs;
            lastReadNs = counterNs;
          }
          const fields = isRead ? { "state.state": 1, "cpu.time": counterNs } : { "state.state": 1 };
          for (const { value, startTimeNs, timeNs } of run.read(fields, seconds, life).numbers(CPU_TIME)) {
            toldNs += BigInt(Math.round(Number(value) * NS_PER_S));
            assert.ok((startTimeNs ?? -1n) >= endNs, "no two deltas overlap");
            endNs = timeNs;
          }
        }
        assert.equal(toldNs, wentNs);
      },
    ),
    { numRuns: 200 },
  );
});
