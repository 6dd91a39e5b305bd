import assert from "node:assert/strict";
import { createServer } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import { createServer as createTcpServer } from "node:net";
import { test } from "node:test";

import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type sendUnaryData,
  status,
} from "@grpc/grpc-js";
import protobuf from "protobufjs";

import { KvmeterError } from "../../src/errors.ts";
import type { DestinationOptions } from "../../src/otlp/options.ts";
import { createTransport } from "../../src/otlp/transport.ts";
import { encodeResponse } from "./official-proto.ts";
import { type Expected, SECRET, assertOutcome, closeLater, exportOnce, listen, request } from "./servers.ts";

type Script = (call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) => void;

interface AnswerCase {
  readonly name: string;
  readonly answer: Script;
  readonly expected: Expected;
  readonly retryAfterMs?: number;
  readonly code?: string;
  readonly message?: RegExp;
}

function fail(code: status, details: string, statusDetails?: Uint8Array): Script {
  return (_call, answer) => {
    const metadata = new Metadata();
    if (statusDetails !== undefined) metadata.set("grpc-status-details-bin", Buffer.from(statusDetails));
    answer({ code, details, metadata });
  };
}

function succeed(body: Uint8Array): Script {
  return (_call, answer) => answer(null, Buffer.from(body));
}

/** google.rpc.Status with details, made by the independent library. */
const statusRoot = protobuf.parse(`syntax = "proto3";
  message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
  message Any { string type_url = 1; bytes value = 2; }
  message RetryInfo { Duration retry_delay = 1; }
  message Duration { int64 seconds = 1; int32 nanos = 2; }`).root;

function retryInfo(seconds: number, nanos: number): Uint8Array {
  const value = statusRoot.lookupType("RetryInfo").encode({ retryDelay: { seconds, nanos } }).finish();
  const details = [
    { typeUrl: "type.googleapis.com/google.rpc.DebugInfo", value: Buffer.from([1, 2, 3]) },
    { typeUrl: "type.googleapis.com/google.rpc.RetryInfo", value },
  ];
  return statusRoot.lookupType("Status").encode({ code: 8, message: "slow down", details }).finish();
}

