import assert from "node:assert/strict";
import { createSecureServer, type ServerHttp2Stream } from "node:http2";
import { createServer } from "node:https";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { pem } from "./certificates.ts";
import { exportOnce, listen } from "./servers.ts";

// Read when the first connection is made, and once in a process: these tests have one of their own.
process.env["SSL_CERT_FILE"] = fileURLToPath(
  new URL("../fixtures/certificates/authority.pem", import.meta.url),
);

const server = { cert: pem("server"), key: pem("server-key") };
const client = { cert: pem("client"), key: pem("client-key") };

for (const [name, tls] of Object.entries({ "without anything": {}, "with a client certificate": client })) {
  test(`TLS ${name} configured trusts the system's authorities: http/protobuf`, async () => {
    const listening = createServer(server, (request, response) => {
      request.resume();
      response.writeHead(200, { "content-type": "application/x-protobuf" }).end();
    });
    const endpoint = (await listen(listening)).replace("http://127.0.0.1", "https://localhost");
    const outcome = await exportOnce({ endpoint, tls, timeoutMs: 5000 });
    assert.equal(outcome.status, "accepted", JSON.stringify(outcome));
  });

  test(`TLS ${name} configured trusts the system's authorities: grpc`, async () => {
    const listening = createSecureServer(server);
    listening.on("stream", (stream: ServerHttp2Stream) => {
      stream.resume();
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.end(Buffer.alloc(5));
    });
    const endpoint = (await listen(listening)).replace("http://127.0.0.1", "https://localhost");
    const outcome = await exportOnce({ protocol: "grpc", endpoint, tls, timeoutMs: 5000 });
    assert.equal(outcome.status, "accepted", JSON.stringify(outcome));
  });
}
