import assert from "node:assert/strict";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";

import type { StateStore } from "../../../src/otlp/queue/contract.ts";
import { createMemoryStore } from "../../../src/otlp/queue/open.ts";
import {
  afterwards,
  drain,
  imbalance,
  ManualClock,
  memoryLog,
  openStore,
  temporaryDirectory,
} from "./helpers.ts";
import { HOUR_MS, numbered, WIDE } from "./requests.ts";

type Open = (options?: Parameters<typeof openStore>[1]) => StateStore;

const stores: Record<string, () => Open> = {
  disk: () => {
    const directory = temporaryDirectory();
    return (options) => openStore(directory, options);
  },
  memory: () => (options) => {
    const store = createMemoryStore({ log: memoryLog(), ...options });
    afterwards(() => store.close());
    return store;
  },
};

for (const [kind, prepare] of Object.entries(stores)) {
  test(`${kind}: what is appended is read in order, whatever the compression, and gone when acknowledged`, async () => {
    const queue = prepare()().queue("a", WIDE);
    queue.append([numbered(1), numbered(2)], "none");
    queue.append([numbered(3)], "none");
    assert.equal(queue.queuedPoints, 3);
    await queue.settled();
    assert.equal(queue.queuedBatches, 3);
    assert.deepEqual(await drain(queue), [1, 2, 3]);
    assert.deepEqual([queue.queuedPoints, queue.queuedBatches, queue.queuedBytes], [0, 0, 0]);
    assert.equal(queue.account.exportedPoints, 3);
    assert.equal(imbalance(queue), 0);
  });

  test(`${kind}: who appends is told when the bodies are not read any more, and what is written over them is not stored`, async () => {
    const queue = prepare()().queue("a", WIDE);
    const [packed, plain] = [numbered(1), numbered(2)];
    const taken: string[] = [];
    queue.append([packed], "gzip", () => {
      taken.push("packed");
      packed.body.fill(0);
    });
    queue.append([plain], "none", () => taken.push("plain"));
    assert.deepEqual(taken, []);
    await queue.settled();
    // What is stored as it came is the store's now.
    assert.deepEqual(taken, ["packed"]);
    const batch = queue.next("oldest-first");
    assert.ok(batch);
    const stored = await queue.read(batch);
    assert.deepEqual(stored && gunzipSync(stored), numbered(1).body);
  });

  test(`${kind}: beyond its size the oldest go, never the one under way, and each is counted`, async () => {
    const queue = prepare()().queue("a", { ...WIDE, maxBytes: 100_000 });
    queue.append([numbered(1, 10_000)], "none");
    await queue.settled();
    queue.inFlight = queue.next("oldest-first");
    for (let number = 2; number <= 20; number += 1) queue.append([numbered(number, 10_000)], "none");
    await queue.settled();
    assert.equal(queue.inFlightPoints, 1);
    assert.ok(queue.queuedBytes <= 100_000);
    assert.equal(imbalance(queue), 0);
    queue.inFlight = undefined;
    const left = await drain(queue);
    assert.deepEqual(left, [1, 15, 16, 17, 18, 19, 20]);
    assert.equal(queue.account.droppedPoints.queue_full, 20 - left.length);
  });

  test(`${kind}: beyond its age a batch goes, one millisecond before it does not`, async () => {
    const clock = new ManualClock();
    const queue = prepare()({ clock }).queue("a", { ...WIDE, maxAgeMs: HOUR_MS });
    queue.append([numbered(1)], "none");
    await queue.settled();
    clock.ms += HOUR_MS;
    assert.equal(queue.oldestAgeMs, HOUR_MS);
    assert.notEqual(queue.next("oldest-first"), undefined);
    clock.ms += 1;
    assert.equal(queue.next("oldest-first"), undefined);
    assert.equal(queue.account.droppedPoints.too_old, 1);
    assert.equal(imbalance(queue), 0);
  });

  test(`${kind}: fresh first gives what came after the outage, then the backlog, each oldest first`, async () => {
    const queue = prepare()().queue("a", WIDE);
    queue.append([numbered(1), numbered(2)], "none");
    await queue.settled();
    queue.leaveBehind();
    queue.append([numbered(3), numbered(4)], "none");
    await queue.settled();
    const order: [number, boolean][] = [];
    for (let batch = queue.next("fresh-first"); batch !== undefined; batch = queue.next("fresh-first")) {
      order.push([Buffer.from((await queue.read(batch)) ?? []).readUInt32BE(0), queue.isBacklog(batch)]);
      queue.acknowledge(batch);
    }
    assert.deepEqual(order, [
      [3, false],
      [4, false],
      [1, true],
      [2, true],
    ]);
  });

  test(`${kind}: pieces take the place of what was cut, as often as it is cut`, async () => {
    const queue = prepare()().queue("a", WIDE);
    queue.append([numbered(1), numbered(100), numbered(9)], "none");
    await queue.settled();
    const [first] = [queue.next("oldest-first")];
    assert.ok(first !== undefined);
    queue.acknowledge(first);
    for (let round = 0; round < 12; round += 1) {
      const batch = queue.next("oldest-first");
      assert.ok(batch !== undefined);
      assert.ok(await queue.replace(batch, [numbered(50 - round), numbered(60 - round)], "none"));
    }
    await queue.settled();
    assert.deepEqual(await drain(queue), [39, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 9]);
  });

  test(`${kind}: what one destination's batches are cut into takes no other's place`, async () => {
    const log = memoryLog();
    const store = prepare()({ log });
    const [queue, ...others] = [store.queue("a", WIDE), store.queue("b", WIDE), store.queue("c", WIDE)];
    for (const [index, each] of [queue, ...others].entries()) each.append([numbered(index)], "none");
    await store.settled();
    const batch = queue.next("oldest-first");
    assert.ok(batch !== undefined && (await queue.replace(batch, [numbered(10), numbered(11)], "none")));
    await store.settled();
    assert.deepEqual(await Promise.all([queue, ...others].map(drain)), [[10, 11], [1], [2]]);
    assert.deepEqual(log.lines, []);
  });

  test(`${kind}: a batch can be cut in two 22 times over, whichever half is cut again`, async () => {
    const queue = prepare()().queue("a", WIDE);
    queue.append([numbered(1), numbered(2)], "none");
    await queue.settled();
    const cutOldest = async (): Promise<void> => {
      const batch = queue.next("oldest-first");
      assert.ok(batch !== undefined && (await queue.replace(batch, [numbered(1), numbered(2)], "none")));
    };
    for (let round = 0; round < 22; round += 1) await cutOldest();
    assert.equal((await drain(queue)).length, 24);
    queue.append([numbered(1), numbered(2)], "none");
    await queue.settled();
    for (let round = 0; round < 22; round += 1) {
      await cutOldest();
      const first = queue.next("oldest-first");
      assert.ok(first !== undefined);
      queue.acknowledge(first);
    }
    assert.deepEqual(await drain(queue), [2, 2]);
  });

  test(`${kind}: values by key`, async () => {
    const { keyValue, queue } = bound(prepare()());
    keyValue.put("k", Buffer.from("one"));
    assert.equal(String(keyValue.get("k")), "one");
    await queue.settled();
    assert.equal(Buffer.from(keyValue.get("k") ?? []).toString(), "one");
    keyValue.put("k", undefined);
    assert.equal(keyValue.get("k"), undefined);
    await queue.settled();
    assert.equal(keyValue.get("k"), undefined);
  });
}

