import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, STATUS_CODES, type ServerResponse } from "node:http";
import { createServer as createTcpServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";

import { Metadata, status } from "@grpc/grpc-js";

import { KvmeterError } from "../../src/errors.ts";
import type { DeliveryCounts } from "../../src/otlp/destination.ts";
import type { DestinationOptions } from "../../src/otlp/options.ts";
import { createMemoryStore } from "../../src/otlp/queue/open.ts";
import { createQueuedDestination } from "../../src/otlp/queued-destination.ts";
import { serve } from "./grpc-servers.ts";
import { afterwards, memoryLog, openStore, temporaryDirectory } from "./queue/helpers.ts";
import { WIDE } from "./queue/requests.ts";
import { assertBalanced, until } from "./sender.ts";
import { drain, listen, optionsFor, request, SECRET } from "./servers.ts";

/**
 * What becomes of a batch that the backend answers in some way once, and accepts if it comes again. sent again: it
 * arrives. dropped: it is set aside. cut: it is set aside as too large, since one point cannot be cut.
 */
type Fate = "accepted" | "sent again" | "dropped" | "cut";

async function deliverOnce(options: Partial<DestinationOptions>): Promise<DeliveryCounts> {
  const store = createMemoryStore({ log: memoryLog() });
  const destination = createQueuedDestination({
    ...optionsFor(options),
    log: memoryLog(),
    queue: store.queue("d", WIDE),
    order: "oldest-first",
    backoff: { firstMs: 1, limitMs: 2 },
  });
  afterwards(async () => {
    await destination.close(0);
    await store.close();
  });
  destination.deliver([request]);
  await until(() => destination.counts.queuedPoints === 0);
  assertBalanced(destination);
  return destination.counts;
}

function assertFate({ exportedPoints, droppedPoints, lastError }: DeliveryCounts, fate: Fate): void {
  const arrived = fate === "accepted" || fate === "sent again";
  const { pointCount } = request;
  const why = lastError ?? "no error";
  assert.equal(exportedPoints, arrived ? pointCount : 0, why);
  assert.equal(droppedPoints.refused, fate === "dropped" ? pointCount : 0, why);
  assert.equal(droppedPoints.too_large, fate === "cut" ? pointCount : 0, why);
}

/** By the OTLP specification 429, 502, 503 and 504 are for later, 413 is for less, everything else for never. */
const RETRYABLE_STATUSES = new Set([429, 502, 503, 504]);

function fateOfStatus(code: number): Fate {
  if (RETRYABLE_STATUSES.has(code)) return "sent again";
  return code === 413 ? "cut" : "dropped";
}

const statuses = [...Object.keys(STATUS_CODES).map(Number), 499, 520, 599].filter((code) => code >= 300);

for (const code of statuses) {
  const fate = fateOfStatus(code);
  test(`HTTP ${code}: ${fate}`, async () => {
    const counts = await deliverOverHttp((response) => void response.writeHead(code).end());
    assertFate(counts, fate);
  });
}

const RETRYABLE_CODES: ReadonlySet<status> = new Set([
  status.CANCELLED,
  status.DEADLINE_EXCEEDED,
  status.ABORTED,
  status.OUT_OF_RANGE,
  status.UNAVAILABLE,
  status.DATA_LOSS,
]);

for (const code of Object.values(status)) {
  if (typeof code !== "number" || code === status.OK) continue;
  const fate = RETRYABLE_CODES.has(code) ? "sent again" : "dropped";
  test(`gRPC ${status[code]}: ${fate}`, async () => {
    assertFate(await deliverOverGrpc({ code, details: "" }), fate);
  });
}

test("gRPC RESOURCE_EXHAUSTED with RetryInfo: sent again", async () => {
  const metadata = new Metadata();
  // Status{details{type_url, value: RetryInfo{retry_delay{nanos}}}}
  const type = Buffer.from("type.googleapis.com/google.rpc.RetryInfo");
  const any = Buffer.concat([
    Buffer.from([0x0a, type.length]),
    type,
    Buffer.from([0x12, 4, 0x0a, 2, 0x10, 1]),
  ]);
  metadata.set("grpc-status-details-bin", Buffer.concat([Buffer.from([0x1a, any.length]), any]));
  const counts = await deliverOverGrpc({ code: status.RESOURCE_EXHAUSTED, details: "", metadata });
  assertFate(counts, "sent again");
});

test("gRPC RESOURCE_EXHAUSTED for its size: cut", async () => {
  const details = "grpc: received message larger than max (9 vs. 4)";
  assertFate(await deliverOverGrpc({ code: status.RESOURCE_EXHAUSTED, details }), "cut");
});

const hostile: Record<string, { readonly answer: (response: ServerResponse) => void; readonly fate: Fate }> =
  {
    "never answers": { answer: () => {}, fate: "sent again" },
    "closes without an answer": { answer: (response) => response.destroy(), fate: "sent again" },
    "closes in the middle of its answer": {
      answer: (response) => {
        response.writeHead(503, { "content-length": "1000" }).write("half", () => response.destroy());
      },
      fate: "sent again",
    },
    "answers a web page": {
      answer: (response) =>
        void response.writeHead(200, { "content-type": "text/html" }).end("<html></html>"),
      fate: "dropped",
    },
    "sends 5 GB after its status": {
      answer: (response) => {
        response.writeHead(200, { "content-length": String(5 * 2 ** 30) });
        const chunk = Buffer.alloc(2 ** 20);
        const write = (): void => {
          while (!response.destroyed && response.write(chunk));
          if (!response.destroyed) response.once("drain", write);
        };
        write();
      },
      fate: "accepted",
    },
    "sends its status and then nothing": {
      answer: (response) => response.writeHead(200, { "content-length": "10" }).flushHeaders(),
      fate: "accepted",
    },
  };

for (const [name, { answer, fate }] of Object.entries(hostile)) {
  test(`a server that ${name}: ${fate}`, async () => {
    const before = process.memoryUsage().rss;
    assertFate(await deliverOverHttp(answer), fate);
    assert.ok(process.memoryUsage().rss - before < 100 * 2 ** 20, "the answer is read into memory");
  });
}

test("a server that speaks HTTP/1.0: accepted", async () => {
  const origin = await listen(
    createTcpServer((socket) => void socket.once("data", () => socket.end("HTTP/1.0 200 OK\r\n\r\n"))),
  );
  assertFate(await deliverOnce({ endpoint: origin }), "accepted");
});

test("the queue's file holds no secret, though the backend quotes one", async () => {
  const directory = temporaryDirectory();
  const store = openStore(directory);
  const server = createServer(({ headers }, response) => {
    response.writeHead(400).end(`who is ${headers["authorization"]}?`);
  });
  const destination = createQueuedDestination({
    ...optionsFor({ endpoint: await listen(server) }),
    log: memoryLog(),
    queue: store.queue("d", WIDE),
    order: "oldest-first",
  });
  destination.deliver([request]);
  await until(() => destination.counts.droppedPoints.refused > 0);
  await destination.close(1000);
  await store.close();
  const bytes = readdirSync(directory).map((name) => readFileSync(join(directory, name), "latin1"));
  assert.match(bytes.join(""), /who is \*\*\*\?/);
  assert.doesNotMatch(bytes.join(""), new RegExp(SECRET));
});

test("options that cannot work are an error at the start", () => {
  const store = createMemoryStore({ log: memoryLog() });
  afterwards(() => store.close());
  const options = {
    ...optionsFor({ protocol: "grpc", endpoint: "http://localhost:1", headers: { "key-bin": "x" } }),
    log: memoryLog(),
    queue: store.queue("d", WIDE),
    order: "oldest-first",
  } as const;
  assert.throws(
    () => createQueuedDestination(options),
    (error) => error instanceof KvmeterError && error.code === "CONFIG_INVALID",
  );
});

/** Over HTTP to a server that answers the first request in this way and accepts the others. */
async function deliverOverHttp(first: (response: ServerResponse) => void): Promise<DeliveryCounts> {
  let count = 0;
  const onRequest = (incoming: IncomingMessage, response: ServerResponse): void => {
    drain(incoming, () => {
      count += 1;
      if (count === 1) first(response);
      else response.end();
    });
  };
  return deliverOnce({ endpoint: `${await listen(createServer(onRequest))}/v1/metrics` });
}

/** The same over gRPC, to a server that fails once. */
async function deliverOverGrpc(failure: { code: status; details: string; metadata?: Metadata }) {
  let count = 0;
  const endpoint = await serve((_call, answer) => {
    count += 1;
    if (count === 1) answer(failure);
    else answer(null, Buffer.alloc(0));
  });
  return deliverOnce({ protocol: "grpc", endpoint });
}
