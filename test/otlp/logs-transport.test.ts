import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";

import { Server } from "@grpc/grpc-js";

import { bind, serve } from "./grpc-servers.ts";
import { encodeLogsResponse } from "./official-proto.ts";
import { assertOutcome, drain, exportOnce, listen, request } from "./servers.ts";

const PARTIAL = { status: "accepted", rejectedPoints: 3, message: "no event_name" };
const NO_LOGS = /: it takes no log records here: set signals: \[metrics\], or the logs_endpoint$/;

test("gRPC: log records go to their own service, and what of them is rejected is counted", async () => {
  const seen: string[] = [];
  const endpoint = await serve((call, answer) => {
    seen.push(call.request.toString());
    answer(null, Buffer.from(encodeLogsResponse(3, "no event_name")));
  }, "logs");
  assert.deepEqual(await exportOnce({ protocol: "grpc", endpoint }, "logs"), PARTIAL);
  assert.deepEqual(seen, [request.body.toString()]);
  const metrics = await exportOnce({ protocol: "grpc", endpoint });
  assert.equal(metrics.status, "refused", "metrics do not go to the service for logs");
});

test("HTTP: log records are posted to their endpoint, and what of them is rejected is counted", async () => {
  const seen: (string | undefined)[] = [];
  const origin = await listen(
    createServer((incoming, response) => {
      drain(incoming, (body) => {
        seen.push(incoming.url, incoming.headers["content-type"], body.toString());
        response.writeHead(200, { "content-type": "application/x-protobuf" });
        response.end(encodeLogsResponse(3, "no event_name"));
      });
    }),
  );
  assert.deepEqual(await exportOnce({ endpoint: `${origin}/v1/logs` }, "logs"), PARTIAL);
  assert.deepEqual(seen, ["/v1/logs", "application/x-protobuf", request.body.toString()]);
});

test("where log records are not taken, the message says how to send none", async () => {
  const expected = { status: "refused" } as const;
  const grpc = await bind(new Server());
  const unimplemented = await exportOnce({ protocol: "grpc", endpoint: grpc }, "logs");
  assertOutcome(unimplemented, { endpoint: grpc, expected, message: NO_LOGS });
  const origin = await listen(
    createServer((_incoming, response) => response.writeHead(404, { "content-type": "text/plain" }).end()),
  );
  const http = `${origin}/v1/logs`;
  const notFound = await exportOnce({ endpoint: http }, "logs");
  assertOutcome(notFound, { endpoint: http, expected, message: NO_LOGS });
});