const answers: readonly AnswerCase[] = [
  {
    name: "an empty response",
    answer: succeed(Buffer.alloc(0)),
    expected: { status: "accepted", rejectedPoints: 0, message: "" },
  },
  {
    name: "partial success",
    answer: succeed(encodeResponse(2, `too old ${SECRET}`)),
    expected: { status: "accepted", rejectedPoints: 2, message: "too old ***" },
  },
  {
    name: "a response that is none",
    answer: succeed(Buffer.from([0x0a, 0xff, 0xff, 0xff, 0x01])),
    expected: { status: "accepted", rejectedPoints: 0, message: "" },
  },
  ...[status.CANCELLED, status.ABORTED, status.OUT_OF_RANGE, status.UNAVAILABLE, status.DATA_LOSS].map(
    (code) => ({
      name: status[code],
      answer: fail(code, "later"),
      expected: { status: "retry" as const },
      code: "OTLP_UNAVAILABLE",
      message: new RegExp(`gRPC ${status[code]}: later$`),
    }),
  ),
  {
    name: "DEADLINE_EXCEEDED said by the server",
    answer: fail(status.DEADLINE_EXCEEDED, "too slow"),
    expected: { status: "retry" },
    code: "OTLP_DEADLINE",
  },
  {
    name: "UNAVAILABLE with a wait",
    answer: fail(status.UNAVAILABLE, "later", retryInfo(3, 500_000_000)),
    expected: { status: "retry" },
    retryAfterMs: 3500,
  },
  {
    name: "RESOURCE_EXHAUSTED with RetryInfo",
    answer: fail(status.RESOURCE_EXHAUSTED, "slow down", retryInfo(7, 0)),
    expected: { status: "retry" },
    retryAfterMs: 7000,
    code: "OTLP_UNAVAILABLE",
  },
  {
    name: "RESOURCE_EXHAUSTED with RetryInfo and no wait",
    answer: fail(status.RESOURCE_EXHAUSTED, "slow down", retryInfo(0, 0)),
    expected: { status: "retry" },
    retryAfterMs: 0,
  },
  {
    name: "RESOURCE_EXHAUSTED with an absurd wait",
    answer: fail(status.RESOURCE_EXHAUSTED, "slow down", retryInfo(1e12, 0)),
    expected: { status: "retry" },
    retryAfterMs: 3_600_000,
  },
  {
    name: "RESOURCE_EXHAUSTED without RetryInfo",
    answer: fail(status.RESOURCE_EXHAUSTED, "quota"),
    expected: { status: "refused" },
    code: "OTLP_REFUSED",
  },
  {
    name: "RESOURCE_EXHAUSTED with details that are none",
    answer: fail(status.RESOURCE_EXHAUSTED, "quota", Buffer.from([0x1a, 0x7f, 1])),
    expected: { status: "refused" },
  },
  {
    name: "a request that is too large",
    answer: fail(status.RESOURCE_EXHAUSTED, "grpc: received message larger than max (5000000 vs. 4194304)"),
    expected: { status: "too-large" },
    message: /larger than max \(5000000 vs\. 4194304\): lower the destination's request_limit$/,
  },
  {
    name: "UNAUTHENTICATED that quotes our header",
    answer: ({ metadata }, answer) =>
      answer({ code: status.UNAUTHENTICATED, details: `no\n${String(metadata.get("authorization")[0])}` }),
    expected: { status: "refused" },
    message: /gRPC UNAUTHENTICATED: no \*\*\*: check the destination's headers/,
  },
  { name: "PERMISSION_DENIED", answer: fail(status.PERMISSION_DENIED, ""), expected: { status: "refused" } },
  ...[status.INVALID_ARGUMENT, status.INTERNAL, status.UNKNOWN, status.FAILED_PRECONDITION].map((code) => ({
    name: status[code],
    answer: fail(code, "bad points"),
    expected: { status: "refused" as const },
    code: "OTLP_REFUSED",
    message: new RegExp(`gRPC ${status[code]}: bad points$`),
  })),
  {
    name: "no answer",
    answer: () => {},
    expected: { status: "retry" },
    code: "OTLP_DEADLINE",
    message: /300 ms/,
  },
];

for (const { name, answer, expected, retryAfterMs, code, message } of answers) {
  test(`gRPC answer: ${name}`, async () => {
    const endpoint = await serve(answer);
    const outcome = await exportOnce({ protocol: "grpc", endpoint });
    assertOutcome(outcome, { endpoint, expected, code, message });
    if (outcome.status === "retry") assert.equal(outcome.retryAfterMs, retryAfterMs);
  });
}

test("a service that is not there", async () => {
  const server = new Server();
  const endpoint = await bind(server);
  const outcome = await exportOnce({ protocol: "grpc", endpoint });
  const message = /no OTLP metrics service listens here/;
  assertOutcome(outcome, { endpoint, expected: { status: "refused" }, message });
});

test("nothing listens, and a name that does not resolve", async () => {
  const refused = await exportOnce({ protocol: "grpc", endpoint: "http://127.0.0.1:1" });
  const refusedMessage = /the connection was refused: check the endpoint/;
  const expected = { status: "retry" } as const;
  assertOutcome(refused, {
    endpoint: "http://127.0.0.1:1",
    expected,
    code: "OTLP_CONNECT",
    message: refusedMessage,
  });
  const unknown = await exportOnce({
    protocol: "grpc",
    endpoint: "http://backend.invalid:4317",
    timeoutMs: 5000,
  });
  const unknownMessage = /cannot be resolved/;
  assertOutcome(unknown, { endpoint: "http://backend.invalid:4317", expected, message: unknownMessage });
});

test("an HTTP port", async () => {
  const endpoint = await listen(createServer((_incoming, response) => response.end("hello")));
  const outcome = await exportOnce({ protocol: "grpc", endpoint });
  const message = /not HTTP\/2: if this is an HTTP port \(usually 4318\)/;
  assertOutcome(outcome, { endpoint, expected: { status: "retry" }, message });
});

