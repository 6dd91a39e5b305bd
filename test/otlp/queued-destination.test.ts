import assert from "node:assert/strict";
import { test } from "node:test";

import type { ExportOutcome, ExportRequest } from "../../src/otlp/destination.ts";
import { encodeLogs } from "../../src/otlp/encode-logs.ts";
import { ID_STEP } from "../../src/otlp/queue/batch.ts";
import { kvmeterScope } from "../../src/otlp/scope.ts";
import { decodeLogsRequest } from "./official-proto.ts";
import { temporaryDirectory } from "./queue/helpers.ts";
import { numbered } from "./queue/requests.ts";
import { ACCEPTED, refused, retry, TOO_LARGE } from "./scripted-transport.ts";
import { assertBalanced, setUp, until } from "./sender.ts";

test("what is delivered is sent at once and counted", async () => {
  const { time, destination, sent, log } = setUp({});
  destination.deliver([numbered(1), numbered(2)]);
  assert.equal(destination.counts.queuedPoints, 2);
  await time.settle();
  assert.deepEqual(sent(), [1, 2]);
  const { exportedPoints, queuedPoints, queuedBatches, oldestAgeMs } = destination.counts;
  assert.deepEqual([exportedPoints, queuedPoints, queuedBatches, oldestAgeMs], [2, 0, 0, 0]);
  assert.equal(await destination.firstError, undefined);
  assert.deepEqual(log.lines, ["info: Export works"]);
  assertBalanced(destination);
});

test("a failure is tried again after waits that double, and never given up", async () => {
  const outcomes = Array.from({ length: 8 }, () => retry());
  const { time, destination, sent, log } = setUp({ outcomes });
  destination.deliver([numbered(1)]);
  const attempts: number[] = [];
  for (let second = 0; second <= 60; second += 1) {
    await time.settle();
    if (sent().length > attempts.length) attempts.push(second);
    await time.pass(1000);
  }
  assert.deepEqual(attempts, [0, 1, 3, 7, 15, 23, 31, 39, 47]);
  assert.equal(destination.counts.exportedPoints, 1);
  assert.match(String(await destination.firstError), /unavailable/);
  assert.deepEqual(log.lines, ["warn: unavailable"]);
  destination.deliver([numbered(2)]);
  await time.settle();
  assert.deepEqual(log.lines, ["warn: unavailable", "info: Export works again"]);
});

test("the wait that the backend asks for is kept, with a tenth more by chance", async () => {
  const { time, destination, sent } = setUp({ outcomes: [retry(60_000), retry(0)] });
  destination.deliver([numbered(1)]);
  await time.pass(65_999);
  assert.equal(sent().length, 1);
  await time.pass(1);
  assert.equal(sent().length, 2);
  await time.pass(109);
  assert.equal(sent().length, 2, "0 is no reason to hurry");
  await time.pass(1);
  assert.deepEqual(sent(), [1, 1, 1]);
});

test("what the backend refuses is set aside with its words and does not block what is behind", async () => {
  const directory = temporaryDirectory();
  const outcomes = [refused("bad point"), ACCEPTED, refused("bad point"), ACCEPTED];
  const { time, destination, sent, log } = setUp({ outcomes, directory });
  destination.deliver([1, 2, 3, 4].map((number) => numbered(number)));
  await time.settle();
  assert.deepEqual(sent(), [1, 2, 3, 4]);
  const { exportedPoints, droppedPoints, lastError } = destination.counts;
  assert.deepEqual([exportedPoints, droppedPoints.refused, lastError], [2, 2, "bad point"]);
  assert.deepEqual(log.lines, ["warn: bad point"], "one line for the state, not for each batch");
  assertBalanced(destination);
});

test("a batch that the disk cannot read holds up those behind it for ten minutes, and no longer", async () => {
  const { time, destination, queue, sent } = setUp({});
  const read = queue.read.bind(queue);
  queue.read = (batch) => (batch.id === ID_STEP ? Promise.reject(new Error("disk I/O error")) : read(batch));
  destination.deliver([numbered(1), numbered(2)]);
  for (let minute = 0; minute < 10; minute += 1) {
    assert.deepEqual(sent(), []);
    await time.pass(60_000);
  }
  await time.pass(8000);
  assert.deepEqual(sent(), [2]);
  assert.equal(destination.counts.droppedPoints.unreadable, 1);
  assertBalanced(destination);
});

