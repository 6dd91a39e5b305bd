import assert from "node:assert/strict";
import { test } from "node:test";

import type { ResourcePoints } from "../../src/metrics/points.ts";
import { cutRequests } from "../../src/otlp/batch.ts";
import { encodeCycle } from "../../src/otlp/encode.ts";
import type { SendOrder } from "../../src/otlp/queue/contract.ts";
import type { StateStore } from "../../src/otlp/queue/contract.ts";
import { createMemoryStore } from "../../src/otlp/queue/open.ts";
import { QueuedDestination } from "../../src/otlp/queued-destination.ts";
import { kvmeterScope } from "../../src/otlp/scope.ts";
import { FakeTime } from "./fake-time.ts";
import { decodeRequest } from "./official-proto.ts";
import { afterwards, memoryLog, openStore, temporaryDirectory } from "./queue/helpers.ts";
import { WIDE } from "./queue/requests.ts";
import { ACCEPTED, retry, ScriptedTransport } from "./scripted-transport.ts";

const CYCLE_MS = 10_000;
const HOUR_CYCLES = 360;
const DOMAINS = ["a", "b", "c"];
const metric = { name: "m", description: "", unit: "1", kind: "gauge", valueType: "int" } as const;
const series = ["x", "y"].map((name) => ({ attributes: { name }, startTimeNs: undefined }));
const resources = DOMAINS.map((domain) => ({ attributes: { domain } }));

/** Points of one cycle: their time is its number. */
function cycleOf(number: number): ResourcePoints[] {
  return resources.map((resource) => ({
    resource,
    metrics: [
      { metric, points: series.map((each) => ({ series: each, timeNs: BigInt(number), value: number })) },
    ],
  }));
}

/** The receiver's books: what it took of each series, in the order in which it came. */
function bookOf(bodies: readonly Buffer[]): Map<string, number[]> {
  const book = new Map<string, number[]>();
  for (const body of bodies) {
    for (const { resource, scopeMetrics } of decodeRequest(body).resourceMetrics ?? []) {
      for (const { attributes, timeUnixNano, asInt } of scopeMetrics[0]?.metrics[0]?.gauge?.dataPoints ??
        []) {
        const key = `${resource.attributes?.[0]?.value.stringValue}/${attributes?.[0]?.value.stringValue}`;
        assert.equal(asInt, timeUnixNano, "the value belongs to the time");
        book.set(key, [...(book.get(key) ?? []), Number(timeUnixNano)]);
      }
    }
  }
  return book;
}

async function runOutage(order: SendOrder, openQueues: (time: FakeTime) => StateStore): Promise<Buffer[]> {
  const time = new FakeTime();
  const store = openQueues(time);
  time.busy.push(store);
  const accepted: Buffer[] = [];
  let isAway = false;
  const transport = new ScriptedTransport((body) => {
    if (isAway) return retry();
    accepted.push(body);
    return ACCEPTED;
  });
  const destination = new QueuedDestination(transport, {
    protocol: "http/protobuf",
    compression: "gzip",
    log: memoryLog(),
    queue: store.queue("d", WIDE),
    order,
    replayRateBytesPerS: 200,
    timers: time,
  });
  const cycles = HOUR_CYCLES + 2000;
  for (let cycle = 1; cycle <= cycles; cycle += 1) {
    isAway = cycle > 10 && cycle <= 10 + HOUR_CYCLES;
    destination.deliver(cutRequests(encodeCycle(cycleOf(cycle), kvmeterScope("1")), 500));
    await time.pass(CYCLE_MS);
    const { queuedBatches } = destination.counts;
    if (cycle === 10 + HOUR_CYCLES) assert.ok(queuedBatches >= HOUR_CYCLES, "nothing is queued");
    if (cycle > 10 + HOUR_CYCLES && queuedBatches === 0) break;
  }
  const { handedOverPoints, exportedPoints, queuedPoints } = destination.counts;
  assert.equal(queuedPoints, 0, "the backlog is not sent");
  assert.equal(exportedPoints, handedOverPoints);
  await destination.close(1000);
  return accepted;
}

const stores: Record<string, (time: FakeTime) => StateStore> = {
  disk: (time) => openStore(temporaryDirectory(), { clock: time }),
  memory: (clock) => {
    const store = createMemoryStore({ log: memoryLog(), clock });
    afterwards(() => store.close());
    return store;
  },
};

for (const [kind, open] of Object.entries(stores)) {
  test(`${kind}: an hour without the backend: every point arrives once, in time order in each series`, async () => {
    const book = bookOf(await runOutage("oldest-first", open));
    assert.equal(book.size, DOMAINS.length * series.length);
    for (const times of book.values()) {
      assert.deepEqual(
        times,
        Array.from(times, (_, index) => index + 1),
      );
      assert.ok(times.length > 10 + HOUR_CYCLES);
    }
  });
}

test("an hour without the backend, fresh first: the new is never behind the old, and nothing is missing", async () => {
  const book = bookOf(await runOutage("fresh-first", stores["disk"]!));
  // What came within the last wait of the outage counts as new.
  const lastOld = 10 + HOUR_CYCLES - 3;
  for (const times of book.values()) {
    const fresh = times.filter((time) => time > 10 + HOUR_CYCLES);
    const old = times.filter((time) => time <= lastOld);
    assert.deepEqual(
      fresh,
      Array.from(fresh, (_, index) => index + 11 + HOUR_CYCLES),
    );
    assert.deepEqual(
      old,
      Array.from(old, (_, index) => index + 1),
    );
    assert.equal(new Set(times).size, 10 + HOUR_CYCLES + fresh.length);
    assert.ok(times.indexOf(11 + HOUR_CYCLES) < 20, "the new waits behind the old");
  }
});
