import assert from "node:assert/strict";
import { test } from "node:test";

import { bitOf, hasGroup } from "../../src/metrics/column-layout.ts";
import { DomainMeter } from "../../src/metrics/domain-meter.ts";
import type { LiveColumn } from "../../src/metrics/live-column.ts";
import { domainReading, type Fields, hypervisorReading, second } from "./readings.ts";

const FIELDS: Fields = {
  "state.state": 1,
  "state.reason": 1,
  "vcpu.current": 1,
  "vcpu.0.time": 5,
  "cpu.time": 9,
};

/** The columns of domains that have had these fields three times. */
function columnsOf(all: readonly Fields[]): LiveColumn[] {
  const meter = new DomainMeter();
  const read = (seconds: number) =>
    meter.update(
      hypervisorReading(
        all.map((fields, id) => domainReading(fields, second(seconds), { id: id + 1, uuid: `uuid-${id}` })),
      ),
    );
  return [0, 10, 20].map(read)[2]?.map(({ column }) => column as LiveColumn) ?? [];
}

test("domains of one shape share their layout, and nothing else", () => {
  const [one, other] = columnsOf([FIELDS, { ...FIELDS, "cpu.time": 10 }]);
  assert.ok(one !== undefined && other !== undefined);
  assert.equal(one.layout, other.layout);
  assert.notEqual(one.values, other.values);
});

test("another field, another number of items and another state are another layout", () => {
  const others = [
    { ...FIELDS, "cpu.user": 1 },
    { ...FIELDS, "vcpu.1.time": 5 },
    { ...FIELDS, "state.state": 3 },
  ];
  const layouts = columnsOf([FIELDS, ...others]).map(({ layout }) => layout);
  assert.equal(new Set(layouts).size, 4);
});

test("a set of groups is exact to its last one, and has no room for more", () => {
  const all = Array.from({ length: 53 }, (_, group) => group);
  const odd = all.filter((group) => group % 2 === 1);
  const set = odd.reduce((sum, group) => sum + bitOf(group), 0);
  assert.deepEqual(
    all.filter((group) => hasGroup(set, group)),
    odd,
  );
  assert.throws(() => bitOf(53), RangeError);
});
