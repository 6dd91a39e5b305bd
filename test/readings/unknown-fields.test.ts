import assert from "node:assert/strict";
import { describe, test } from "node:test";

import * as fc from "fast-check";

import {
  createStatisticsReader,
  FIELD_CACHE_LIMIT,
  UNKNOWN_FIELD_LIMIT,
  UNKNOWN_FIELDS_REST,
} from "../../src/readings/read-statistics.ts";
import { parametersOf } from "./typed-parameters.ts";

const at = { wallNs: 1_795_259_316_000_000_000n, monotonicMs: 5000 };

describe("unknown fields", () => {
  test("are counted without their numbers, once for each time they came", () => {
    const reader = createStatisticsReader();
    const reply = parametersOf(
      "vcpu.0.newcomer=1\nvcpu.12.newcomer=2\nnet.0.rx.q.7=3\nnovelty.5x=a\nnet.count=1",
    );
    assert.deepEqual(Object.keys(reader.read(reply, at).items), ["nicCount"]);
    reader.read(reply, at);
    assert.deepEqual(
      reader.takeUnknownFields(),
      new Map([
        ["vcpu.#.newcomer", 4],
        ["net.#.rx.q.#", 2],
        ["novelty.5x", 2],
      ]),
    );
    assert.equal(reader.takeUnknownFields().size, 0);
  });

  test("are bounded in number and length", () => {
    const reader = createStatisticsReader();
    const strangers = Array.from({ length: 5000 }, (_, n) => ({
      field: `new.x${n}${"y".repeat(200)}`,
      value: n,
    }));
    reader.read(strangers, at);
    const counted = reader.takeUnknownFields();
    assert.equal(counted.size, UNKNOWN_FIELD_LIMIT + 1);
    assert.equal(counted.get(UNKNOWN_FIELDS_REST), 5000 - UNKNOWN_FIELD_LIMIT);
    assert.ok([...counted.keys()].every((name) => name.length < 100));
  });
});

test("names beyond what is remembered are unknown once and known again in the next reading", () => {
  const reader = createStatisticsReader();
  const flood = Array.from({ length: FIELD_CACHE_LIMIT }, (_, n) => ({ field: `vm.x${n}.sum`, value: n }));
  const late = parametersOf("vcpu.0.time=1\nvcpu.0.wait=2");
  assert.equal(reader.read([...flood, ...late], at).items.vcpu, undefined);
  assert.equal(reader.takeUnknownFields().get("vcpu.#.time"), 1);
  assert.deepEqual(reader.read(late, at).items.vcpu?.[0]?.values, { timeNs: 1, waitNs: 2 });
  assert.equal(reader.takeUnknownFields().size, 0);
});

test("fields of unused scopes are neither read nor unknown", () => {
  const reader = createStatisticsReader({ unusedScopes: new Set(["vcpuKvm"]) });
  const reply = parametersOf("vcpu.0.time=1\nvcpu.0.exits.sum=2\nvcpu.1.exits.sum=3");
  for (let reading = 0; reading < 2; reading++) {
    const { vcpu, vcpuKvm } = reader.read(reply, at).items;
    assert.deepEqual([vcpu?.length, vcpuKvm], [1, undefined]);
  }
  assert.equal(reader.takeUnknownFields().size, 0);
});

test("whatever comes, a reading places a parameter or counts it", () => {
  const part = fc.constantFrom(
    "vcpu",
    "cpu",
    "block",
    "0",
    "12",
    "time",
    "sum",
    "name",
    "",
    "limits",
    "*",
    "#",
  );
  const name = fc.oneof(
    fc.array(part, { maxLength: 5 }).map((parts) => parts.join(".")),
    fc.string(),
  );
  const value = fc.oneof(fc.integer(), fc.bigInt(), fc.double(), fc.boolean(), fc.string());
  const reply = fc.uniqueArray(fc.record({ field: name, value }), {
    selector: ({ field }) => field,
    maxLength: 40,
  });
  fc.assert(
    fc.property(reply, (parameters) => {
      const reader = createStatisticsReader();
      const items = Object.values(reader.read(parameters, at).items).flat();
      const placed = items.reduce((sum, { values }) => sum + Object.keys(values).length, 0);
      const counted = [...reader.takeUnknownFields().values()].reduce((sum, times) => sum + times, 0);
      assert.equal(placed + counted, parameters.length);
    }),
    { numRuns: 500 },
  );
});
