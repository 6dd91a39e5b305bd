import assert from "node:assert/strict";
import { describe, test } from "node:test";

import * as fc from "fast-check";

import { toInteger } from "../../src/integer.ts";
import { FieldNames } from "../../src/libvirt/field-names.ts";
import {
  ParameterType,
  readTypedParameters,
  writeTypedParameter,
  writeTypedParameters,
} from "../../src/libvirt/typed-parameters.ts";
import type { TypedParameter } from "../../src/libvirt/types.ts";
import { XdrReader } from "../../src/libvirt/xdr-reader.ts";
import { XdrWriter } from "../../src/libvirt/xdr-writer.ts";

function roundTrip(parameters: readonly TypedParameter[]): TypedParameter[] {
  const writer = new XdrWriter();
  writeTypedParameters(writer, parameters);
  const reader = new XdrReader(writer.bytes());
  const read = readTypedParameters(reader, parameters.length);
  assert.equal(reader.remaining, 0);
  return read;
}

function refused(hex: string, message: RegExp): void {
  const reader = new XdrReader(Buffer.from(hex.replaceAll(" ", ""), "hex"));
  assert.throws(() => readTypedParameters(reader, 2), { code: "LIBVIRT_PROTOCOL", message });
}

function intern(names: FieldNames, name: string): string {
  const bytes = Buffer.from(`..${name}..`);
  return names.intern(bytes, 2, bytes.length - 2);
}

describe("typed parameters", () => {
  test("reads every type that libvirt has", () => {
    const bytes = [
      "00000007",
      "00000001 61000000 00000001 fffffffe",
      "00000001 61000000 00000002 fffffffe",
      "00000001 61000000 00000003 fffffffffffffffe",
      "00000001 61000000 00000004 fffffffffffffffe",
      "00000001 61000000 00000005 3ff8000000000000",
      "00000001 61000000 00000006 00000001",
      "00000001 61000000 00000007 00000005 766e657433000000",
    ];
    const reader = new XdrReader(Buffer.from(bytes.join("").replaceAll(" ", ""), "hex"));
    const values = readTypedParameters(reader, 7).map(({ value }) => value);
    assert.deepEqual(values, [-2, 4294967294, -2, 2n ** 64n - 2n, 1.5, true, "vnet3"]);
    assert.equal(reader.remaining, 0);
  });

  test("reads back whatever was written", () => {
    const value = fc.oneof(
      fc.boolean(),
      fc.string({ unit: "binary" }),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }).map(toInteger),
      fc.double({ noDefaultInfinity: true, noNaN: true }).filter((number) => !Object.is(number, -0)),
    );
    const field = fc.string({ unit: "binary-ascii", maxLength: 79 });
    fc.assert(
      fc.property(fc.array(fc.record({ field, value }, { noNullPrototype: true })), (parameters) => {
        assert.deepEqual(roundTrip(parameters), parameters);
      }),
      { numRuns: 300 },
    );
  });

  test("writes each type as it is asked to", () => {
    for (const [type, value] of [
      [ParameterType.int, -5],
      [ParameterType.uint, 5],
      [ParameterType.llong, -5],
      [ParameterType.ullong, 2n ** 60n],
      [ParameterType.double, 5],
      [ParameterType.boolean, false],
      [ParameterType.string, "x"],
    ] as const) {
      const writer = new XdrWriter();
      writer.u32(1);
      writeTypedParameter(writer, { field: "f", value }, type);
      const reader = new XdrReader(writer.bytes());
      assert.deepEqual(readTypedParameters(reader, 1), [{ field: "f", value }]);
      assert.equal(writer.bytes().readInt32BE(12), type);
    }
  });

  test("refuses an unknown type, a long name and too many parameters", () => {
    refused("00000001 00000001 61000000 00000008 0000000000000000", /must be 1 to 7, current value is 8/);
    refused(
      `00000001 00000050 ${"61".repeat(80)} 00000001 00000000`,
      /name of 80 bytes is over the limit of 79/,
    );
    refused(`00000003 ${"00".repeat(36)}`, /3 elements is over the limit of 2/);
  });
});

describe("FieldNames", () => {
  test("keeps one string for equal names and never mixes up different ones", () => {
    const names = new FieldNames();
    // the same FNV-1a hash in 32 bits
    const colliding = ["costarring", "liquid"];
    for (const name of ["", "cpu.time", "cpu.timf", "net.10.rx.bytes", ...colliding]) {
      assert.equal(intern(names, name), name);
      assert.equal(intern(names, name), name);
    }
    assert.equal(names.size, 6);
  });

  test("is right whatever order the names come in", () => {
    const names = new FieldNames();
    const name = fc.constantFrom("a", "ab", "b", "vcpu.1.time", "vcpu.2.time", "vcpu.10.time");
    fc.assert(
      fc.property(fc.array(name), (order) => {
        assert.deepEqual(
          order.map((one) => intern(names, one)),
          order,
        );
      }),
    );
  });

  test("gives back names that are not ASCII, and does not keep them", () => {
    const names = new FieldNames();
    assert.equal(intern(names, "größe-雲"), "größe-雲");
    assert.equal(names.size, 0);
  });

  test("has one string for a name also when it has grown", () => {
    const names = new FieldNames();
    const all = Array.from({ length: 3000 }, (_, number) => `block.${number}.rd.bytes`);
    for (const round of ["first", "second"]) {
      for (const name of all) assert.equal(intern(names, name), name, round);
      assert.equal(names.size, all.length);
    }
  });

  test("is bounded however many names come, and right when it starts anew", () => {
    const names = new FieldNames();
    for (let number = 0; number < 100_000; number++) {
      const name = `vcpu.${number}.time`;
      if (intern(names, name) !== name) assert.fail(name);
    }
    assert.ok(names.size <= 32_768, `${names.size} names`);
    assert.equal(intern(names, "vcpu.7.time"), "vcpu.7.time");
  });
});
