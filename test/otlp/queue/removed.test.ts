import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import {
  afterwards,
  BACK,
  drain,
  imbalance,
  ManualClock,
  memoryLog,
  mountSmall,
  openStore,
  temporaryDirectory,
  UNWRITABLE,
} from "./helpers.ts";
import { numbered, WIDE } from "./requests.ts";

const GONE = /^warn: The state directory was removed, or another is in its place/;

test("a directory that is removed under the agent: what was in it is written anew, as far as memory has room", async () => {
  const directory = join(temporaryDirectory(), "state");
  const log = memoryLog();
  const clock = new ManualClock();
  const store = openStore(directory, { log, clock, memoryLimitBytes: 500_000 });
  const queue = store.queue("a", WIDE);
  for (let number = 1; number <= 10; number += 1) {
    queue.append([numbered(number, 90_000)], "none");
    await queue.settled();
  }
  queue.inFlight = queue.next("oldest-first");
  rmSync(directory, { recursive: true });
  clock.ms += 60_000;
  queue.append([numbered(11)], "none");
  store.keyValue.put("last", Buffer.from([11]));
  await queue.settled();
  assert.equal(log.lines.length, 1);
  assert.match(log.lines[0] ?? "", GONE);
  assert.equal(store.isDurable, true);
  assert.equal(queue.account.droppedPoints.queue_full, 5);
  assert.equal(queue.oldestAgeMs, 60_000);
  assert.ok(queue.inFlight);
  queue.acknowledge(queue.inFlight);
  assert.ok(queue.account.exportedPoints > 0, "what was being sent meanwhile is no loss");
  assert.equal(imbalance(queue), 0);
  assert.throws(() => openStore(directory), { code: "STATE_IN_USE" });
  await store.close();
  const again = openStore(directory);
  assert.equal(again.keyValue.get("last")?.[0], 11);
  assert.deepEqual(await drain(again.queue("a", WIDE)), [7, 8, 9, 10, 11]);
});

test("a directory that cannot be made anew at once: in memory until it can", async () => {
  const parent = join(temporaryDirectory(), "parent");
  const directory = join(parent, "state");
  const log = memoryLog();
  const clock = new ManualClock();
  const store = openStore(directory, { log, clock });
  const queue = store.queue("a", WIDE);
  queue.append([numbered(1), numbered(2)], "none");
  await queue.settled();
  rmSync(parent, { recursive: true });
  writeFileSync(parent, "a file");
  queue.append([numbered(3)], "none");
  await queue.settled();
  assert.match(log.lines[0] ?? "", GONE);
  assert.match(log.lines[1] ?? "", UNWRITABLE);
  assert.equal(store.isDurable, false);
  rmSync(parent);
  queue.append([numbered(4)], "none");
  await queue.settled();
  assert.deepEqual(log.lines.slice(2), [BACK]);
  await store.close();
  assert.deepEqual(await drain(openStore(directory).queue("a", WIDE)), [1, 2, 3, 4]);
});

test("a file system mounted over the directory: its backlog is the older of the two", async (t) => {
  const other = mountSmall(t, "size=3m");
  if (other === undefined) return;
  const earlier = openStore(other);
  earlier.queue("a", WIDE).append([numbered(1), numbered(2)], "none");
  await earlier.close();

  const directory = temporaryDirectory();
  const log = memoryLog();
  const store = openStore(directory, { log });
  const queue = store.queue("a", WIDE);
  queue.append([numbered(3), numbered(4), numbered(5)], "none");
  await queue.settled();
  spawnSync("mount", ["--bind", other, directory]);
  afterwards(() => void spawnSync("umount", ["--lazy", directory]));
  queue.append([numbered(6)], "none");
  await queue.settled();
  assert.equal(log.lines.length, 1);
  assert.match(log.lines[0] ?? "", GONE);
  assert.deepEqual(await drain(queue), [1, 2, 3, 4, 5, 6]);
  assert.equal(imbalance(queue), 0);
});
