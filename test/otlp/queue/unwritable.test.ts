import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, statfsSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { MEMORY_LIMIT_BYTES } from "../../../src/otlp/queue/state-store.ts";
import {
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

test("a directory that cannot be made: in memory, said once, and on disk as soon as it can be", async () => {
  const parent = join(temporaryDirectory(), "parent");
  writeFileSync(parent, "a file");
  const directory = join(parent, "state");
  const log = memoryLog();
  const clock = new ManualClock();
  const store = openStore(directory, { log, clock });
  const queue = store.queue("a", WIDE);
  assert.equal(store.isDurable, false);
  for (let number = 1; number <= 5; number += 1) {
    queue.append([numbered(number)], "none");
    store.keyValue.put("last", Buffer.from([number]));
    clock.ms += 60_000;
    await queue.settled();
  }
  assert.equal(log.lines.length, 1);
  assert.match(log.lines[0] ?? "", UNWRITABLE);

  rmSync(parent);
  mkdirSync(parent);
  queue.append([numbered(6)], "none");
  clock.ms += 60_000;
  await queue.settled();
  assert.deepEqual(log.lines.slice(1), [BACK]);
  assert.ok(store.isDurable);
  await store.close();
  const again = openStore(directory);
  assert.equal(again.keyValue.get("last")?.[0], 5);
  assert.deepEqual(await drain(again.queue("a", WIDE)), [1, 2, 3, 4, 5, 6]);
});

test("a directory that turns up later with a backlog in it: that is the older of the two", async () => {
  const parent = join(temporaryDirectory(), "parent");
  const directory = join(parent, "state");
  const clock = new ManualClock();
  const first = openStore(directory, { clock });
  first.queue("a", WIDE).append([numbered(1), numbered(2)], "none");
  await first.close();

  spawnSync("mv", [parent, `${parent}-away`]);
  writeFileSync(parent, "a file");
  clock.ms += 5000;
  const second = openStore(directory, { clock });
  const queue = second.queue("a", WIDE);
  queue.append([numbered(3), numbered(4)], "none");
  await queue.settled();
  const underWay = queue.next("oldest-first");
  queue.inFlight = underWay;

  rmSync(parent);
  spawnSync("mv", [`${parent}-away`, parent]);
  clock.ms += 60_000;
  queue.append([numbered(5)], "none");
  await queue.settled();
  assert.ok(second.isDurable);
  assert.equal(queue.account.recoveredPoints, 2);
  assert.equal(queue.oldestAgeMs, 65_000);
  assert.ok(underWay !== undefined);
  queue.acknowledge(underWay);
  assert.deepEqual(await drain(queue), [1, 2, 4, 5]);
  assert.equal(imbalance(queue), 0);
});

test("a full disk: in memory, said once, and on disk again when there is room; all of it counted", async (t) => {
  const directory = mountSmall(t, "size=3m");
  if (directory === undefined) return;
  const log = memoryLog();
  const clock = new ManualClock();
  const store = openStore(directory, { log, clock });
  const queue = store.queue("a", WIDE);
  queue.append([numbered(1, 50_000), numbered(2, 50_000)], "none");
  await queue.settled();
  writeFileSync(join(directory, "filler"), Buffer.alloc(1_500_000));
  for (let number = 3; number <= 60; number += 1) {
    queue.append([numbered(number, 50_000)], "none");
    clock.ms += 10_000;
    await queue.settled();
  }
  assert.equal(store.isDurable, false);
  assert.equal(log.lines.length, 1, log.lines.join("\n"));
  assert.match(log.lines[0] ?? "", UNWRITABLE);
  // Of the small file system, and of the memory.
  assert.ok(queue.limitBytes > MEMORY_LIMIT_BYTES && queue.limitBytes < MEMORY_LIMIT_BYTES + 3e6);
  // What is acknowledged while nothing can be written does not come back either.
  for (const expected of [1, 2, 3]) {
    const batch = queue.next("oldest-first");
    assert.ok(batch !== undefined);
    assert.equal(Buffer.from((await queue.read(batch)) ?? []).readUInt32BE(0), expected);
    queue.acknowledge(batch);
  }
  await queue.settled();

  rmSync(join(directory, "filler"));
  spawnSync("mount", ["-o", "remount,size=16m", directory]);
  clock.ms += 10_000;
  queue.append([numbered(61)], "none");
  await queue.settled();
  assert.deepEqual(log.lines.slice(1), [BACK]);
  assert.equal(queue.limitBytes, WIDE.maxBytes);
  assert.equal(imbalance(queue), 0);
  await store.close();
  const found = await drain(openStore(directory).queue("a", WIDE));
  assert.deepEqual(
    found,
    Array.from({ length: 58 }, (_, index) => index + 4),
  );
});

test("a start on a full disk: what the file holds is known and can be sent", async (t) => {
  const directory = mountSmall(t, "size=3m");
  if (directory === undefined) return;
  const clock = new ManualClock();
  const first = openStore(directory, { clock });
  const firstQueue = first.queue("a", WIDE);
  const append = async (number: number): Promise<void> => {
    firstQueue.append([numbered(number, 50_000)], "none");
    first.keyValue.put("last", Buffer.from([number]));
    await firstQueue.settled();
  };
  for (let number = 1; number <= 20; number += 1) await append(number);
  const { bavail, bsize } = statfsSync(directory);
  writeFileSync(join(directory, "filler"), Buffer.alloc(bavail * bsize));
  // Into the log, which has room still, and from there not into the file.
  let written = 20;
  for (; first.isDurable; written += 1) await append(written + 1);
  assert.ok(written > 25);
  written -= 1;
  await first.close();

  const log = memoryLog();
  const store = openStore(directory, { log, clock });
  const queue = store.queue("a", WIDE);
  assert.equal(store.keyValue.get("last")?.[0], written);
  const all = Array.from({ length: written }, (_, index) => index + 1);
  assert.deepEqual(await drain(queue), all);
  queue.append([numbered(100)], "none");
  rmSync(join(directory, "filler"));
  clock.ms += 10_000;
  await queue.settled();
  await store.close();
  assert.deepEqual(await drain(openStore(directory).queue("a", WIDE)), [100]);
  assert.ok(log.lines.every((line) => !line.includes("damaged")));
});

test("a disk too full to give space back: what was sent and queued meanwhile is written all the same", async (t) => {
  const directory = mountSmall(t, "size=24m");
  if (directory === undefined) return;
  const log = memoryLog();
  const store = openStore(directory, { log });
  const queue = store.queue("a", WIDE);
  for (let number = 1; number <= 18; number += 1) {
    queue.append([numbered(number, 1_000_000)], "none");
    await queue.settled();
  }
  // More than the log has room for.
  store.keyValue.put("state", numbered(0, 1_200_000).body);
  await queue.settled();
  const { bavail, bsize } = statfsSync(directory);
  writeFileSync(join(directory, "filler"), Buffer.alloc(bavail * bsize));
  assert.equal((await drain(queue)).length, 18);
  queue.append([numbered(19)], "none");
  await queue.settled();
  assert.ok(statSync(join(directory, "kvmeter.db")).size > 16e6);
  assert.deepEqual([log.lines, store.isDurable], [[], true]);

  rmSync(join(directory, "filler"));
  assert.deepEqual(await drain(queue), [19]);
  await queue.settled();
  assert.ok(statSync(join(directory, "kvmeter.db")).size < 2e6);
});

for (const when of ["at the start", "while the agent runs"]) {
  test(`a damaged file and a full disk, ${when}: what can be read of it is kept when there is room`, async (t) => {
    const directory = mountSmall(t, "size=12m");
    if (directory === undefined) return;
    const log = memoryLog();
    const clock = new ManualClock();
    const isStart = when === "at the start";
    const first = openStore(directory, { log, clock });
    const firstQueue = first.queue("a", WIDE);
    for (let number = 1; number <= 80; number += 1) {
      firstQueue.append([numbered(number, 100_000)], "none");
      await firstQueue.settled();
    }
    if (isStart) await first.close();
    const file = join(directory, "kvmeter.db");
    truncateSync(file, statSync(file).size / 2);
    const { bavail, bsize } = statfsSync(directory);
    writeFileSync(join(directory, "filler"), Buffer.alloc(bavail * bsize - 1_500_000));

    const store = isStart ? openStore(directory, { log, clock }) : first;
    const queue = store.queue("a", WIDE);
    const sent = await drain(queue);
    queue.append([numbered(81)], "none");
    await queue.settled();
    assert.equal(log.lines.length, 1);
    assert.match(log.lines[0] ?? "", UNWRITABLE);
    assert.equal(queue.queuedBatches, 1);

    rmSync(join(directory, "filler"));
    spawnSync("mount", ["-o", "remount,size=32m", directory]);
    clock.ms += 10_000;
    queue.append([numbered(82)], "none");
    await queue.settled();
    assert.match(log.lines[1] ?? "", /was damaged .* set aside; \d\d batches could be read and are kept/);
    assert.deepEqual(log.lines.slice(2), [BACK]);
    assert.equal(imbalance(queue), 0);
    const found = await drain(queue);
    assert.deepEqual(found.slice(-2), [81, 82]);
    assert.ok(new Set([...sent, ...found]).size > 35);
    assert.equal(queue.account.droppedPoints.unreadable, isStart ? 0 : 80 - sent.length);
    const names = readdirSync(directory).map((name) => name.replace(/corrupt-\w+/, "corrupt"));
    assert.deepEqual(names.filter((name) => !name.endsWith("-wal")).toSorted(), [
      "kvmeter.db",
      "kvmeter.db.corrupt",
      "kvmeter.lock",
    ]);
  });
}

test("more at once than memory may hold: all of it is written, and bounded where it cannot be", async (t) => {
  const directory = mountSmall(t, "size=2m");
  if (directory === undefined) return;
  const store = openStore(directory, { memoryLimitBytes: 200_000 });
  const queue = store.queue("a", WIDE);
  const append = async (from: number, count: number): Promise<void> => {
    const numbers = Array.from({ length: count }, (_, index) => from + index);
    queue.append(
      numbers.map((number) => numbered(number, 50_000)),
      "none",
    );
    await queue.settled();
  };
  await append(1, 10);
  assert.ok(store.isDurable);
  assert.equal(queue.queuedBatches, 10);
  await append(11, 50);
  // What is left of it has room.
  assert.equal(queue.account.droppedPoints.queue_full, 47);
  assert.equal(imbalance(queue), 0);
  assert.deepEqual((await drain(queue)).slice(-4), [10, 58, 59, 60]);
});

test("a read-only file system: in memory, said once, and on disk once it can be written", async (t) => {
  const directory = mountSmall(t, "ro");
  if (directory === undefined) return;
  const log = memoryLog();
  const clock = new ManualClock();
  const store = openStore(directory, { log, clock });
  const queue = store.queue("a", WIDE);
  for (let number = 1; number <= 3; number += 1) {
    queue.append([numbered(number)], "none");
    clock.ms += 10_000;
    await queue.settled();
  }
  assert.equal(store.isDurable, false);
  assert.match(log.lines.join("\n"), UNWRITABLE);
  assert.equal(log.lines.length, 1);
  spawnSync("mount", ["-o", "remount,rw", directory]);
  clock.ms += 10_000;
  queue.append([numbered(4)], "none");
  await queue.settled();
  assert.deepEqual(log.lines.slice(1), [BACK]);
  await store.close();
  assert.deepEqual(await drain(openStore(directory).queue("a", WIDE)), [1, 2, 3, 4]);
});
