import assert from "node:assert/strict";
import { createServer } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import { createServer as createTcpServer, type Socket } from "node:net";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";

import { HttpTransport } from "../../src/otlp/http.ts";
import {
  SECRET,
  assertOutcome,
  closeLater,
  drain,
  exportOnce,
  listen,
  optionsFor,
  request,
} from "./servers.ts";

test("a request is a POST of the body to the endpoint as it is, with its length, type and headers", async () => {
  const seen: unknown[] = [];
  const origin = await listen(
    createServer((incoming, response) => {
      const { method, url, headers } = incoming;
      drain(incoming, (body) => {
        seen.push(method, url, headers["content-type"], headers["content-length"], headers["authorization"]);
        seen.push(headers["content-encoding"], headers["user-agent"], body.toString());
        response.end();
      });
    }),
  );
  await exportOnce({ endpoint: `${origin}/api/v2/otlp?a=b` });
  const length = String(request.body.length);
  assert.deepEqual(seen, [
    "POST",
    "/api/v2/otlp?a=b",
    "application/x-protobuf",
    length,
    `Bearer ${SECRET}`,
    undefined,
    "kvmeter",
    "a request's bytes",
  ]);
});

test("gzip: the body is compressed, its length is that of the compressed", async () => {
  const seen: { encoding: string | undefined; length: number; body: Buffer }[] = [];
  const origin = await listen(
    createServer((incoming, response) => {
      drain(incoming, (body) => {
        const { "content-encoding": encoding, "content-length": length } = incoming.headers;
        seen.push({ encoding, length: Number(length), body });
        response.end();
      });
    }),
  );
  await exportOnce({ endpoint: origin, compression: "gzip" });
  const [{ encoding, length, body }] = seen as [(typeof seen)[0]];
  assert.equal(encoding, "gzip");
  assert.equal(length, body.length);
  assert.deepEqual(gunzipSync(body), request.body);
});

/** How a server ends a connection that was idle, at the moment in which the next request arrives. */
const goodbyes: Readonly<Record<string, (socket: Socket) => void>> = {
  reset: (socket) => socket.resetAndDestroy(),
  "answered 408": (socket) =>
    void socket.end("HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"),
};

for (const [kind, sayGoodbye] of Object.entries(goodbyes)) {
  test(`one connection serves all requests, and one that was ${kind} is replaced without a loss`, async () => {
    const answered: number[] = [];
    const server = createTcpServer((socket) => {
      const connection = answered.push(0) - 1;
      socket.on("data", () => {
        if (connection === 0 && answered[0] === 3) {
          sayGoodbye(socket);
          return;
        }
        answered[connection] = (answered[connection] ?? 0) + 1;
        socket.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
      });
    });
    const transport = new HttpTransport(optionsFor({ endpoint: await listen(server) }));
    closeLater(() => transport.close());
    for (let round = 0; round < 5; round += 1) {
      assert.equal((await transport.export(request)).status, "accepted");
    }
    assert.deepEqual(answered, [3, 2]);
  });
}

test("closing breaks off what is under way", async () => {
  const { promise: underWay, resolve: arrived } = Promise.withResolvers<void>();
  const transport = new HttpTransport(
    optionsFor({ endpoint: await listen(createServer(() => arrived())), timeoutMs: 60_000 }),
  );
  const outcome = transport.export(request);
  await underWay;
  await transport.close();
  assert.equal((await outcome).status, "retry");
});

test("nothing listens: which endpoint, and what to check", async () => {
  const server = createServer();
  const origin = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  const outcome = await exportOnce({ endpoint: `${origin}/v1/metrics?key=abc` });
  const message = /: the connection was refused: check the endpoint and that the backend listens there$/;
  assertOutcome(outcome, {
    endpoint: `${origin}/v1/metrics`,
    expected: { status: "retry" },
    code: "OTLP_CONNECT",
    message,
  });
});

test("a name that does not resolve", async () => {
  const outcome = await exportOnce({ endpoint: "http://backend.invalid:4318/v1/metrics", timeoutMs: 5000 });
  const message = /cannot be resolved: check the endpoint and DNS$/;
  assertOutcome(outcome, { endpoint: "http://backend.invalid:4318", expected: { status: "retry" }, message });
});

test("a gRPC port", async () => {
  const origin = await listen(createHttp2Server());
  const outcome = await exportOnce({ endpoint: origin });
  const message = /not HTTP\/1: if this is a gRPC port \(usually 4317\)/;
  assertOutcome(outcome, { endpoint: origin, expected: { status: "retry" }, code: "OTLP_CONNECT", message });
});
