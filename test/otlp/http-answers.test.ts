import assert from "node:assert/strict";
import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import { createServer as createTcpServer } from "node:net";
import { test } from "node:test";

import { encodeResponse } from "./official-proto.ts";
import { type Expected, SECRET, assertOutcome, drain, exportOnce, listen } from "./servers.ts";

type Script = (response: ServerResponse, request: IncomingMessage) => void;

interface AnswerCase {
  readonly name: string;
  readonly answer: Script;
  readonly expected: Expected;
  readonly retryAfterMs?: number | ((waitMs: number) => boolean);
  readonly code?: string;
  readonly message?: RegExp;
}

const protobuf = { "content-type": "application/x-protobuf" };

function answer(
  status: number,
  headers: Record<string, string> = {},
  body: string | Uint8Array = "",
): Script {
  return (response) => response.writeHead(status, headers).end(body);
}

/** google.rpc.Status{message = 2}. */
function statusBody(message: string): Buffer {
  return Buffer.concat([Buffer.from([0x08, 0x03, 0x12, message.length]), Buffer.from(message)]);
}

const answers: readonly AnswerCase[] = [
  {
    name: "200 without a body",
    answer: answer(200),
    expected: { status: "accepted", rejectedPoints: 0, message: "" },
  },
  {
    name: "202 with text",
    answer: answer(202, {}, "OK"),
    expected: { status: "accepted", rejectedPoints: 0 },
  },
  { name: "204", answer: answer(204), expected: { status: "accepted", rejectedPoints: 0 } },
  {
    name: "200 with JSON",
    answer: answer(200, { "content-type": "application/json" }, "{}"),
    expected: { status: "accepted", rejectedPoints: 0, message: "" },
  },
  {
    name: "partial success",
    answer: answer(200, protobuf, encodeResponse(3, "duplicate timestamp")),
    expected: { status: "accepted", rejectedPoints: 3, message: "duplicate timestamp" },
  },
  {
    name: "partial success that rejects more than was sent",
    answer: answer(200, protobuf, encodeResponse(1e9, "")),
    expected: { status: "accepted", rejectedPoints: 7 },
  },
  {
    name: "partial success with a negative count",
    answer: answer(200, protobuf, encodeResponse(-5, "")),
    expected: { status: "accepted", rejectedPoints: 0 },
  },
  {
    name: "a web page with status 200",
    answer: answer(200, { "content-type": "text/html" }, "<html><title>Sign in</title>"),
    expected: { status: "refused" },
    code: "OTLP_REFUSED",
    message: /answers with a web page \(Sign in\): check the endpoint$/,
  },
  {
    name: "a web page that says it is none",
    answer: answer(200, protobuf, "<!DOCTYPE html>"),
    expected: { status: "refused" },
    message: /web page/,
  },
  {
    name: "400 with the backend's words in protobuf",
    answer: answer(400, protobuf, statusBody("bad metric name")),
    expected: { status: "refused" },
    code: "OTLP_REFUSED",
    message: /HTTP 400 Bad Request: bad metric name$/,
  },
  {
    name: "400 with the backend's words in JSON",
    answer: answer(400, { "content-type": "application/json" }, '{"code":3,"message":"bad unit"}'),
    expected: { status: "refused" },
    message: /HTTP 400 Bad Request: bad unit$/,
  },
  {
    name: "400 that quotes our header over many lines",
    answer: (response, { headers }) =>
      response.writeHead(400).end(`no\n\u0007entry for\r\n${headers["authorization"]}`),
    expected: { status: "refused" },
    message: /HTTP 400 Bad Request: no entry for \*\*\*$/,
  },
  {
    name: "401",
    answer: answer(401),
    expected: { status: "refused" },
    message: /HTTP 401 Unauthorized: check the destination's headers/,
  },
  {
    name: "403 with the token alone",
    answer: answer(403, {}, `unknown token ${SECRET}`),
    expected: { status: "refused" },
    message: /HTTP 403 Forbidden: unknown token \*\*\*: check the destination's headers/,
  },
  {
    name: "404",
    answer: answer(404, { "content-type": "text/plain" }, "404 page not found"),
    expected: { status: "refused" },
    message: /\/v1\/metrics: HTTP 404 Not Found: 404 page not found: check the endpoint's path/,
  },
  {
    name: "413",
    answer: answer(413),
    expected: { status: "too-large" },
    code: "OTLP_REFUSED",
    message: /lower the destination's request_limit/,
  },
  {
    name: "400 of a Collector for a body over its limit",
    answer: answer(400, { "content-type": "text/plain" }, "http: request body too large\n"),
    expected: { status: "too-large" },
    code: "OTLP_REFUSED",
    message: /HTTP 400 Bad Request: http: request body too large: lower the destination's request_limit$/,
  },
  {
    name: "400 of VictoriaMetrics for a path that it does not have",
    answer: answer(400, {}, 'unsupported path requested: "/v1/metrics"'),
    expected: { status: "refused" },
    message: /check the endpoint's path/,
  },
  {
    name: "400 of a server that expects TLS",
    answer: answer(400, {}, "Client sent an HTTP request to an HTTPS server.\n"),
    expected: { status: "refused" },
    message: /it speaks TLS on this port: use https:\/\/ in the endpoint$/,
  },
  { name: "500", answer: answer(500), expected: { status: "refused" }, code: "OTLP_REFUSED" },
  {
    name: "a redirect",
    answer: answer(307, { location: "https://user:pass@elsewhere.example/otlp?key=abc" }),
    expected: { status: "refused" },
    message: /HTTP 307 Temporary Redirect: to https:\/\/elsewhere\.example\/otlp: redirects are not followed/,
  },
  {
    name: "a redirect to nowhere",
    answer: answer(302, { location: "http://[" }),
    expected: { status: "refused" },
  },
  { name: "429", answer: answer(429), expected: { status: "retry" }, code: "OTLP_UNAVAILABLE" },
  {
    name: "429 with seconds",
    answer: answer(429, { "retry-after": "7" }),
    expected: { status: "retry" },
    retryAfterMs: 7000,
  },
  {
    name: "503 with a date",
    answer: (response) =>
      response.writeHead(503, { "retry-after": new Date(Date.now() + 60_000).toUTCString() }).end(),
    expected: { status: "retry" },
    retryAfterMs: (waitMs) => waitMs > 50_000 && waitMs <= 60_000,
  },
  {
    name: "503 with a date in the past",
    answer: answer(503, { "retry-after": "Wed, 21 Oct 2015 07:28:00 GMT" }),
    expected: { status: "retry" },
    retryAfterMs: 0,
  },
  {
    name: "503 with an absurd wait",
    answer: answer(503, { "retry-after": "99999999999" }),
    expected: { status: "retry" },
    retryAfterMs: 3_600_000,
  },
  ...["soon", "-1", "1.5", "0.5", "+5", "later 5", ""].map((nonsense) => ({
    name: `503 with the nonsense "${nonsense}"`,
    answer: answer(503, { "retry-after": nonsense }),
    expected: { status: "retry" as const },
  })),
  {
    name: "502 from a proxy",
    answer: answer(502, { "content-type": "text/html" }, "<html><title>502 Bad Gateway</title>"),
    expected: { status: "retry" },
    message: /HTTP 502 Bad Gateway: 502 Bad Gateway$/,
  },
  { name: "504", answer: answer(504), expected: { status: "retry" } },
  {
    name: "an endless body",
    answer: (response) => {
      response.writeHead(400, { "content-type": "text/plain" });
      const write = (): void => {
        while (!response.destroyed && response.write("x".repeat(16_384)));
        if (!response.destroyed) response.once("drain", write);
      };
      write();
    },
    expected: { status: "refused" },
    message: /HTTP 400 Bad Request: x{300}…$/,
  },
  {
    name: "a connection that closes in the middle of the body: the status is known",
    answer: (response) => {
      response.writeHead(400, { "content-length": "1000" }).write("half an ans", () => response.destroy());
    },
    expected: { status: "refused" },
    message: /half an ans$/,
  },
  {
    name: "a body that does not end: the status is known",
    answer: (response) => void response.writeHead(400).write("half an ans"),
    expected: { status: "refused" },
    message: /half an ans$/,
  },
  {
    name: "no answer",
    answer: () => {},
    expected: { status: "retry" },
    code: "OTLP_DEADLINE",
    message: /no answer within 300 ms/,
  },
  {
    name: "a connection that closes before the answer",
    answer: (response) => response.destroy(),
    expected: { status: "retry" },
    code: "OTLP_CONNECT",
    message: /closed the connection without an answer/,
  },
];

