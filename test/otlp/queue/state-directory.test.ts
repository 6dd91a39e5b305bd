import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { KvmeterError } from "../../../src/errors.ts";
import { openStateDirectory } from "../../../src/otlp/queue/open.ts";
import { collectGarbage } from "../../collect-garbage.ts";
import { drain, imbalance, ManualClock, memoryLog, openStore, temporaryDirectory } from "./helpers.ts";
import { HOUR_MS, numbered, WIDE } from "./requests.ts";

test("what is queued is there after a restart, with the values of the same turn", async () => {
  const directory = join(temporaryDirectory(), "made", "as", "needed");
  const first = openStore(directory);
  assert.ok(first.isDurable);
  first.queue("a", WIDE).append([numbered(1), numbered(2)], "gzip");
  first.queue("b", WIDE).append([numbered(3)], "none");
  first.keyValue.put("state", Buffer.from("of the last cycle"));
  await first.close();
  const second = openStore(directory);
  const [a, b] = [second.queue("a", WIDE), second.queue("b", WIDE)];
  assert.deepEqual([a.account.recoveredPoints, b.account.recoveredPoints], [2, 1]);
  assert.equal(Buffer.from(second.keyValue.get("state") ?? []).toString(), "of the last cycle");
  b.append([numbered(4)], "none");
  await b.settled();
  assert.deepEqual(await drain(b), [3, 4]);
  await second.close();
  assert.equal(
    openStore(directory).queue("b", WIDE).queuedBatches,
    0,
    "what was acknowledged does not return",
  );
  assert.deepEqual(readdirSync(directory).toSorted(), ["kvmeter.db", "kvmeter.db-wal", "kvmeter.lock"]);
});

test("cycle and state are one transaction: a process that ends at once leaves both or neither", async () => {
  const directory = temporaryDirectory();
  const store = openStore(directory);
  const queue = store.queue("a", WIDE);
  for (let cycle = 1; cycle <= 30; cycle += 1) {
    queue.append([numbered(cycle, 3000)], "gzip");
    store.keyValue.put("cycle", Buffer.from([cycle]));
    // As a kill would leave them: the files of this very moment, at any turn of the event loop.
    const copy = temporaryDirectory();
    for (const name of ["kvmeter.db", "kvmeter.db-wal"]) {
      writeFileSync(join(copy, name), readFileSync(join(directory, name)));
    }
    const found = openStore(copy);
    assert.equal(found.queue("a", WIDE).queuedBatches, found.keyValue.get("cycle")?.[0] ?? 0);
    await found.close();
    if (cycle % 3 === 0) await queue.settled();
    else await new Promise(setImmediate);
  }
});

test("a second agent on the directory is told so, here and in another process", async () => {
  const directory = temporaryDirectory();
  const first = openStore(directory);
  const isInUse = (error: unknown): boolean =>
    error instanceof KvmeterError &&
    error.code === "STATE_IN_USE" &&
    error.exitCode === 1 &&
    error.message.startsWith(`Cannot use the state directory ${directory}: another agent uses it`);
  assert.throws(() => openStateDirectory(directory, { log: memoryLog() }), isInUse);
  assert.match(inAnotherProcess(directory), /STATE_IN_USE/);
  await first.close();
  assert.match(inAnotherProcess(directory), /opened/);
});

test("what a dead process left does not stand in the way", () => {
  const directory = temporaryDirectory();
  assert.match(inAnotherProcess(directory, "process.kill(process.pid, 'SIGKILL')"), /opened/);
  writeFileSync(join(directory, "kvmeter.lock"), "pid 1 or whatever");
  assert.ok(openStore(directory).isDurable);
  assert.equal(statSync(join(directory, "kvmeter.lock")).size, 0);
});

