import assert from "node:assert/strict";
import { test } from "node:test";

import { runKills } from "./kill-run.ts";

test("killed 12 times at random moments: everything stored arrives, and the file opens every time", async () => {
  const { stored } = await runKills(12);
  assert.ok(stored.size > 20, `only ${stored.size} cycles were stored`);
});
