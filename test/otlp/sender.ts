import assert from "node:assert/strict";

import type { Destination, ExportOutcome } from "../../src/otlp/destination.ts";
import type { QueueLimits } from "../../src/otlp/queue/contract.ts";
import { createMemoryStore } from "../../src/otlp/queue/open.ts";
import { type DeliveryOptions, QueuedDestination } from "../../src/otlp/queued-destination.ts";
import { FakeTime } from "./fake-time.ts";
import { afterwards, memoryLog, openStore } from "./queue/helpers.ts";
import { WIDE } from "./queue/requests.ts";
import { ACCEPTED, ScriptedTransport } from "./scripted-transport.ts";

interface SetUp {
  readonly outcomes?: readonly ExportOutcome[];
  readonly options?: Partial<DeliveryOptions>;
  readonly limits?: Partial<QueueLimits>;
  readonly directory?: string;
}

/** A destination whose backend gives the outcomes one after the other, then accepts everything. */
export function setUp({ outcomes = [], options = {}, limits = {}, directory }: SetUp) {
  const time = new FakeTime();
  const log = memoryLog();
  const store =
    directory === undefined
      ? createMemoryStore({ log, clock: time })
      : openStore(directory, { log, clock: time });
  time.busy.push(store);
  const queue = store.queue("d", { ...WIDE, ...limits });
  const left = [...outcomes];
  const transport = new ScriptedTransport(() => left.shift() ?? ACCEPTED);
  const destination = new QueuedDestination(transport, {
    protocol: "http/protobuf",
    compression: "gzip",
    log,
    queue,
    order: "oldest-first",
    timers: time,
    random: () => 1,
    backoff: { firstMs: 1000, limitMs: 8000 },
    ...options,
  });
  afterwards(() => destination.close(0));
  const sent = (): number[] => transport.bodies.map((body) => body.readUInt32BE(0));
  return { time, log, store, queue, transport, destination, sent };
}

/** Every point that was given is exported, dropped or queued. */
export function assertBalanced({ counts }: Destination): void {
  const dropped = Object.values(counts.droppedPoints).reduce((sum, count) => sum + count, 0);
  assert.equal(
    counts.handedOverPoints + counts.recoveredPoints,
    counts.exportedPoints + dropped + counts.queuedPoints,
  );
}

/** Lets compression in other threads and everything else go on until it is so. */
export async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 5000 && !condition(); turn += 1) await new Promise((go) => setTimeout(go, 1));
  assert.ok(condition(), "it does not come to that");
}