test("points that the backend rejects are counted and not sent again", async () => {
  const outcomes: ExportOutcome[] = [{ status: "accepted", rejectedPoints: 1, message: "too old" }];
  const { time, destination, log } = setUp({ outcomes });
  destination.deliver([{ ...numbered(1), pointCount: 3 }]);
  await time.settle();
  const { exportedPoints, droppedPoints } = destination.counts;
  assert.deepEqual([exportedPoints, droppedPoints.rejected], [2, 1]);
  assert.deepEqual(log.lines, ["warn: The backend rejected 1 of 3 points: too old"]);
  assertBalanced(destination);
});

test("what an outage left behind is paced, and what is new is not", async () => {
  const { time, destination, sent, queue } = setUp({
    outcomes: [retry()],
    options: { order: "fresh-first", replayRateBytesPerS: 1000 },
  });
  destination.deliver(Array.from({ length: 20 }, (_, index) => numbered(index + 1, 480)));
  await time.settle();
  await time.pass(1000);
  const startedAt = time.nowMs();
  const [{ storedBytes } = { storedBytes: 0 }] = [queue.next("oldest-first")];
  await time.pass(5000);
  const inFiveSeconds = sent().length - 1;
  assert.ok(
    Math.abs(inFiveSeconds - (5 * 1000) / storedBytes) <= 2,
    `${inFiveSeconds} of ${storedBytes} bytes`,
  );
  destination.deliver([numbered(100), numbered(101)]);
  await time.settle();
  assert.deepEqual(sent().slice(-2), [100, 101]);
  await time.pass(10_000);
  assert.equal(destination.counts.queuedPoints, 0);
  assert.ok(time.nowMs() - startedAt > 9000);
});

test("fresh first: an old batch that fails holds up neither the new nor their order", async () => {
  const { time, destination, sent, transport } = setUp({
    outcomes: [retry()],
    options: { order: "fresh-first" },
  });
  destination.deliver([numbered(1)]);
  await time.settle();
  transport.answer = (body) => (body.readUInt32BE(0) === 1 ? retry() : ACCEPTED);
  for (let number = 2; number <= 20; number += 1) {
    destination.deliver([numbered(number)]);
    await time.pass(10_000);
  }
  assert.equal(destination.counts.exportedPoints, 19);
  assert.deepEqual(
    sent().filter((number) => number !== 1),
    Array.from({ length: 19 }, (_, index) => index + 2),
  );
});

test("too old: dropped while the backend is away, with one line", async () => {
  const { time, destination, transport, log } = setUp({ limits: { maxAgeMs: 60_000 } });
  transport.answer = () => retry();
  for (let number = 1; number <= 30; number += 1) {
    destination.deliver([numbered(number)]);
    await time.pass(10_000);
  }
  const { droppedPoints, queuedPoints } = destination.counts;
  assert.ok(queuedPoints <= 7 && queuedPoints >= 6, String(queuedPoints));
  assert.equal(droppedPoints.too_old, 30 - queuedPoints);
  assert.equal(log.lines.filter((line) => /age limit/.test(line)).length, 1);
  assertBalanced(destination);
});

test("at the end what waits is tried once more, and what is in memory is counted as lost", async () => {
  const { time, destination, transport, sent } = setUp({ outcomes: [retry()] });
  destination.deliver([numbered(1), numbered(2), numbered(3)]);
  await time.settle();
  transport.answer = (body) => (body.readUInt32BE(0) === 3 ? retry() : ACCEPTED);
  await destination.close(1000);
  assert.deepEqual(sent(), [1, 1, 2, 3], "no wait for the backoff, no second attempt");
  assert.equal(destination.counts.exportedPoints, 2);
  assert.equal(destination.counts.droppedPoints.shutdown, 1);
  assert.ok(transport.isClosed);
  destination.deliver([numbered(4)]);
  assert.equal(destination.counts.droppedPoints.shutdown, 2);
  assertBalanced(destination);
});

test("at the end a request that hangs is left alone, and on disk nothing is lost", async () => {
  const directory = temporaryDirectory();
  const { time, destination, transport, store } = setUp({ directory });
  const hanging = Promise.withResolvers<ExportOutcome>();
  transport.answer = () => hanging.promise;
  destination.deliver([numbered(1), numbered(2)]);
  await time.settle();
  assert.equal(destination.counts.inFlightPoints, 1);
  const closing = destination.close(3000);
  await time.pass(3000);
  await closing;
  hanging.resolve(ACCEPTED);
  await time.settle();
  const { exportedPoints, queuedPoints, droppedPoints } = destination.counts;
  assert.deepEqual([exportedPoints, queuedPoints, droppedPoints.shutdown], [0, 2, 0]);
  await store.close();
  const again = setUp({ directory });
  await again.time.settle();
  assert.deepEqual(again.sent(), [1, 2]);
  assert.equal(again.destination.counts.recoveredPoints, 2);
  assertBalanced(again.destination);
});

