import assert from "node:assert/strict";
import { test } from "node:test";

import { Metadata, status } from "@grpc/grpc-js";
import protobuf from "protobufjs";

import { type Script, serve, succeed } from "./grpc-servers.ts";
import { encodeResponse } from "./official-proto.ts";
import { type Expected, SECRET, assertOutcome, exportOnce } from "./servers.ts";

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
  {
    name: "a response that is larger than any",
    answer: succeed(Buffer.concat([Buffer.alloc(100_000, "\x78\x01"), encodeResponse(2, "too old")])),
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
    name: "a request that is too large for a server in C++ or Python",
    answer: fail(status.RESOURCE_EXHAUSTED, "Received message larger than max (5000000 vs. 4194304)"),
    expected: { status: "too-large" },
  },
  {
    name: "a request that is too large for a server in Rust",
    answer: fail(
      status.OUT_OF_RANGE,
      "Error, decoded message length too large: found 5000000 bytes, the limit is: 4194304 bytes",
    ),
    expected: { status: "too-large" },
    message: /4194304 bytes: lower the destination's request_limit$/,
  },
  {
    name: "OUT_OF_RANGE of something else that is too large",
    answer: fail(status.OUT_OF_RANGE, "the offset is too large"),
    expected: { status: "retry" },
  },
  {
    name: "too large at the moment",
    answer: fail(status.RESOURCE_EXHAUSTED, "too large", retryInfo(7, 0)),
    expected: { status: "retry" },
    retryAfterMs: 7000,
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