test("cycles that cannot be encoded in time do not pile up", async () => {
  const store = createMemoryStore({ log: memoryLog() });
  afterwards(() => store.close());
  const queue = store.queue("a", WIDE);
  for (let number = 1; number <= 20; number += 1) queue.append([numbered(number)], "none");
  assert.equal(queue.account.droppedPoints.queue_full, 12);
  assert.equal(imbalance(queue), 0);
  await queue.settled();
  assert.deepEqual(await drain(queue), [13, 14, 15, 16, 17, 18, 19, 20]);
});

test("memory is bounded of its own, whatever the queue may take", async () => {
  const store = createMemoryStore({ log: memoryLog(), memoryLimitBytes: 50_000 });
  afterwards(() => store.close());
  const queue = store.queue("a", WIDE);
  queue.append(
    Array.from({ length: 20 }, (_, index) => numbered(index + 1, 10_000)),
    "none",
  );
  await queue.settled();
  assert.ok(queue.queuedBytes <= 50_000);
  assert.equal(queue.limitBytes, 50_000);
  assert.deepEqual(await drain(queue), [18, 19, 20]);
});

for (const codec of ["gzip", "zstd"] as const) {
  test(`memory: a small body, ${codec}, takes no more of it than it counts`, async () => {
    const store = createMemoryStore({ log: memoryLog() });
    afterwards(() => store.close());
    const queue = store.queue("a", WIDE);
    queue.append([numbered(1, 1000)], codec);
    await queue.settled();
    const batch = queue.next("oldest-first");
    const body = batch && (await queue.read(batch));
    assert.equal(body?.buffer.byteLength, batch?.storedBytes);
  });
}

function bound(store: StateStore) {
  return { keyValue: store.keyValue, queue: store.queue("a", WIDE) };
}