for (const { name, answer, expected, retryAfterMs, code, message } of answers) {
  test(`HTTP answer: ${name}`, async () => {
    const origin = await listen(
      createServer((incoming, response) => drain(incoming, () => answer(response, incoming))),
    );
    const outcome = await exportOnce({ endpoint: `${origin}/v1/metrics` });
    assertOutcome(outcome, { endpoint: `${origin}/v1/metrics`, expected, code, message });
    if (outcome.status === "retry") {
      const wait = outcome.retryAfterMs;
      if (typeof retryAfterMs === "function")
        assert.ok(wait !== undefined && retryAfterMs(wait), String(wait));
      else assert.equal(wait, retryAfterMs);
    }
  });
}

const rawAnswers: readonly [string, string | Buffer, Partial<AnswerCase> & Pick<AnswerCase, "expected">][] = [
  [
    "HTTP/1.0 without a length",
    "HTTP/1.0 200 OK\r\n\r\n",
    { expected: { status: "accepted", rejectedPoints: 0 } },
  ],
  [
    "a Go server that speaks TLS only",
    "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n",
    { expected: { status: "refused" }, message: /Client sent an HTTP request to an HTTPS server/ },
  ],
  [
    "another protocol that nobody asked for",
    "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\nhello",
    { expected: { status: "refused" }, message: /HTTP 101 Switching Protocols$/ },
  ],
  ["not HTTP", "SSH-2.0-OpenSSH_9.2\r\n", { expected: { status: "retry" }, message: /is not HTTP\/1/ }],
  [
    "a TLS alert",
    Buffer.from([0x15, 3, 1, 0, 2, 2, 70]),
    { expected: { status: "retry" }, code: "OTLP_CONNECT" },
  ],
];

for (const [name, bytes, { expected, code, message }] of rawAnswers) {
  test(`HTTP answer, byte by byte: ${name}`, async () => {
    const origin = await listen(
      createTcpServer((socket) => void socket.once("data", () => socket.end(bytes))),
    );
    const outcome = await exportOnce({ endpoint: `${origin}/v1/metrics` });
    assertOutcome(outcome, { endpoint: origin, expected, code, message });
  });
}
