import assert from "node:assert/strict";
import { test } from "node:test";

import { cut, pad, textWidth } from "../../src/cli/text.ts";
import { printable } from "../../src/printable.ts";

test("width counts columns of a terminal, not characters", () => {
  assert.equal(textWidth("größe"), 5);
  assert.equal(textWidth("gro\u0308ße"), 5);
  assert.equal(textWidth("雲"), 2);
  assert.equal(textWidth("ｗｅｂ"), 6);
  assert.equal(textWidth("🚀"), 2);
  assert.equal(textWidth(""), 0);
});

test("texts are filled up and cut to columns", () => {
  assert.equal(pad("雲", 4, "right"), "雲  ");
  assert.equal(pad("12", 4, "left"), "  12");
  assert.equal(pad("12345", 4, "left"), "12345");
  assert.equal(cut("abcdef", 4), "abc…");
  assert.equal(cut("雲雲雲", 4), "雲…");
  assert.equal(cut("abc", 3), "abc");
});

test("a name cannot move the cursor or turn the line around", () => {
  assert.equal(printable("a\u001b[2Jb\rc\u202ed"), "a\ufffd[2Jb\ufffdc\ufffdd");
  assert.equal(printable("größe 雲"), "größe 雲");
});
