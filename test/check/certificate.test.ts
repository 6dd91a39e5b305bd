import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { test } from "node:test";

import { checkCertificates, judgeExpiry } from "../../src/check/certificate.ts";
import type { DestinationOptions } from "../../src/otlp/options.ts";
import { startReceiver } from "../../src/receiver/receiver.ts";
import { pem } from "../otlp/certificates.ts";
import { closeLater, optionsFor } from "../otlp/servers.ts";

const NOW_MS = Date.parse("2026-01-02T12:00:00Z");
const DAY_MS = 86_400_000;

const at = (days: number) =>
  judgeExpiry("collector", { whose: "the backend's", validToMs: NOW_MS + days * DAY_MS }, NOW_MS);

test("two weeks before the end it is said", () => {
  assert.equal(at(15).state, "ok");
  assert.equal(at(15).says, "the backend's certificate is valid until 2026-01-17");
  assert.equal(at(13.5).state, "warn");
  assert.equal(at(13.5).says, "the backend's certificate is valid until 2026-01-16, 13 more days");
  assert.match(at(-1).says, / 0 more days$/);
});

test("the backend's certificate and the client's, by HTTP and by gRPC", async () => {
  const server = { cert: pem("server"), key: pem("server-key"), ca: pem("authority") };
  const tls = { ca: pem("authority"), cert: pem("client"), key: pem("client-key") };
  const [servers, clients] = [server.cert, tls.cert].map((cert) =>
    new X509Certificate(cert).validToDate.toISOString().slice(0, 10),
  );
  for (const protocol of ["http/protobuf", "grpc"] as const) {
    const receiver = await startReceiver({ protocol, onMetrics: () => undefined, tls: server });
    closeLater(() => receiver.close());
    const options: DestinationOptions = optionsFor({
      protocol,
      endpoint: receiver.endpoint,
      tls,
      timeoutMs: 2000,
    });
    const findings = await checkCertificates("collector", options);
    assert.deepEqual(
      findings.map(({ says }) => says.replace(/, \d+ more days$/, "")),
      [
        `the backend's certificate is valid until ${servers}`,
        `the client's certificate is valid until ${clients}`,
      ],
    );
  }
});

test("without TLS there is none, and of a backend that is away nothing is said", async () => {
  assert.deepEqual(await checkCertificates("collector", optionsFor({ endpoint: "http://127.0.0.1:1" })), []);
  assert.deepEqual(await checkCertificates("collector", optionsFor({ endpoint: "https://127.0.0.1:1" })), []);
});
