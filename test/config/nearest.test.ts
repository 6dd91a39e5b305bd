import assert from "node:assert/strict";
import { test } from "node:test";

import { nearest, suggestion } from "../../src/config/nearest.ts";

test("a misspelt word finds the one that was meant", () => {
  const options = ["interval", "libvirt", "export", "log"];
  assert.equal(nearest("intervall", options), "interval");
  assert.equal(nearest("Interval", options), "interval");
  assert.equal(nearest("exprot", options), "export");
  assert.equal(nearest("lgo", options), "log");
});

test("a different word finds nothing", () => {
  assert.equal(nearest("zz", ["interval", "log"]), undefined);
  assert.equal(nearest("state_directory", ["interval", "libvirt", "export"]), undefined);
  assert.equal(suggestion("state_directory", ["interval"]), "");
  assert.equal(suggestion("intervl", ["interval"]), ' (did you mean "interval"?)');
});
