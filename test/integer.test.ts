import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import { add, fromSignedWords, fromWords, multiply, scaleDown, subtract, toInteger } from "../src/integer.ts";

const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const i64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

test("words make the integer that they spell, a number whenever that is exact", () => {
  fc.assert(
    fc.property(u64, (value) => {
      const integer = fromWords(Number(value >> 32n), Number(value & 0xffff_ffffn));
      assert.equal(BigInt(integer), value);
      assert.equal(typeof integer, value < 2n ** 53n ? "number" : "bigint");
    }),
  );
  fc.assert(
    fc.property(i64, (value) => {
      const integer = fromSignedWords(Number(value >> 32n), Number(value & 0xffff_ffffn));
      assert.equal(BigInt(integer), value);
    }),
  );
});

test("arithmetic agrees with bigint arithmetic", () => {
  fc.assert(
    fc.property(i64, i64, fc.constantFrom(1, 1024, 1_048_576), (a, b, factor) => {
      assert.equal(BigInt(add(toInteger(a), toInteger(b))), a + b);
      assert.equal(BigInt(subtract(toInteger(a), toInteger(b))), a - b);
      assert.equal(BigInt(multiply(toInteger(a), factor)), a * BigInt(factor));
    }),
  );
});

test("scaling down gives the double nearest to the true quotient, beyond 2^53 too", () => {
  assert.equal(scaleDown(1_500_000_000, 9), 1.5);
  assert.equal(scaleDown(18_446_744_073_709_551_615n, 9), Number("18446744073.709551615"));
  assert.equal(scaleDown(9_007_199_254_740_993n, 9), Number("9007199.254740993"));
});
