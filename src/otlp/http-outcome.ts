import { type ErrorCode, KvmeterError } from "../errors.ts";
import { decodeExportResponse, decodeStatus, parseRetryAfter } from "./answers.ts";
import type { ExportOutcome, Signal } from "./destination.ts";
import { http } from "./node-http.ts";
import { nameOfEndpoint, quote } from "./wording.ts";

/** A whole answer, its body bounded. */
export interface HttpAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly retryAfter: string | undefined;
  readonly location: string | undefined;
  readonly body: Buffer;
}

/** What the answer is to. */
export interface HttpExchange {
  readonly endpointName: string;
  readonly signal: Signal;
  readonly pointCount: number;
  /** Kept out of messages. */
  readonly secrets: readonly string[];
}

/** Statuses after which the same request can be sent again (OTLP specification, "Retryable Response Codes"). */
const RETRYABLE = new Set([429, 502, 503, 504]);

const REDIRECTED = "redirects are not followed: set the endpoint to where it leads";

/** What to do about a status, where that is known. */
const MENDS: Readonly<Record<number, string>> = {
  301: REDIRECTED,
  302: REDIRECTED,
  303: REDIRECTED,
  307: REDIRECTED,
  308: REDIRECTED,
  401: "check the destination's headers: the credentials are missing or wrong",
  403: "check the destination's headers: these credentials may not write here",
  405: "check the endpoint's path: something else than OTLP listens here",
  407: "a proxy stands in between and wants credentials",
  413: "lower the destination's request_limit",
  415: "it does not take protobuf: check the endpoint's path",
};

/** How Go's, nginx's and Apache's servers word it that they expect TLS on this port. */
const WANTS_TLS =
  /HTTP request to an HTTPS server|HTTP request was sent to HTTPS port|plain HTTP to an SSL-enabled/;

/** How servers word it, with 400 instead of 413, that a body is too large for them: Go's own limit, VictoriaMetrics'. */
const BODY_TOO_LARGE = /request body too large|too big (?:decompressed )?data size exceeding/;

/** Where there is nothing at the endpoint's path. */
const NOT_FOUND: Readonly<Record<Signal, string>> = {
  metrics: "check the endpoint's path: for metrics alone it is used as it is, usually /v1/metrics",
  logs: "it takes no log records here: set signals: [metrics], or the logs_endpoint",
};

/** What an HTTP answer means for the request. */
export function outcomeOfAnswer(answer: HttpAnswer, exchange: HttpExchange): ExportOutcome {
  const { status } = answer;
  if (status >= 200 && status < 300) return outcomeOfSuccess(answer, exchange);
  if (RETRYABLE.has(status)) {
    const retryAfterMs = parseRetryAfter(answer.retryAfter, Date.now());
    return { status: "retry", retryAfterMs, error: statusError("OTLP_UNAVAILABLE", answer, exchange) };
  }
  const error = statusError("OTLP_REFUSED", answer, exchange);
  const isTooLarge = status === 413 || (status === 400 && BODY_TOO_LARGE.test(wordsOf(answer)));
  return { status: isTooLarge ? "too-large" : "refused", error };
}

function outcomeOfSuccess(
  answer: HttpAnswer,
  { endpointName, pointCount, secrets }: HttpExchange,
): ExportOutcome {
  if (isHtml(answer)) {
    const page = quote(wordsOf(answer), secrets);
    const message = `Cannot export to ${endpointName}: it answers with a web page (${page}): check the endpoint`;
    return { status: "refused", error: new KvmeterError("OTLP_REFUSED", message) };
  }
  const { rejectedPoints, message } = decodeExportResponse(answer.body, pointCount);
  return { status: "accepted", rejectedPoints, message: quote(message, secrets) };
}

function statusError(code: ErrorCode, answer: HttpAnswer, exchange: HttpExchange): KvmeterError {
  const { status, location } = answer;
  const said =
    location === undefined ? wordsOf(answer) : `to ${nameOfLocation(location, exchange.endpointName)}`;
  const parts = [
    `Cannot export to ${exchange.endpointName}: HTTP ${status} ${http.STATUS_CODES[status] ?? ""}`.trim(),
    quote(said, exchange.secrets),
    mendOf(status, { said, signal: exchange.signal }),
  ];
  return new KvmeterError(code, parts.filter((part) => part !== "").join(": "));
}

function mendOf(
  status: number,
  { said, signal }: { readonly said: string; readonly signal: Signal },
): string {
  // VictoriaMetrics knows no 404.
  if (status === 404 || (status === 400 && said.startsWith("unsupported path"))) return NOT_FOUND[signal];
  if (status !== 400) return MENDS[status] ?? "";
  if (BODY_TOO_LARGE.test(said)) return "lower the destination's request_limit";
  return WANTS_TLS.test(said) ? "it speaks TLS on this port: use https:// in the endpoint" : "";
}

/** Of a protobuf answer the google.rpc.Status that the specification asks for, of a page its title. */
function wordsOf(answer: HttpAnswer): string {
  if (answer.contentType.includes("protobuf")) return decodeStatus(answer.body).message;
  const text = answer.body.toString("utf8");
  if (isHtml(answer)) return /<title>([^<]*)/i.exec(text)?.[1] ?? "HTML";
  return /"message"\s*:\s*"([^"]*)"/.exec(text)?.[1] ?? text;
}

function isHtml({ contentType, body }: HttpAnswer): boolean {
  return contentType.includes("html") || /^\s*<(!doctype|html)/i.test(body.toString("latin1", 0, 256));
}

/** Where a redirect leads, without user and query, which may be secrets. */
function nameOfLocation(location: string, endpointName: string): string {
  const url = URL.parse(location, endpointName);
  return url === null ? "an invalid location" : nameOfEndpoint(url);
}
