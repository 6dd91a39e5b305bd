import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import type { AddressInfo, Server, Socket } from "node:net";
import { afterEach } from "node:test";

import { KvmeterError } from "../../src/errors.ts";
import type { ExportOutcome, Signal } from "../../src/otlp/destination.ts";
import type { DestinationOptions } from "../../src/otlp/options.ts";
import { createTransport } from "../../src/otlp/transport.ts";

/** A header's value, which no message may show. */
export const SECRET = "s3cret-token";

/** What is sent to the scripted servers. */
export const request = { body: Buffer.from("a request's bytes"), pointCount: 7 };

const closing: (() => void | Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** Runs after the test. */
export function closeLater(close: () => void | Promise<void>): void {
  closing.push(close);
}

/** What a test expects of an outcome. */
export interface Expected {
  readonly status: ExportOutcome["status"];
  readonly rejectedPoints?: number;
  /** Of an outcome "accepted". */
  readonly message?: string;
}

/** Options for HTTP with everything plain and a secret header. */
export function optionsFor(options: Partial<DestinationOptions>): DestinationOptions {
  return {
    protocol: "http/protobuf",
    endpoint: "",
    headers: { authorization: `Bearer ${SECRET}` },
    compression: "none",
    timeoutMs: 300,
    requestLimitBytes: 1e6,
    tls: {},
    ...options,
  };
}

/** One request through a transport of its own. */
export async function exportOnce(
  options: Partial<DestinationOptions>,
  signal?: Signal,
): Promise<ExportOutcome> {
  const transport = createTransport(optionsFor(options));
  try {
    return await transport.export({ ...request, ...(signal && { signal }) });
  } finally {
    await transport.close();
  }
}

/** Checks the outcome, and that its message is one line that names the endpoint and shows no secret. */
export function assertOutcome(
  outcome: ExportOutcome,
  {
    endpoint,
    expected,
    code,
    message,
  }: {
    endpoint: string;
    expected: Expected;
    code?: string | undefined;
    message?: RegExp | undefined;
  },
): void {
  if (outcome.status === "accepted") {
    assert.deepEqual({ ...outcome, ...expected }, outcome);
    return;
  }
  const { error } = outcome;
  assert.equal(outcome.status, expected.status, error.message);
  assert.ok(error instanceof KvmeterError);
  if (code !== undefined) assert.equal(error.code, code, error.message);
  if (message !== undefined) assert.match(error.message, message);
  assert.ok(error.message.startsWith(`Cannot export to ${endpoint}`), error.message);
  assert.doesNotMatch(error.message, /\n|s3cret|pass@|key=/);
}

/** Calls back with the whole body. */
export function drain(incoming: IncomingMessage, done: (body: Buffer) => void): void {
  const chunks: Buffer[] = [];
  incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
  incoming.on("end", () => done(Buffer.concat(chunks)));
}

/** Listens on the loopback interface until the test ends and gives `http://127.0.0.1:port`. */
export async function listen(server: Server): Promise<string> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
  });
  server.on("tlsClientError", () => {});
  server.on("sessionError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
