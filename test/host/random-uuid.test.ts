import assert from "node:assert/strict";
import { test } from "node:test";

import { readRandomUuid } from "../../src/host/random-uuid.ts";
import { fakeRoot } from "./fake-root.ts";

test("a new one at each reading", () => {
  const first = readRandomUuid();
  assert.match(first ?? "", /^[0-9a-f]{8}-[0-9a-f]{4}-4/);
  assert.notEqual(readRandomUuid(), first);
});

test("undefined where there is none, or something else", (t) => {
  const root = fakeRoot(t, { "sys/kernel/random/uuid": "hello\n" });
  assert.equal(readRandomUuid(root), undefined);
  assert.equal(readRandomUuid("/nonexistent"), undefined);
});