test("a transport that throws is one that failed", async () => {
  const { time, destination, transport } = setUp({});
  transport.answer = () => {
    throw new Error("a bug");
  };
  destination.deliver([numbered(1)]);
  await time.settle();
  assert.equal(destination.counts.lastError, "a bug");
  transport.answer = () => ACCEPTED;
  await time.pass(1000);
  assert.equal(destination.counts.exportedPoints, 1);
});

test("a backend that fails now and then is told of once, not at every request", async () => {
  const { time, destination, transport, log } = setUp({});
  transport.answer = (body) => (body.readUInt32BE(0) % 3 === 0 ? refused() : ACCEPTED);
  for (let number = 1; number <= 60; number += 1) {
    destination.deliver([numbered(number)]);
    await time.pass(10_000);
  }
  assert.deepEqual(log.lines, ["info: Export works", "warn: never"]);
});

test("of log records the queue keeps the signal, over a restart too, and the log speaks of records", async () => {
  const directory = temporaryDirectory();
  const first = setUp({ outcomes: [retry(), retry()], directory, options: { signal: "logs" } });
  assert.equal(first.destination.signal, "logs");
  first.destination.deliver([{ ...numbered(1), pointCount: 5, signal: "logs" }]);
  await first.time.settle();
  await first.destination.close(0);
  await first.store.close();

  const rejecting: ExportOutcome = { status: "accepted", rejectedPoints: 2, message: "no body" };
  const again = setUp({ outcomes: [rejecting], directory, options: { signal: "logs" } });
  await again.time.settle();
  assert.deepEqual(
    again.transport.requests.map(({ signal, pointCount }) => [signal, pointCount]),
    [["logs", 5]],
  );
  const { recoveredPoints, exportedPoints, droppedPoints } = again.destination.counts;
  assert.deepEqual([recoveredPoints, exportedPoints, droppedPoints.rejected], [5, 3, 2]);
  assert.deepEqual(again.log.lines, ["warn: The backend rejected 2 of 5 log records: no body"]);
  assertBalanced(again.destination);
});

/** A request with four log records, of the times 1 to 4. */
function fourRecords(): ExportRequest {
  const records = Array.from({ length: 4 }, (_, index) => ({
    timeNs: BigInt(index + 1),
    observedTimeNs: 9n,
    eventName: "libvirt.domain.lifecycle",
    severity: "info" as const,
    body: undefined,
    attributes: {},
  }));
  const [request] = encodeLogs([{ resource: { attributes: { a: "b" } }, records }], {
    scope: kvmeterScope("1"),
    limitBytes: 1e6,
  });
  assert.ok(request);
  return request;
}

test("what was too large is sent whole again ten minutes later", async () => {
  const { time, destination, transport } = setUp({ options: { signal: "logs" } });
  transport.answer = () => TOO_LARGE;
  destination.deliver([fourRecords()]);
  await until(() => destination.counts.queuedPoints === 0);
  assert.equal(destination.counts.droppedPoints.too_large, 4);
  transport.answer = () => ACCEPTED;
  for (const [waitMs, sizes] of [
    [0, [1, 1, 1, 1]],
    [599_000, [1, 1, 1, 1]],
    [1000, [4]],
  ] as const) {
    await time.pass(waitMs);
    transport.requests.length = 0;
    destination.deliver([fourRecords()]);
    await until(() => destination.counts.queuedPoints === 0);
    const sent = transport.requests.map(({ pointCount }) => pointCount);
    assert.deepEqual(sent, sizes, `after ${waitMs} ms`);
  }
  assertBalanced(destination);
});

test("log records that are too large are cut between records", async () => {
  const { destination, transport } = setUp({ options: { signal: "logs" } });
  const arrived: (string | undefined)[] = [];
  transport.answer = (body) => {
    const logs = decodeLogsRequest(body).resourceLogs?.[0]?.scopeLogs[0]?.logRecords ?? [];
    if (logs.length > 1) return TOO_LARGE;
    arrived.push(...logs.map(({ timeUnixNano }) => timeUnixNano));
    return ACCEPTED;
  };
  destination.deliver([fourRecords()]);
  await until(() => destination.counts.queuedPoints === 0);
  assert.deepEqual(arrived, ["1", "2", "3", "4"]);
  assert.equal(destination.counts.exportedPoints, 4);
  assertBalanced(destination);
});
