import assert from "node:assert/strict";
import { connect, createServer, type Socket } from "node:net";
import { test } from "node:test";

import { createTransport } from "../../src/otlp/transport.ts";
import { startReceiver } from "../../src/receiver/receiver.ts";
import { assertOutcome, closeLater, listen, optionsFor } from "./servers.ts";

const request = { body: Buffer.alloc(0), pointCount: 0 };

test("a connection whose other end is gone without a word is given up for a new one", async () => {
  const receiver = await startReceiver({ protocol: "grpc", onMetrics: () => {} });
  closeLater(() => receiver.close());
  const connections: { readonly toService: Socket; readonly toClient: Socket }[] = [];
  const balancer = await listen(
    createServer((toClient) => {
      const toService = connect(Number(new URL(receiver.endpoint).port), "127.0.0.1");
      toService.on("error", () => {});
      toClient.pipe(toService).pipe(toClient);
      connections.push({ toService, toClient });
    }),
  );
  closeLater(() => connections.forEach(({ toService }) => void toService.destroy()));
  const transport = createTransport(optionsFor({ protocol: "grpc", endpoint: balancer }));
  closeLater(() => transport.close());
  assert.equal((await transport.export(request)).status, "accepted");
  // As after a loss of power: nothing arrives any more, and nobody closes the connection.
  const [first] = connections;
  first?.toClient.unpipe().resume();
  first?.toService.unpipe().resume();

  const lost = await transport.export(request);
  assertOutcome(lost, { endpoint: balancer, expected: { status: "retry" }, code: "OTLP_DEADLINE" });
  assert.equal((await transport.export(request)).status, "accepted");
  assert.equal(connections.length, 2);
});