test("an HTTP/2 server that answers with a web page", async () => {
  const endpoint = await listen(
    createHttp2Server((_incoming, response) => {
      response.writeHead(200, { "content-type": "text/html" }).end("<html><title>Hello</title>");
    }),
  );
  const outcome = await exportOnce({ protocol: "grpc", endpoint });
  assertOutcome(outcome, { endpoint, expected: { status: "refused" }, message: /the answer is not gRPC/ });
});

test("HTTP/2 with a status in place of gRPC", async () => {
  const cases = [
    [401, "refused"],
    [404, "refused"],
    [503, "retry"],
  ] as const;
  for (const [httpStatus, expected] of cases) {
    const server = createHttp2Server((_incoming, response) => void response.writeHead(httpStatus).end());
    const endpoint = await listen(server);
    const outcome = await exportOnce({ protocol: "grpc", endpoint });
    assertOutcome(outcome, { endpoint, expected: { status: expected } });
  }
});

test("a connection that closes at once, and one that says nothing", async () => {
  const closing = await listen(createTcpServer((socket) => void socket.destroy()));
  const closed = await exportOnce({ protocol: "grpc", endpoint: closing });
  const message = /closed the connection without an answer: if it speaks TLS on this port, use https:\/\//;
  assertOutcome(closed, { endpoint: closing, expected: { status: "retry" }, message });
  const silent = await listen(createTcpServer(() => {}));
  const waited = await exportOnce({ protocol: "grpc", endpoint: silent });
  assertOutcome(waited, { endpoint: silent, expected: { status: "retry" }, code: "OTLP_DEADLINE" });
});

test("closing breaks off what is under way", async () => {
  const { promise: underWay, resolve: arrived } = Promise.withResolvers<void>();
  const endpoint = await serve(() => arrived());
  const transport = createTransport(optionsFor({ endpoint, timeoutMs: 60_000 }));
  const outcome = transport.export(request);
  await underWay;
  await transport.close();
  assert.equal((await outcome).status, "retry");
});

test("an endpoint without a scheme: plaintext only when it is asked for", async () => {
  const endpoint = (await serve(succeed(Buffer.alloc(0)))).replace("http://", "");
  assert.equal((await exportOnce({ protocol: "grpc", endpoint, insecure: true })).status, "accepted");
  const secure = await exportOnce({ protocol: "grpc", endpoint });
  assertOutcome(secure, { endpoint: `https://${endpoint}`, expected: { status: "retry" }, code: "OTLP_TLS" });
});

test("headers that gRPC cannot carry are named at the start", () => {
  for (const [name, value] of [
    ["a b", "c"],
    ["trace-bin", "c"],
    ["a", "ä"],
    ["a", "b\n"],
  ] as const) {
    assert.throws(
      () => createTransport(optionsFor({ headers: { [name]: value } })),
      (error: unknown) => error instanceof KvmeterError && error.message.includes(`"${name}"`),
    );
  }
});

function optionsFor(options: Partial<DestinationOptions>): DestinationOptions {
  return {
    protocol: "grpc",
    endpoint: "http://127.0.0.1:1",
    headers: {},
    compression: "none",
    timeoutMs: 300,
    requestLimitBytes: 1e6,
    tls: {},
    ...options,
  };
}

async function serve(answer: Script): Promise<string> {
  const server = new Server();
  server.addService(
    {
      Export: {
        path: "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
        requestStream: false,
        responseStream: false,
        requestSerialize: asIs,
        requestDeserialize: asIs,
        responseSerialize: asIs,
        responseDeserialize: asIs,
      },
    },
    { Export: answer },
  );
  return bind(server);
}

function asIs(message: Buffer): Buffer {
  return message;
}

async function bind(server: Server): Promise<string> {
  closeLater(() => server.forceShutdown());
  return new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve(`http://127.0.0.1:${port}`);
      else reject(error);
    });
  });
}
