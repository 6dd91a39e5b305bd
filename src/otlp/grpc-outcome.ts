import { type ServiceError, status } from "@grpc/grpc-js";

import { type ErrorCode, KvmeterError } from "../errors.ts";
import { decodeStatus } from "./answers.ts";
import { connectionError, deadlineError } from "./connection-errors.ts";
import type { ExportOutcome, Signal } from "./destination.ts";
import { quote } from "./wording.ts";

/** What the answer is to. */
export interface GrpcExchange {
  readonly endpointName: string;
  readonly signal: Signal;
  readonly timeoutMs: number;
  /** Kept out of messages. */
  readonly secrets: readonly string[];
}

/** Codes after which the same request can be sent again (OTLP specification, "OTLP/gRPC Response"). */
const RETRYABLE = new Set([
  status.CANCELLED,
  status.DEADLINE_EXCEEDED,
  status.ABORTED,
  status.OUT_OF_RANGE,
  status.UNAVAILABLE,
  status.DATA_LOSS,
]);

/** What to do about a code, where that is known. */
const MENDS: Readonly<Partial<Record<status, string>>> = {
  [status.UNAUTHENTICATED]: "check the destination's headers: the credentials are missing or wrong",
  [status.PERMISSION_DENIED]: "check the destination's headers: these credentials may not write here",
};

/** Where the method is unknown. */
const NO_SERVICE: Readonly<Record<Signal, string>> = {
  metrics: "check the endpoint: no OTLP metrics service listens here",
  logs: "it takes no log records here: set signals: [metrics], or the logs_endpoint",
};

/** How grpc-js words it that there was no connection to send on, or that it broke. */
const NO_CONNECTION = /^(No connection established|Name resolution failed|Connection dropped)/;

/**
 * How grpc-js words it that a call was broken off before anybody gave it a status, as proxies do when the backend behind
 * them goes away.
 */
const BROKEN_OFF = /^(Received RST_STREAM|Bandwidth exhausted or memory limit exceeded$)/;

/** How servers word it with RESOURCE_EXHAUSTED that a request is too large for them. */
const REQUEST_TOO_LARGE = /larger than max|too large|exceeds max/i;

/** How those in Rust word it, with OUT_OF_RANGE, which otherwise means that the same request can succeed later. */
const MESSAGE_TOO_LARGE = /message length too large/;

/** How grpc-js words it that a proxy said so, with HTTP's own status. */
const TOO_LARGE_FOR_PROXY = /^Received HTTP status code 413$/;

/** How grpc-js words it that an answer's first bytes are no length that a gRPC answer can have; a server says "vs.". */
const NOT_GRPC = /^Received message larger than max \(\d+ vs \d+\)/;

/** What a failed call means for the request. */
export function outcomeOfFailure(failure: ServiceError, exchange: GrpcExchange): ExportOutcome {
  // For an answer in an encoding that it does not know, grpc-js gives neither of them, whatever its types say.
  const { code, details = "" } = failure as Partial<ServiceError>;
  const { endpointName, timeoutMs } = exchange;
  if (code === undefined || NOT_GRPC.test(details)) {
    const message = `Cannot export to ${endpointName}: the answer is not gRPC: check the endpoint`;
    return { status: "refused", error: new KvmeterError("OTLP_REFUSED", message, { cause: failure }) };
  }
  const { retryAfterMs } = decodeStatus(statusDetails(failure));
  if (code === status.DEADLINE_EXCEEDED) {
    return { status: "retry", retryAfterMs, error: deadlineError(endpointName, timeoutMs) };
  }
  if (NO_CONNECTION.test(details)) {
    return { status: "retry", retryAfterMs, error: connectionError(endpointName, failure) };
  }
  if (BROKEN_OFF.test(details)) {
    return { status: "retry", retryAfterMs, error: answerError("OTLP_CONNECT", failure, exchange) };
  }
  if (retryAfterMs === undefined && isTooLarge(code, details)) {
    return { status: "too-large", error: answerError("OTLP_REFUSED", failure, exchange) };
  }
  // Without a RetryInfo an exhausted resource is one that waiting does not bring back.
  if (RETRYABLE.has(code) || (code === status.RESOURCE_EXHAUSTED && retryAfterMs !== undefined)) {
    return { status: "retry", retryAfterMs, error: answerError("OTLP_UNAVAILABLE", failure, exchange) };
  }
  return { status: "refused", error: answerError("OTLP_REFUSED", failure, exchange) };
}

function isTooLarge(code: status, details: string): boolean {
  if (code === status.RESOURCE_EXHAUSTED) return REQUEST_TOO_LARGE.test(details);
  if (code === status.OUT_OF_RANGE) return MESSAGE_TOO_LARGE.test(details);
  return TOO_LARGE_FOR_PROXY.test(details);
}

function answerError(code: ErrorCode, failure: ServiceError, exchange: GrpcExchange): KvmeterError {
  const { code: grpcCode, details } = failure;
  const parts = [
    `Cannot export to ${exchange.endpointName}: gRPC ${status[grpcCode]}`,
    quote(details, exchange.secrets),
    isTooLarge(grpcCode, details)
      ? "lower the destination's request_limit"
      : mendOf(grpcCode, exchange.signal),
  ];
  // The failure is not kept as the cause: its metadata may hold what the backend quoted of the headers.
  return new KvmeterError(code, parts.filter((part) => part !== "").join(": "));
}

function mendOf(code: status, signal: Signal): string {
  return code === status.UNIMPLEMENTED ? NO_SERVICE[signal] : (MENDS[code] ?? "");
}

/** google.rpc.Status in the trailers; empty where there is none. */
function statusDetails({ metadata }: ServiceError): Uint8Array {
  const [details] = metadata.get("grpc-status-details-bin");
  return Buffer.isBuffer(details) ? details : Buffer.alloc(0);
}
