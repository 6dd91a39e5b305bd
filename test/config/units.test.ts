import assert from "node:assert/strict";
import { test } from "node:test";

import { assert as check, nat, property } from "fast-check";

import { formatDuration, formatSize, parseDuration, parseSize } from "../../src/config/units.ts";

test("durations are numbers with units", () => {
  assert.equal(parseDuration("500ms"), 500);
  assert.equal(parseDuration("10s"), 10_000);
  assert.equal(parseDuration("5m"), 300_000);
  assert.equal(parseDuration("1h30m"), 5_400_000);
  assert.equal(parseDuration("1.5s"), 1500);
  assert.equal(parseDuration("2d"), 172_800_000);
});

test("what is no duration is refused", () => {
  for (const text of ["", "10", "10 s", "s", "-1s", "1e3s", "1h 30m", "10sec", "١s", "1s\n"]) {
    assert.equal(parseDuration(text), undefined, text);
  }
});

test("sizes are numbers with units of 1000 or 1024", () => {
  assert.equal(parseSize("4MiB"), 4_194_304);
  assert.equal(parseSize("500kB"), 500_000);
  assert.equal(parseSize("1.5KiB"), 1536);
  assert.equal(parseSize("7B"), 7);
  for (const text of ["", "4", "4M", "4mib", "4 MiB", "-4MiB", "1KiB1B"])
    assert.equal(parseSize(text), undefined, text);
});

test("what is formatted parses to the same value", () => {
  check(
    property(nat(), (value) => {
      assert.equal(parseDuration(formatDuration(value)), value);
      assert.equal(parseSize(formatSize(value)), value);
    }),
  );
  assert.equal(formatDuration(90_000), "1m30s");
  assert.equal(formatDuration(0), "0s");
  assert.equal(formatSize(4_194_304), "4MiB");
  assert.equal(formatSize(500_000), "500kB");
  assert.equal(formatSize(0), "0B");
});
