import assert from "node:assert/strict";
import { createServer } from "node:http";
import { type SecureServerOptions, type ServerHttp2Stream, createSecureServer } from "node:http2";
import { type ServerOptions, createServer as createHttpsServer } from "node:https";
import type { Server } from "node:net";
import { test } from "node:test";

import type { DestinationOptions } from "../../src/otlp/options.ts";
import { pem } from "./certificates.ts";
import { assertOutcome, drain, exportOnce, listen } from "./servers.ts";

const server = { cert: pem("server"), key: pem("server-key") };
const mutual = { ...server, ca: pem("authority"), requestCert: true, rejectUnauthorized: true };

const tlsCases: readonly {
  readonly name: string;
  readonly server: ServerOptions & SecureServerOptions;
  readonly host?: string;
  readonly tls: DestinationOptions["tls"];
  readonly message?: RegExp;
}[] = [
  { name: "a certificate of the given authority", server, tls: { ca: pem("authority") } },
  { name: "the same by address", server, host: "127.0.0.1", tls: { ca: pem("authority") } },
  {
    name: "a certificate that nothing vouches for",
    server,
    tls: {},
    message: /its certificate is not trusted: set tls\.ca_file to the certificate of the authority/,
  },
  {
    name: "a certificate for another name",
    server: { cert: pem("other"), key: pem("other-key") },
    tls: { ca: pem("authority") },
    message: /its certificate bears another name/,
  },
  {
    name: "a certificate for the name that was given",
    server: { cert: pem("other"), key: pem("other-key") },
    tls: { ca: pem("authority"), serverName: "other.example" },
  },
  {
    name: "a client certificate",
    server: mutual,
    tls: { ca: pem("authority"), cert: pem("client"), key: pem("client-key") },
  },
  {
    name: "a client certificate that is missing",
    server: mutual,
    tls: { ca: pem("authority") },
    message: /it asks for a client certificate: set tls\.cert_file and tls\.key_file/,
  },
  {
    name: "a client certificate that is missing, TLS 1.2",
    server: { ...mutual, maxVersion: "TLSv1.2" },
    tls: { ca: pem("authority") },
    message: /client certificate/,
  },
  {
    name: "a client certificate of an authority that the server does not know",
    server: { ...mutual, ca: pem("server") },
    tls: { ca: pem("authority"), cert: pem("client"), key: pem("client-key") },
    message: /client certificate/,
  },
];

for (const protocol of ["http/protobuf", "grpc"] as const) {
  for (const { name, server, host = "localhost", tls, message } of tlsCases) {
    test(`TLS, ${protocol}: ${name}`, async () => {
      const listening = protocol === "grpc" ? grpcServer(server) : httpsServer(server);
      const endpoint = (await listen(listening)).replace("http://127.0.0.1", `https://${host}`);
      const outcome = await exportOnce({ protocol, endpoint, tls, timeoutMs: 2000 });
      const status = message === undefined ? "accepted" : "retry";
      assertOutcome(outcome, { endpoint, expected: { status }, code: message && "OTLP_TLS", message });
    });
  }
}

test("an environment variable does not switch the verification off", async (t) => {
  const before = process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
  t.after(() => {
    if (before === undefined) delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
    else process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = before;
  });
  process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
  const https = (await listen(httpsServer(server))).replace("http://127.0.0.1", "https://localhost");
  assert.equal((await exportOnce({ endpoint: https })).status, "retry");
  const grpc = (await listen(grpcServer(server))).replace("http://127.0.0.1", "https://localhost");
  assert.equal((await exportOnce({ protocol: "grpc", endpoint: grpc })).status, "retry");
});

test("https:// on a port without TLS", async () => {
  const origin = await listen(createServer((_incoming, response) => response.end()));
  const endpoint = origin.replace("http:", "https:");
  const message = /does not speak TLS on this port: use http:\/\//;
  for (const protocol of ["http/protobuf", "grpc"] as const) {
    const outcome = await exportOnce({ protocol, endpoint });
    assertOutcome(outcome, { endpoint, expected: { status: "retry" }, code: "OTLP_TLS", message });
  }
});

test("http:// on a port with TLS", async () => {
  const message = /if it speaks TLS on this port, use https:\/\/$/;
  for (const protocol of ["http/protobuf", "grpc"] as const) {
    const endpoint = await listen(protocol === "grpc" ? grpcServer(server) : httpsServer(server));
    const outcome = await exportOnce({ protocol, endpoint });
    assertOutcome(outcome, { endpoint, expected: { status: "retry" }, message });
  }
});

function httpsServer(options: ServerOptions): Server {
  return createHttpsServer(options, (incoming, response) => drain(incoming, () => response.end()));
}

/** Answers every call with an empty message, which is a success. */
function grpcServer(options: SecureServerOptions): Server {
  const server = createSecureServer(options);
  server.on("stream", (stream: ServerHttp2Stream) => {
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.end(Buffer.alloc(5));
  });
  return server;
}
