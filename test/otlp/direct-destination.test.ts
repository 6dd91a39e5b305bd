import assert from "node:assert/strict";
import { test } from "node:test";

import { KvmeterError } from "../../src/errors.ts";
import type { ExportOutcome, ExportRequest, OtlpTransport } from "../../src/otlp/destination.ts";
import { DirectDestination, createDestination } from "../../src/otlp/direct-destination.ts";
import { startReceiver } from "../../src/receiver/receiver.ts";

const accepted: ExportOutcome = { status: "accepted", rejectedPoints: 0, message: "" };

const none = { refused: 0, too_large: 0, rejected: 0, unavailable: 0, backlog: 0, shutdown: 0 };

/** A transport whose outcomes the test gives, one by one. */
class ScriptedTransport implements OtlpTransport {
  readonly sent: number[] = [];
  closed = false;
  #answers: ((outcome: ExportOutcome) => void)[] = [];

  export({ pointCount }: ExportRequest): Promise<ExportOutcome> {
    this.sent.push(pointCount);
    return new Promise((resolve) => this.#answers.push(resolve));
  }

  async close(): Promise<void> {
    this.closed = true;
  }

  /** Answers the request under way and lets what follows from it happen. */
  async answer(outcome: ExportOutcome): Promise<void> {
    const resolve = this.#answers.shift();
    assert.ok(resolve, "no request is under way");
    resolve(outcome);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function start(): { transport: ScriptedTransport; destination: DirectDestination; lines: string[] } {
  const transport = new ScriptedTransport();
  const lines: string[] = [];
  const log = {
    info: (fields: object, message: string) => void lines.push(`info ${JSON.stringify(fields)} ${message}`),
    warn: (fields: object, message: string) => void lines.push(`warn ${JSON.stringify(fields)} ${message}`),
  };
  return { transport, lines, destination: new DirectDestination(transport, { name: "main", log }) };
}

function requests(...pointCounts: number[]): ExportRequest[] {
  return pointCounts.map((pointCount) => ({ body: new Uint8Array(), pointCount }));
}

function failure(status: "retry" | "refused" | "too-large", message = "it failed"): ExportOutcome {
  const error = new Error(message);
  return status === "retry" ? { status, error, retryAfterMs: undefined } : { status, error };
}

test("requests leave one after the other, in order, and every point is accounted for", async () => {
  const { transport, destination } = start();
  destination.deliver(requests(1, 2, 3, 4, 5));
  assert.deepEqual(transport.sent, [1]);
  await transport.answer(accepted);
  await transport.answer(failure("refused"));
  await transport.answer({ status: "accepted", rejectedPoints: 1, message: "old" });
  await transport.answer(failure("too-large"));
  await transport.answer(failure("retry", "no route"));
  assert.deepEqual(transport.sent, [1, 2, 3, 4, 5]);
  assert.deepEqual(destination.counts, {
    exportedPoints: 3,
    droppedPoints: { ...none, refused: 2, rejected: 1, too_large: 4, unavailable: 5 },
    lastError: "no route",
  });
});

test("one cycle waits; a newer one takes its place, and the older is counted as dropped", async () => {
  const { transport, destination } = start();
  destination.deliver(requests(1));
  destination.deliver(requests(10, 20));
  destination.deliver([]);
  destination.deliver(requests(100));
  assert.equal(destination.counts.droppedPoints.backlog, 30);
  await transport.answer(accepted);
  await transport.answer(accepted);
  assert.deepEqual(transport.sent, [1, 100]);
  destination.deliver(requests(7));
  await transport.answer(accepted);
  assert.deepEqual(destination.counts, {
    exportedPoints: 108,
    droppedPoints: { ...none, backlog: 30 },
    lastError: undefined,
  });
});

test("the log says when delivery begins to fail and when it works again, not how often", async () => {
  const { transport, destination, lines } = start();
  const cycle = async (...outcomes: ExportOutcome[]): Promise<void> => {
    destination.deliver(requests(...outcomes.map(() => 1)));
    for (const outcome of outcomes) await transport.answer(outcome);
  };
  await cycle(accepted);
  await cycle(accepted);
  await cycle(accepted, failure("retry", "Cannot export: first"), failure("retry", "Cannot export: second"));
  await cycle(failure("retry", "Cannot export: third"));
  await cycle(accepted);
  await cycle({ status: "accepted", rejectedPoints: 1, message: "too old" });
  assert.deepEqual(lines, [
    'info {"destination":"main"} Export works',
    'warn {"destination":"main"} Cannot export: first',
    'info {"destination":"main"} Export works again',
    'warn {"destination":"main"} The backend rejected 1 of 1 points: too old',
  ]);
});

test("closing sends what is there, if there is time", async () => {
  const { transport, destination } = start();
  destination.deliver(requests(1));
  destination.deliver(requests(2));
  const closed = destination.close(5000);
  destination.deliver(requests(4));
  await transport.answer(accepted);
  assert.equal(transport.closed, false);
  await transport.answer(accepted);
  await closed;
  assert.equal(transport.closed, true);
  const { exportedPoints, droppedPoints } = destination.counts;
  assert.deepEqual(
    { exportedPoints, droppedPoints },
    { exportedPoints: 3, droppedPoints: { ...none, shutdown: 4 } },
  );
});

test("closing does not wait longer than it may; what was left is counted, once", async () => {
  const { transport, destination } = start();
  destination.deliver(requests(1, 2));
  destination.deliver(requests(4));
  await transport.answer(accepted);
  await destination.close(10);
  assert.equal(transport.closed, true);
  const expected = { exportedPoints: 1, droppedPoints: { ...none, shutdown: 6 }, lastError: undefined };
  assert.deepEqual(destination.counts, expected);
  await transport.answer(accepted);
  assert.deepEqual(destination.counts, expected);
  assert.deepEqual(transport.sent, [1, 2]);
});

test("closing without anything to send is at once", async () => {
  const { transport, destination } = start();
  await destination.close(60_000);
  assert.equal(transport.closed, true);
});

test("from options to a receiver", async () => {
  const received: unknown[] = [];
  const receiver = await startReceiver({
    protocol: "grpc",
    onMetrics: (resources) => received.push(resources),
  });
  const destination = createDestination({
    name: "demo",
    log: { info: () => {}, warn: (_fields, message) => assert.fail(message) },
    protocol: "grpc",
    endpoint: receiver.endpoint,
    headers: {},
    compression: "gzip",
    timeoutMs: 5000,
    requestLimitBytes: 1e6,
    tls: {},
  });
  destination.deliver(requests(1));
  await destination.close(5000);
  assert.deepEqual(received, [[]]);
  assert.equal(destination.counts.exportedPoints, 1);
  await receiver.close();
});

test("options that cannot work are an error at the start", () => {
  const options = {
    name: "demo",
    log: { info: () => {}, warn: () => {} },
    protocol: "grpc",
    endpoint: "http://localhost:4317",
    headers: { "trace-bin": "x" },
    compression: "none",
    timeoutMs: 1,
    requestLimitBytes: 1,
    tls: {},
  } as const;
  assert.throws(
    () => createDestination(options),
    (error: unknown) => error instanceof KvmeterError && error.code === "CONFIG_INVALID",
  );
});
