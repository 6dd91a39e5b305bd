import assert from "node:assert/strict";
import { copyFileSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";

import type { StateStore } from "../../../src/otlp/queue/contract.ts";
import { drain, imbalance, ManualClock, memoryLog, openStore, temporaryDirectory } from "./helpers.ts";
import { HOUR_MS, numbered, WIDE } from "./requests.ts";

const BATCHES = 60;

/** Sizes below, at and beyond a page. */
const requests = Array.from({ length: BATCHES }, (_, index) =>
  numbered(index + 1, 50 + ((index * 997) % 20_000)),
);

/** Numbers that are the same in every run. */
function randomFrom(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % limit;
  };
}

type Damage = (file: string, random: (limit: number) => number) => void;

const damages: Record<string, Damage> = {
  "cut short": (file, random) => truncateSync(file, random(statSync(file).size)),
  "a bit turned": (file, random) => {
    const bytes = readFileSync(file);
    const at = random(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
    writeFileSync(file, bytes);
  },
  "a page of zeros": (file, random) => {
    const bytes = readFileSync(file);
    const page = random(Math.ceil(bytes.length / 4096));
    writeFileSync(file, bytes.fill(0, page * 4096, (page + 1) * 4096));
  },
};

/** A directory with the batches queued, its log not yet checkpointed in full, as after a kill. */
async function prepareFiles(): Promise<string> {
  const directory = temporaryDirectory();
  const store = openStore(directory);
  const queue = store.queue("a", WIDE);
  for (const request of requests) {
    queue.append([request], "none");
    await queue.settled();
  }
  const copy = temporaryDirectory();
  for (const name of ["kvmeter.db", "kvmeter.db-wal"]) copyFileSync(join(directory, name), join(copy, name));
  await store.close();
  return copy;
}

/** What was queued and could be read, checked against what was written. */
async function checkUsable(store: StateStore): Promise<number[]> {
  const queue = store.queue("a", WIDE);
  const found: number[] = [];
  for (let batch = queue.next("oldest-first"); batch !== undefined; batch = queue.next("oldest-first")) {
    const body = await queue.read(batch);
    if (body === undefined) {
      queue.drop(batch, "unreadable");
      continue;
    }
    const number = Buffer.from(body).readUInt32BE(0);
    assert.deepEqual(Buffer.from(body), requests[number - 1]?.body);
    found.push(number);
    queue.acknowledge(batch);
  }
  assert.deepEqual(
    found,
    found.toSorted((a, b) => a - b),
  );
  queue.append([numbered(1000, 5000)], "none");
  await queue.settled();
  assert.deepEqual(await drain(queue), [1000]);
  assert.ok(store.isDurable, "it does not write to the disk");
  assert.equal(imbalance(queue), 0);
  return found;
}

for (const [name, damage] of Object.entries(damages)) {
  for (const file of ["kvmeter.db", "kvmeter.db-wal"]) {
    test(`${file}, ${name}: it opens, nothing false is read, most is there, and it works`, async () => {
      const origin = await prepareFiles();
      const rounds = 25;
      const random = randomFrom(file.length + name.length);
      let kept = 0;
      for (let round = 0; round < rounds; round += 1) {
        const directory = temporaryDirectory();
        for (const each of ["kvmeter.db", "kvmeter.db-wal"]) {
          copyFileSync(join(origin, each), join(directory, each));
        }
        damage(join(directory, file), random);
        const store = openStore(directory);
        kept += (await checkUsable(store)).length;
        await store.close();
      }
      assert.ok(kept > 0.3 * rounds * BATCHES, `${kept} of ${rounds * BATCHES} are left`);
    });
  }
}

test("cut short after an orderly end: everything before the cut is kept, and the file set aside alone", async () => {
  const directory = temporaryDirectory();
  const first = openStore(directory);
  first.queue("a", WIDE).append(requests, "none");
  await first.close();
  const file = join(directory, "kvmeter.db");
  truncateSync(file, statSync(file).size / 2);
  const found = await checkUsable(openStore(directory));
  assert.ok(found.length > BATCHES / 3, String(found.length));
  const aside = readdirSync(directory).filter((name) => name.includes("corrupt"));
  assert.equal(aside.length, 1, aside.join(" "));
});

test("damage that shows while the agent runs: what cannot be read is counted, the rest is kept", async () => {
  const directory = temporaryDirectory();
  const log = memoryLog();
  const store = openStore(directory, { log });
  const queue = store.queue("a", WIDE);
  for (const request of requests) {
    queue.append([request], "none");
    await queue.settled();
  }
  const file = join(directory, "kvmeter.db");
  truncateSync(file, Math.floor(statSync(file).size / 2));
  const found = await drain(queue);
  const { droppedPoints } = queue.account;
  assert.equal(found.length + droppedPoints.unreadable, BATCHES);
  assert.ok(found.length > BATCHES / 4, String(found.length));
  assert.equal(
    log.lines.filter((line) => /was damaged .* set aside/.test(line)).length,
    1,
    log.lines.join("\n"),
  );
  queue.append([numbered(7)], "none");
  await queue.settled();
  assert.deepEqual(await drain(queue), [7]);
  assert.equal(imbalance(queue), 0);
  assert.ok(store.isDurable);
});

for (const [column, value] of [
  ["point_count", -5],
  ["point_count", 2n ** 60n],
  ["signal", "noise"],
  ["codec", "lz4"],
] as const) {
  test(`a row that nobody wrote: ${column} = ${value}`, async () => {
    const directory = await prepareFiles();
    const database = new DatabaseSync(join(directory, "kvmeter.db"));
    database.prepare(`UPDATE batch SET ${column} = ? WHERE id = (SELECT max(id) FROM batch)`).run(value);
    database.close();
    const found = await checkUsable(openStore(directory));
    assert.deepEqual(
      found,
      Array.from({ length: BATCHES - 1 }, (_, index) => index + 1),
    );
  });
}

test("damage that takes the time: batches are as old among themselves as before, and go on ageing", async () => {
  const directory = temporaryDirectory();
  const clock = new ManualClock();
  const first = openStore(directory, { clock });
  clock.ms += 24 * HOUR_MS;
  first.queue("a", WIDE).append([numbered(1)], "none");
  await first.settled();
  clock.ms += HOUR_MS;
  first.queue("a", WIDE).append([numbered(2)], "none");
  await first.close();
  const database = new DatabaseSync(join(directory, "kvmeter.db"));
  database.exec("DELETE FROM value");
  database.close();

  clock.bootId = "boot-2";
  const queue = openStore(directory, { clock }).queue("a", { ...WIDE, maxAgeMs: 2 * HOUR_MS });
  assert.equal(queue.oldestAgeMs, HOUR_MS);
  clock.ms += HOUR_MS + 1;
  assert.deepEqual(await drain(queue), [2]);
  assert.equal(queue.account.droppedPoints.too_old, 1);
});

test("text in the place of the file", async () => {
  const directory = temporaryDirectory();
  const log = memoryLog();
  writeFileSync(join(directory, "kvmeter.db"), "not a database\n".repeat(1000));
  assert.deepEqual(await checkUsable(openStore(directory, { log })), []);
  assert.match(
    log.lines[0] ?? "",
    /^warn: The queue's file was damaged \(file is not a database\) and is set aside/,
  );
});
