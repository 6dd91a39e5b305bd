import assert from "node:assert/strict";
import { createServer } from "node:http";
import { constants, createServer as createHttp2Server, type ServerHttp2Stream } from "node:http2";
import { createServer as createTcpServer } from "node:net";
import { test } from "node:test";

import { Server } from "@grpc/grpc-js";

import { KvmeterError } from "../../src/errors.ts";
import { createTransport } from "../../src/otlp/transport.ts";
import { bind, serve, succeed } from "./grpc-servers.ts";
import { assertOutcome, exportOnce, listen, optionsFor, request } from "./servers.ts";

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

test(
  "an answer in an encoding that nobody asked for is refused, and ends nothing else",
  { timeout: 10_000 },
  async () => {
    const server = createHttp2Server((_incoming, response) => {
      response.writeHead(200, { "content-type": "application/grpc", "grpc-encoding": "snappy" });
      response.end(Buffer.from([1, 0, 0, 0, 1, 0]));
    });
    const endpoint = await listen(server);
    const outcome = await exportOnce({ protocol: "grpc", endpoint });
    assertOutcome(outcome, { endpoint, expected: { status: "refused" }, message: /the answer is not gRPC/ });
  },
);

test("HTTP/2 with a status in place of gRPC", async () => {
  const cases = [
    [401, "refused"],
    [404, "refused"],
    [413, "too-large"],
    [503, "retry"],
  ] as const;
  for (const [httpStatus, expected] of cases) {
    const server = createHttp2Server((_incoming, response) => void response.writeHead(httpStatus).end());
    const endpoint = await listen(server);
    const outcome = await exportOnce({ protocol: "grpc", endpoint });
    assertOutcome(outcome, { endpoint, expected: { status: expected } });
  }
});

test("a call that is broken off without a status is tried again", async () => {
  const { NGHTTP2_NO_ERROR, NGHTTP2_INTERNAL_ERROR, NGHTTP2_ENHANCE_YOUR_CALM } = constants;
  for (const code of [NGHTTP2_NO_ERROR, NGHTTP2_INTERNAL_ERROR, NGHTTP2_ENHANCE_YOUR_CALM]) {
    const breakOffs: ((stream: ServerHttp2Stream) => void)[] = [
      (stream) => stream.close(code),
      (stream) => {
        stream.respond({ ":status": 200, "content-type": "application/grpc" });
        stream.session?.goaway(code, stream.id);
        stream.close(code);
      },
    ];
    for (const breakOff of breakOffs) {
      const server = createHttp2Server();
      server.on("stream", (stream: ServerHttp2Stream) => {
        stream.on("error", () => {});
        breakOff(stream);
      });
      const endpoint = await listen(server);
      const outcome = await exportOnce({ protocol: "grpc", endpoint });
      assertOutcome(outcome, { endpoint, expected: { status: "retry" }, code: "OTLP_CONNECT" });
    }
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
  const transport = createTransport(optionsFor({ protocol: "grpc", endpoint, timeoutMs: 60_000 }));
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
      () =>
        createTransport(
          optionsFor({ protocol: "grpc", endpoint: "http://127.0.0.1:1", headers: { [name]: value } }),
        ),
      (error: unknown) => error instanceof KvmeterError && error.message.includes(`"${name}"`),
    );
  }
});