test("what belongs to a destination that is no longer configured is kept for 48 hours, and one line says so", async () => {
  const directory = temporaryDirectory();
  const clock = new ManualClock();
  const before = openStore(directory, { clock });
  before.queue("gone", WIDE).append([numbered(1), numbered(2)], "none");
  await before.close();

  clock.ms += 47 * HOUR_MS;
  const log = memoryLog();
  const without = openStore(directory, { clock, log });
  const other = without.queue("other", WIDE);
  for (let number = 0; number < 3; number += 1) {
    other.append([numbered(9)], "none");
    await other.settled();
  }
  assert.deepEqual(log.lines, [
    "warn: The configuration no longer has this destination: what is queued for it is kept for 48 hours",
  ]);
  await without.close();

  const again = openStore(directory, { clock });
  assert.equal(again.queue("gone", WIDE).queuedBatches, 2);
  await again.close();

  const later = openStore(directory, { clock });
  clock.ms += 2 * HOUR_MS;
  const another = later.queue("other", WIDE);
  another.append([numbered(9)], "none");
  await another.settled();
  await later.close();
  assert.equal(openStore(directory, { clock }).queue("gone", WIDE).queuedBatches, 0);
});

test("age goes on over a restart of the agent, and stands still while the machine is off", async () => {
  const directory = temporaryDirectory();
  const limits = { ...WIDE, maxAgeMs: HOUR_MS };
  const clock = new ManualClock();
  const first = openStore(directory, { clock });
  first.queue("a", limits).append([numbered(1)], "none");
  await first.queue("a", limits).settled();
  clock.ms += HOUR_MS / 2;
  first.queue("a", limits).append([numbered(2)], "none");
  await first.close();

  // The machine was off for nobody knows how long: its clock starts anew.
  clock.bootId = "boot-2";
  clock.ms = 10_000;
  const second = openStore(directory, { clock });
  const queue = second.queue("a", limits);
  assert.equal(queue.oldestAgeMs, HOUR_MS / 2);
  assert.equal(queue.next("oldest-first")?.pointCount, 1);
  queue.append([numbered(3)], "none");
  await second.close();

  clock.ms += HOUR_MS / 2 + 1;
  const third = openStore(directory, { clock }).queue("a", limits);
  assert.equal(third.account.droppedPoints.too_old, 1);
  assert.deepEqual(await drain(third), [2, 3]);
});

test("the wall clock is not asked: a jump of years drops nothing", async (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: Date.UTC(2026, 0, 1) });
  const directory = temporaryDirectory();
  const limits = { ...WIDE, maxAgeMs: HOUR_MS };
  const queue = openStore(directory).queue("a", limits);
  for (const year of [2036, 1970, 2026]) {
    t.mock.timers.setTime(Date.UTC(year, 0, 1));
    queue.append([numbered(year)], "none");
    await queue.settled();
  }
  assert.deepEqual(await drain(queue), [2036, 1970, 2026]);
});

test("what was refused is kept with the backend's words, the newest few of it", async () => {
  const directory = temporaryDirectory();
  const store = openStore(directory);
  const queue = store.queue("a", { ...WIDE, maxBytes: 640_000 });
  const requests = Array.from({ length: 20 }, (_, index) => numbered(index + 1, index < 15 ? 100 : 15_000));
  queue.append(requests, "none");
  await queue.settled();
  for (let batch = queue.next("oldest-first"); batch !== undefined; batch = queue.next("oldest-first")) {
    queue.setAside(batch, "refused", `no: ${batch.pointCount}`);
    await queue.settled();
  }
  assert.equal(queue.account.droppedPoints.refused, 20);
  await store.close();
  const database = new DatabaseSync(join(directory, "kvmeter.db"));
  const kept = database.prepare("SELECT words, body FROM set_aside ORDER BY id").all();
  database.close();
  assert.deepEqual(
    kept.map(({ body }) => Buffer.from(body as Uint8Array).readUInt32BE(0)),
    [19, 20],
    "no more than a sixteenth of the queue's size",
  );
  assert.ok(kept.every(({ words }) => words === "no: 1"));
  assert.equal(imbalance(queue), 0);
});

