import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import { attributesKey } from "../../src/metrics/resources.ts";
import { description, type Fields, PROCESS_START_NS, second, secondNs, TestMeter } from "./readings.ts";

const disk = (number: number, name: string, operations: number): Fields => ({
  [`block.${number}.name`]: name,
  [`block.${number}.rd.reqs`]: operations,
});
const OPERATIONS = "libvirt.domain.disk.operations";

test("a disk keeps its series when the numbers before it move", () => {
  const meter = new TestMeter();
  const before = meter.read({ ...disk(0, "vda", 1), ...disk(1, "vdb", 2) }, second(0)).numbers(OPERATIONS);
  const after = meter.read(disk(0, "vdb", 3), second(10)).numbers(OPERATIONS);
  assert.equal(after.length, 1);
  assert.equal(after[0]?.series, before[1]?.series);
});

test("a disk that was unplugged and plugged in again starts anew", () => {
  const meter = new TestMeter();
  const both = { ...disk(0, "vda", 100), ...disk(1, "vdb", 50) };
  const [, first] = meter.read(both, second(0)).numbers(OPERATIONS);
  meter.read(disk(0, "vda", 100), second(10));
  const [kept, again] = meter.read(both, second(20)).numbers(OPERATIONS);
  assert.equal(kept?.series.startTimeNs, PROCESS_START_NS);
  assert.notEqual(again?.series, first?.series);
  assert.equal(again?.series.startTimeNs, secondNs(10));
});

test("a part that was away goes on, unless too many others have gone since: their names are the daemon's", () => {
  const events = "libvirt.domain.vcpu.kvm.events";
  const seriesAfter = (others: number): [unknown, unknown] => {
    const meter = new TestMeter();
    const exits = { "vcpu.0.time": 1, "vcpu.0.exits.sum": 1 };
    const [before] = meter.read(exits, second(0)).numbers(events);
    for (let number = 0; number < others; number++) {
      meter.read({ "vcpu.0.time": 1, [`vcpu.0.other${number}.sum`]: 1 }, second(10 + number));
    }
    const [after] = meter.read(exits, second(5000)).numbers(events);
    return [before?.series, after?.series];
  };
  const [told, again] = seriesAfter(200);
  assert.equal(again, told);
  const [first, later] = seriesAfter(400);
  assert.notEqual(later, first);
});

test("a group that could not be read ends nothing", () => {
  const meter = new TestMeter();
  const [first] = meter.read({ "state.state": 1, ...disk(0, "vda", 1) }, second(0)).numbers(OPERATIONS);
  const hung = meter.read({ "state.state": 1 }, second(10));
  assert.deepEqual(hung.numbers(OPERATIONS), []);
  const [next] = meter.read({ "state.state": 1, ...disk(0, "vda", 2) }, second(20)).numbers(OPERATIONS);
  assert.equal(next?.series, first?.series);
});

test("equal attributes are measured once and told of once: the top image of a chain", () => {
  const told: unknown[] = [];
  const meter = new TestMeter({ onDuplicate: (...duplicate) => told.push(duplicate) });
  const chain = { ...disk(0, "vda", 7), ...disk(1, "vda", 8), "block.1.backingIndex": 1 };
  for (const seconds of [0, 10]) {
    assert.deepEqual(meter.read(chain, second(seconds)).values(OPERATIONS), [
      [{ "system.device": "vda", "disk.io.direction": "read" }, 7],
    ]);
  }
  assert.deepEqual(told, [["web1", { "system.device": "vda" }]]);
});

test("the second of two equals becomes visible when the first has gone", () => {
  const meter = new TestMeter();
  meter.read({ ...disk(0, "vda", 7), ...disk(1, "vda", 8) }, second(0));
  const points = meter.read({ ...disk(0, "vdc", 1), ...disk(1, "vda", 9) }, second(10));
  assert.deepEqual(
    points.numbers(OPERATIONS).map(({ value }) => value),
    [1, 9],
  );
});

test("no two points of a metric have equal attributes, whatever libvirt names things", () => {
  const name = fc.constantFrom("", "a", "b", "vnet0");
  const item = fc.record({ number: fc.integer({ min: 0, max: 12 }), name, event: name });
  fc.assert(
    fc.property(fc.array(item, { maxLength: 12 }), fc.array(item, { maxLength: 12 }), (one, two) => {
      const meter = new TestMeter();
      for (const [index, items] of [one, two, one].entries()) {
        const fields: Record<string, string | number> = {};
        for (const { number, name, event } of items) {
          Object.assign(fields, {
            [`block.${number}.name`]: name,
            [`block.${number}.rd.reqs`]: 1,
            [`block.${number}.limits.${event}`]: 1,
            [`net.${number}.name`]: name,
            [`net.${number}.rx.bytes`]: 1,
            [`vcpu.${number}.${event}.sum`]: 1,
            [`cpu.cache.monitor.${number}.name`]: name,
            [`cpu.cache.monitor.${number}.bank.0.id`]: 3,
            [`cpu.cache.monitor.${number}.bank.0.bytes`]: 1,
          });
        }
        const nics = [{ mac: "52:54:00:00:00:01", alias: "net0" }, { alias: "net0" }, { target: "a" }];
        const points = meter.read(fields, second(index * 10), { description: description(nics) });
        for (const { metric, points: made } of points.all?.metrics ?? []) {
          const keys = made.map(({ series }) => attributesKey(series.attributes));
          assert.equal(new Set(keys).size, keys.length, metric.name);
        }
      }
    }),
    { numRuns: 150 },
  );
});
