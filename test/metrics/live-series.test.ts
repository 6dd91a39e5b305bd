import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import type { NumberPoint } from "../../src/metrics/points.ts";
import { EPOCH_NS, PROCESS_START_NS, second, secondNs, TestMeter } from "./readings.ts";

const CPU_TIME = "libvirt.domain.cpu.time";

test("sums start with the QEMU process, gauges have no start", () => {
  const points = new TestMeter().read({ "state.state": 1, "cpu.time": 5, "vcpu.maximum": 2 }, second(0));
  assert.equal(points.numbers(CPU_TIME)[0]?.series.startTimeNs, PROCESS_START_NS);
  assert.equal(points.numbers("libvirt.domain.vcpu.limit")[0]?.series.startTimeNs, PROCESS_START_NS);
  assert.equal(points.numbers("libvirt.domain.uptime")[0]?.series.startTimeNs, undefined);
});

test("without a process they start when they are first seen, and keep that", () => {
  const meter = new TestMeter();
  const [first] = meter.read({ "cpu.time": 5 }, second(0), { process: undefined }).numbers(CPU_TIME);
  const [next] = meter.read({ "cpu.time": 6 }, second(10), { process: undefined }).numbers(CPU_TIME);
  assert.equal(first?.series.startTimeNs, EPOCH_NS);
  assert.equal(next?.series, first?.series);
});

test("a process that starts after the reading, by the clocks, does not make a sum start after its point", () => {
  const points = new TestMeter().read({ "cpu.time": 5 }, second(0), {
    process: { pid: 1, startedAtNs: secondNs(3) },
  });
  assert.equal(points.numbers(CPU_TIME)[0]?.series.startTimeNs, EPOCH_NS);
});

test("another QEMU process is another life: all series are new", () => {
  const meter = new TestMeter();
  const [first] = meter.read({ "cpu.time": 5 }, second(0)).numbers(CPU_TIME);
  const restarted = { pid: 4243, startedAtNs: secondNs(5) };
  const [next] = meter.read({ "cpu.time": 6 }, second(10), { id: 2, process: restarted }).numbers(CPU_TIME);
  assert.notEqual(next?.series, first?.series);
  assert.equal(next?.series.startTimeNs, secondNs(5));
});

test("a start time that is rounded differently, or missing for once, is the same life", () => {
  const meter = new TestMeter();
  const [first] = meter.read({ "cpu.time": 5 }, second(0)).numbers(CPU_TIME);
  const process = { pid: 4242, startedAtNs: PROCESS_START_NS + 10_000_000n };
  const [next] = meter.read({ "cpu.time": 6 }, second(10), { process }).numbers(CPU_TIME);
  const [last] = meter.read({ "cpu.time": 7 }, second(20), { process: undefined }).numbers(CPU_TIME);
  assert.equal(next?.series, first?.series);
  assert.equal(last?.series, first?.series);
});

test("a counter that goes down starts anew at its last point; an up-down counter does not", () => {
  const meter = new TestMeter();
  meter.read({ "cpu.time": 5_000_000_000, "balloon.current": 9 }, second(0));
  const points = meter.read({ "cpu.time": 1_000_000_000, "balloon.current": 8 }, second(10));
  const [point] = points.numbers(CPU_TIME);
  assert.equal(point?.series.startTimeNs, secondNs(0));
  assert.equal(point?.value, 1);
  assert.equal(points.numbers("libvirt.domain.memory.balloon.size")[0]?.series.startTimeNs, PROCESS_START_NS);
});

test("whatever values and clocks do, a counter never falls within one series nor starts after a point", () => {
  const step = fc.record({
    value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    elapsedMs: fc.integer({ min: -5000, max: 20_000 }),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 2, maxLength: 20 }), (steps) => {
      const meter = new TestMeter();
      let wallMs = 0;
      let before: NumberPoint | undefined;
      for (const [index, { value, elapsedMs }] of steps.entries()) {
        wallMs += elapsedMs;
        const at = { wallNs: EPOCH_NS + BigInt(wallMs) * 1_000_000n, monotonicMs: index * 10_000 };
        const [point] = meter.read({ "cpu.time": value }, at).numbers(CPU_TIME);
        assert.ok(point);
        assert.equal(point.value, Number(`${value}e-9`));
        assert.ok((point.series.startTimeNs ?? -1n) <= point.timeNs);
        if (before?.series === point.series) assert.ok(point.value >= before.value);
        else if (before !== undefined) {
          assert.ok(point.value < before.value || point.timeNs < (before.series.startTimeNs ?? 0n));
        }
        before = point;
      }
    }),
    { numRuns: 200 },
  );
});
