import assert from "node:assert/strict";
import { test } from "node:test";

import { formatBytes, formatRatio, formatSeconds, formatValue } from "../../src/cli/quantity.ts";

test("bytes", () => {
  assert.equal(formatBytes(0), "0 B");
  assert.equal(formatBytes(1023), "1023 B");
  assert.equal(formatBytes(1536), "1.50 KiB");
  assert.equal(formatBytes(16 * 2 ** 30), "16.0 GiB");
  assert.equal(formatBytes(2 ** 64), "16.0 EiB");
});

test("ratios", () => {
  assert.equal(formatRatio(0.1234), "12.3 %");
  assert.equal(formatRatio(1.5), "150.0 %");
});

test("times", () => {
  assert.equal(formatSeconds(0), "0 s");
  assert.equal(formatSeconds(0.0042), "4.20 ms");
  assert.equal(formatSeconds(2e-7), "200 ns");
  assert.equal(formatSeconds(59), "59.0 s");
  assert.equal(formatSeconds(90), "1m30s");
  assert.equal(formatSeconds(200_000), "2d8h");
});

test("values in their unit", () => {
  assert.equal(formatValue(1536, "By"), "1.50 KiB");
  assert.equal(formatValue(1536, "By/s"), "1.50 KiB/s");
  assert.equal(formatValue(18_446_744_073_709_551_615n, "{operation}"), "18446744073709551615");
  assert.equal(formatValue(0.001234, "1"), "0.00123");
  assert.equal(formatValue(12.345, "J"), "12.3 J");
});
