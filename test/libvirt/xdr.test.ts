import assert from "node:assert/strict";
import { describe, test } from "node:test";

import * as fc from "fast-check";

import { toInteger } from "../../src/integer.ts";
import { STRING_LIMIT_BYTES, XdrReader } from "../../src/libvirt/xdr-reader.ts";
import { XdrWriter } from "../../src/libvirt/xdr-writer.ts";

const written = (write: (writer: XdrWriter) => void): string => {
  const writer = new XdrWriter(4);
  write(writer);
  return writer.bytes().toString("hex");
};

function refused(hex: string, read: (reader: XdrReader) => unknown, message: RegExp): void {
  const reader = new XdrReader(Buffer.from(hex, "hex"));
  assert.throws(() => read(reader), { name: "KvmeterError", code: "LIBVIRT_PROTOCOL", message });
}

describe("XdrWriter", () => {
  test("writes big endian, padded to four", () => {
    assert.equal(
      written((writer) => writer.u32(0xffff_fffe)),
      "fffffffe",
    );
    assert.equal(
      written((writer) => writer.i32(-2)),
      "fffffffe",
    );
    assert.equal(
      written((writer) => writer.bool(true)),
      "00000001",
    );
    assert.equal(
      written((writer) => writer.u64(2n ** 64n - 1n)),
      "ffffffffffffffff",
    );
    assert.equal(
      written((writer) => writer.i64(-1)),
      "ffffffffffffffff",
    );
    assert.equal(
      written((writer) => writer.double(1.5)),
      "3ff8000000000000",
    );
    assert.equal(
      written((writer) => writer.string("größe")),
      "000000076772c3b6c39f6500",
    );
    assert.equal(
      written((writer) => writer.fixedOpaque(Buffer.of(1, 2, 3, 4, 5))),
      "0102030405000000",
    );
    assert.equal(
      written((writer) => writer.optional(null, (value: number) => writer.u32(value))),
      "00000000",
    );
    assert.equal(
      written((writer) => writer.optional(7, (value) => writer.u32(value))),
      "0000000100000007",
    );
    assert.equal(
      written((writer) => writer.array([1, 2], (value) => writer.u32(value))),
      "000000020000000100000002",
    );
  });

  test("writes hexadecimal text as its bytes, dashes left out, in a buffer that grows", () => {
    const uuid = "00ff9a7e-8001-4B3C-9fAf-0123456789ab";
    assert.equal(
      written((writer) => writer.fixedHex(uuid)),
      uuid.replaceAll("-", "").toLowerCase(),
    );
    assert.equal(
      written((writer) => writer.fixedHex("c0ffee")),
      "c0ffee00",
    );
  });

  test("leaves room where it is told to", () => {
    const writer = new XdrWriter(4);
    writer.leave(6);
    writer.u32(7);
    const bytes = writer.bytes();
    assert.deepEqual([bytes.length, bytes.readUInt32BE(6)], [10, 7]);
  });
});

describe("XdrReader", () => {
  const item = fc.oneof(
    fc.record({ kind: fc.constant("u32" as const), value: fc.nat({ max: 0xffff_ffff }) }),
    fc.record({ kind: fc.constant("i32" as const), value: fc.integer() }),
    fc.record({ kind: fc.constant("u64" as const), value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) }),
    fc.record({
      kind: fc.constant("i64" as const),
      value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    }),
    fc.record({ kind: fc.constant("double" as const), value: fc.double() }),
    fc.record({ kind: fc.constant("string" as const), value: fc.string({ unit: "binary" }) }),
  );

  test("reads back whatever was written, to the last byte, in a buffer that grew", () => {
    fc.assert(
      fc.property(fc.array(item), (items) => {
        const writer = new XdrWriter(4);
        for (const { kind, value } of items) (writer[kind] as (value: unknown) => void).call(writer, value);
        const reader = new XdrReader(writer.bytes());
        for (const { kind, value } of items) {
          assert.deepEqual(reader[kind](), typeof value === "bigint" ? toInteger(value) : value);
        }
        assert.equal(reader.remaining, 0);
      }),
      { numRuns: 300 },
    );
  });

  test("stays exact at the edges of what a number can hold", () => {
    for (const value of [0, 2 ** 32, Number.MAX_SAFE_INTEGER, 2n ** 53n + 1n, 2n ** 64n - 1n]) {
      const writer = new XdrWriter();
      writer.u64(value);
      assert.equal(new XdrReader(writer.bytes()).u64(), value);
    }
    for (const value of [-1, -(2 ** 32), Number.MIN_SAFE_INTEGER, -(2n ** 53n) - 1n, -(2n ** 63n)]) {
      const writer = new XdrWriter();
      writer.i64(value);
      assert.equal(new XdrReader(writer.bytes()).i64(), value);
    }
  });

  test("refuses what is not there", () => {
    refused("000000", (reader) => reader.u32(), /at byte 0: 4 bytes wanted, 3 left/);
    refused("00000000000000", (reader) => reader.u64(), /8 bytes wanted, 7 left/);
    refused("0000000561626364", (reader) => reader.string(), /at byte 4: 5 bytes wanted, 4 left/);
    refused("000000056162636465", (reader) => reader.string(), /3 bytes wanted, 0 left/);
    refused("0102", (reader) => reader.fixedOpaque(16), /16 bytes wanted/);
    refused("00000001", (reader) => reader.optional(() => reader.u32()), /at byte 4: 4 bytes wanted, 0 left/);
  });

  test("refuses lengths and counts before it believes them", () => {
    const long = (STRING_LIMIT_BYTES + 1).toString(16).padStart(8, "0");
    refused(long, (reader) => reader.string(), /a string of 4194305 bytes is over the limit of 4194304/);
    refused(
      "ffffffff00000000",
      (reader) => reader.array(4, () => reader.u32()),
      /4294967295 elements cannot fit/,
    );
    refused(
      "000000020000000000000000",
      (reader) => reader.array(4, () => reader.u32(), 1),
      /over the limit of 1/,
    );
  });
});