test("an endless outage at a limit of 10 MiB: below 12 MiB on disk, the newest kept, drops counted", async () => {
  const directory = temporaryDirectory();
  const store = openStore(directory);
  const queue = store.queue("a", { ...WIDE, maxBytes: 10 * 2 ** 20 });
  let largest = 0;
  const cycles = 400;
  for (let number = 1; number <= cycles; number += 1) {
    // Sizes of all kinds: below, at and beyond a page, and a large one now and then.
    const bytes = number % 50 === 0 ? 1_500_000 : 100 + ((number * 7919) % 150_000);
    queue.append([numbered(number, bytes)], "none");
    await queue.settled();
    largest = Math.max(largest, sizeOnDisk(directory));
  }
  assert.ok(largest < 12 * 2 ** 20, `${largest} bytes on disk`);
  const { queuedBatches, account } = queue;
  assert.equal(account.droppedPoints.queue_full, cycles - queuedBatches);
  assert.ok(queuedBatches > 50);
  const kept = await drain(queue);
  assert.deepEqual(
    kept,
    Array.from(kept, (_, index) => cycles - queuedBatches + 1 + index),
  );
  assert.equal(imbalance(queue), 0);
});

/** What is held: the memory of buffers is given back in the background after a collection, so the least of some looks. */
async function usedBytes(): Promise<number> {
  let least = Infinity;
  for (let look = 0; look < 10; look += 1) {
    collectGarbage();
    await sleep(20);
    const { heapUsed, external } = process.memoryUsage();
    least = Math.min(least, heapUsed + external);
  }
  return least;
}

test("memory stays flat however much is queued: bodies are on disk alone", async () => {
  const queue = openStore(temporaryDirectory()).queue("a", WIDE);
  const append = async (from: number, to: number): Promise<void> => {
    for (let number = from; number < to; number += 1) {
      queue.append([numbered(number, 20_000)], "gzip");
      await queue.settled();
    }
  };
  // What the first few hundred leave is SQLite's page cache, compiled code and the runner's coverage.
  await append(0, 300);
  const before = await usedBytes();
  await append(300, 1800);
  const grown = (await usedBytes()) - before;
  assert.ok(queue.queuedBytes > 30e6);
  assert.ok(grown < 2e6, `${grown} bytes more for ${queue.queuedBytes} queued`);
});

test("the file gives space back once a long backlog is sent", async () => {
  const directory = temporaryDirectory();
  const store = openStore(directory);
  const queue = store.queue("a", WIDE);
  queue.append(
    Array.from({ length: 20 }, (_, index) => numbered(index + 1, 2 ** 20)),
    "none",
  );
  await queue.settled();
  assert.ok(sizeOnDisk(directory) > 20 * 2 ** 20);
  for (let batch = queue.next("oldest-first"); batch !== undefined; batch = queue.next("oldest-first")) {
    queue.acknowledge(batch);
    await queue.settled();
  }
  await store.close();
  assert.ok(sizeOnDisk(directory) < 2 * 2 ** 20, `${sizeOnDisk(directory)} bytes`);
});

test("a file of an unknown format is set aside, not written to", () => {
  const directory = temporaryDirectory();
  mkdirSync(directory, { recursive: true });
  const database = new DatabaseSync(join(directory, "kvmeter.db"));
  database.exec("CREATE TABLE future (x); PRAGMA user_version = 99");
  database.close();
  const log = memoryLog();
  assert.ok(openStore(directory, { log }).isDurable);
  assert.match(log.lines.join("\n"), /^warn: .*\(it has the unknown format 99\) and is set aside/);
  const aside = readdirSync(directory).find((name) => /^kvmeter\.db\.corrupt-\d{8}T\d{9}Z$/.test(name));
  assert.ok(aside !== undefined && existsSync(join(directory, aside)));
});

function inAnotherProcess(directory: string, afterwards = ""): string {
  const script = `
    import { openStateDirectory } from ${JSON.stringify(new URL("../../../src/otlp/queue/open.ts", import.meta.url).href)};
    const log = { info() {}, warn() {} };
    try {
      openStateDirectory(${JSON.stringify(directory)}, { log });
      console.log("opened");
      ${afterwards}
    } catch (error) {
      console.log(error.code);
    }
  `;
  const { stdout } = spawnSync(process.execPath, ["--input-type=module", "--eval", script], {
    encoding: "utf8",
  });
  return stdout;
}

function sizeOnDisk(directory: string): number {
  return readdirSync(directory).reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);
}
