import assert from "node:assert/strict";
import { test } from "node:test";

import { inkOf, isDumb, isUnicode } from "../../src/top/paint.ts";
import { FORMATS, shownAs } from "../../src/top/quantities.ts";
import { sparkline } from "../../src/top/sparkline.ts";

const bytes = (value: number) => FORMATS.bytes(value, "binary");

test("amounts take five characters at most", () => {
  assert.deepEqual([0, 0.4, 999, 1023, 1024, 1_234_567, 123_456_789].map(bytes), [
    "0",
    "0",
    "999",
    "1023",
    "1.00K",
    "1.18M",
    "118M",
  ]);
  for (let exponent = 0; exponent < 60; exponent += 0.01) {
    for (const units of ["binary", "decimal"] as const) {
      const text = FORMATS.bytes(2 ** exponent, units);
      assert.ok(text.length <= 5, `2^${exponent} is ${text}`);
    }
  }
  assert.equal(FORMATS.bytes(1_234_567, "decimal"), "1.23M");
  assert.equal(FORMATS.traffic(1_000_000, "bits"), "8.00M");
  assert.equal(FORMATS.traffic(1_048_576, "binary"), "1.00M");
});

test("counts, percent, milliseconds and ages", () => {
  assert.deepEqual(
    [0, 0.44, 3, 9.96, 12_345, 99_999, 1e6].map((value) => FORMATS.count(value)),
    ["0", "0.4", "3", "10", "12345", "99999", "1.00M"],
  );
  assert.deepEqual(
    [0, 0.1234, 1.012, 16].map((value) => FORMATS.percent(value)),
    ["0.0", "12.3", "101.2", "1600"],
  );
  assert.deepEqual(
    [0.00085, 0.0123, 0.5, 12].map((value) => FORMATS.milliseconds(value)),
    ["0.85", "12.3", "500", "12000"],
  );
  assert.deepEqual(
    [5, 59.9, 60, 3599, 3600, 11_520, 86_400, 1_047_600].map((value) => FORMATS.age(value)),
    ["5s", "59s", "1m", "59m", "1h", "3h12m", "1d", "12d3h"],
  );
  assert.equal(shownAs(undefined, "bytes", "binary"), "-");
});

test("a sparkline starts at 0 and ends at the fullest, and has gaps", () => {
  const unicode = { width: 5, alphabet: "unicode" } as const;
  assert.equal(sparkline([0, 1, 2, 4], unicode), " ▁▂▄█");
  assert.equal(sparkline([0.1, Number.NaN, 1], { ...unicode, full: 1 }), "  ▁ █");
  assert.equal(sparkline([0, 0, 0], unicode), "  ▁▁▁");
  assert.equal(sparkline([1, 2, 3, 4, 5, 6, 7, 8], unicode), "▄▅▆▇█");
  assert.equal(sparkline([0, 8], { width: 2, alphabet: "ascii" }), "_#");
  assert.equal(sparkline([], { width: 0, alphabet: "ascii" }), "");
});

test("looks are what the terminal can and the reader wants", () => {
  assert.equal(inkOf({ TERM: "xterm-256color" }), "colours");
  assert.equal(inkOf({ TERM: "xterm", NO_COLOR: "1" }), "mono");
  assert.equal(inkOf({ TERM: "xterm", NO_COLOR: "" }), "colours");
  assert.equal(inkOf({ TERM: "dumb" }), "none");
  assert.equal(isDumb({}), true);
  assert.equal(isUnicode({ LANG: "en_US.UTF-8" }), true);
  assert.equal(isUnicode({ LC_ALL: "C", LANG: "en_US.UTF-8" }), false);
  assert.equal(isUnicode({ LC_ALL: "", LANG: "C.utf8" }), true);
  assert.equal(isUnicode({}), false);
});
