import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";

import { checkDestination } from "../../src/check/destinations.ts";
import { paddedRequest } from "../../src/check/probe-request.ts";
import type { DestinationConfiguration } from "../../src/config/configuration.ts";
import { loadConfiguration } from "../../src/config/load.ts";
import type { ReceivedResource } from "../../src/receiver/decode.ts";
import { startReceiver } from "../../src/receiver/receiver.ts";
import { decodeRequest, encodeResponse } from "../otlp/official-proto.ts";
import { closeLater, drain, listen, SECRET } from "../otlp/servers.ts";
import { DATADOG, PROMETHEUS, strictBackend } from "../otlp/strict-backends.ts";

const { configuration } = loadConfiguration({ env: {} });
const [base] = configuration.destinations;
assert.ok(base);

type Wanted = Partial<DestinationConfiguration>;

/** Looks at an HTTP destination, metrics alone unless something else is wanted. */
async function check(endpoint: string, wanted: Wanted = {}) {
  assert.ok(base);
  const destination: DestinationConfiguration = {
    ...base,
    endpoint,
    protocol: "http/protobuf",
    headers: { authorization: `Bearer ${SECRET}` },
    timeoutMs: 1000,
    signals: ["metrics"],
    logs: undefined,
    ...wanted,
  };
  const { findings, told } = await checkDestination(destination, {
    configuration,
    readings: Promise.resolve([]),
  });
  assert.doesNotMatch(JSON.stringify(findings), new RegExp(SECRET));
  return { told, findings, found: findings.map(({ id, state }) => `${id} ${state}`) };
}

const server = async (listener: RequestListener) => `${await listen(createServer(listener))}/v1/metrics`;

const answering = (status: number, body: string | Uint8Array = "", headers = {}) =>
  server((incoming, response) => drain(incoming, () => response.writeHead(status, headers).end(body)));

test("a receiver gets two metrics of the check's own, and a large request without any", async () => {
  for (const protocol of ["http/protobuf", "grpc"] as const) {
    const received: ReceivedResource[] = [];
    const sizes: number[] = [];
    const receiver = await startReceiver({
      protocol,
      onMetrics: (resources, { bytes }) => {
        received.push(...resources);
        sizes.push(bytes);
      },
      onLogs: (records) => assert.deepEqual(records, []),
    });
    closeLater(() => receiver.close());
    const logs = { ...base, ...base?.logs, protocol, endpoint: receiver.endpoint.replace("metrics", "logs") };
    const { found, told } = await check(receiver.endpoint, {
      protocol,
      signals: ["metrics", "logs"],
      logs,
    });
    assert.deepEqual(found, ["destination ok", "destination-limit ok", "destination-logs ok"]);
    assert.equal(told.length, protocol === "grpc" ? 0 : 1);
    assert.equal(received.length, 1);
    const [own] = received;
    assert.match(String(own?.attributes["service.instance.id"]), /^check-/);
    assert.deepEqual(own?.metrics.map(({ name }) => name).toSorted(), [
      "process.cpu.time",
      "process.memory.usage",
    ]);
    assert.equal(sizes.at(-1), 64 * 1024);
  }
});

test("the padding is a field that official definitions pass over, whatever its size", () => {
  for (const bytes of [16 * 1024, 64 * 1024, 100_001, 5_000_000]) {
    const { body, pointCount } = paddedRequest(bytes);
    assert.equal(body.length, bytes);
    assert.equal(pointCount, 0);
    assert.deepEqual(decodeRequest(body).resourceMetrics ?? [], []);
  }
});

test("temporality that is refused: the other one is tried, and named", async () => {
  const { endpoint, accepted } = await strictBackend(PROMETHEUS);
  const refused = await check(endpoint, { temporality: "delta" });
  assert.deepEqual(refused.found, ["destination-temporality fail"]);
  assert.equal(refused.findings[0]?.mend, "temporality: cumulative");
  assert.match(
    refused.findings[0]?.says ?? "",
    /^refuses delta sums \(Cannot export to .*delta: process\.cpu\.time/,
  );
  assert.equal(accepted.length, 1);
  assert.deepEqual((await check(endpoint)).found, ["destination ok", "destination-limit ok"]);

  const datadog = await strictBackend(DATADOG);
  const headers = { "dd-api-key": SECRET };
  const cumulative = await check(datadog.endpoint, { headers, temporality: "cumulative" });
  assert.deepEqual(cumulative.findings[0]?.mend, "temporality: delta");
  assert.deepEqual((await check(datadog.endpoint, { headers, temporality: "delta" })).found, [
    "destination ok",
    "destination-limit ok",
  ]);
});

/** Takes requests up to a size, before compression. */
const limited = (limitBytes: number) =>
  server((incoming, response) =>
    drain(incoming, (body) => {
      const { length } = gunzipSync(body);
      response.writeHead(length > limitBytes ? 413 : 200).end();
    }),
  );

test("a limit below what is sent is found by halving", async () => {
  const { found, findings } = await check(await limited(40_000), { compression: "gzip" });
  assert.deepEqual(found, ["destination ok", "destination-limit warn"]);
  assert.equal(
    findings[1]?.says,
    "takes no request of 64KiB: every large one is sent, refused, cut and sent again",
  );
  assert.equal(findings[1]?.mend, "request_limit: 32KiB");
  // Less than can be configured: the least that can.
  const [, least] = (await check(await limited(10_000), { compression: "gzip" })).findings;
  assert.equal(least?.mend, "request_limit: 16KiB");
  const within = await check(await limited(40_000), { compression: "gzip", requestLimitBytes: 32_768 });
  assert.deepEqual(within.found, ["destination ok", "destination-limit ok"]);
});

test("what refuses the padding for what it is says nothing of a limit", async () => {
  const endpoint = await server((incoming, response) =>
    drain(incoming, (body) => response.writeHead(gunzipSync(body).length > 10_000 ? 400 : 200).end()),
  );
  assert.deepEqual((await check(endpoint, { compression: "gzip" })).found, ["destination ok"]);
});

test("what the agent's own transport says is what is told", async () => {
  const [finding] = (await check(await answering(401, "who are you?"))).findings;
  assert.equal(finding?.id, "destination");
  assert.equal(finding?.code, "OTLP_REFUSED");
  assert.match(finding?.says ?? "", /HTTP 401 Unauthorized: who are you\?: check the destination's headers/);
  const [away] = (await check("http://127.0.0.1:1/v1/metrics")).findings;
  assert.equal(away?.code, "OTLP_CONNECT");
  assert.match(away?.mend ?? "", /nc -vz 127\.0\.0\.1 1 /);
  const [late] = (await check(await server(() => undefined), { timeoutMs: 200 })).findings;
  assert.equal(late?.code, "OTLP_DEADLINE");
});

test("points that are rejected", async () => {
  const body = encodeResponse(2, "no room for process.cpu.time");
  const [finding] = (await check(await answering(200, body, { "content-type": "application/x-protobuf" })))
    .findings;
  assert.equal(finding?.id, "destination-rejects");
  assert.match(finding?.says ?? "", /^rejected 2 of 3 points: no room for process\.cpu\.time$/);
});

test("log records where nobody takes them", async () => {
  const { endpoint } = await strictBackend(PROMETHEUS);
  const logs = {
    ...base,
    ...base?.logs,
    protocol: "http/protobuf",
    endpoint: endpoint.replace("metrics", "logs"),
  };
  const { found } = await check(endpoint, {
    signals: ["metrics", "logs"],
    logs: logs as DestinationConfiguration["logs"],
  });
  assert.deepEqual(found, ["destination ok", "destination-limit ok", "destination-logs fail"]);
});

test("credentials without encryption, but not to this machine", async () => {
  const { findings } = await check("http://metrics.invalid:4318/v1/metrics?key=1", { timeoutMs: 300 });
  const plain = findings.find(({ id }) => id === "destination-plaintext");
  assert.equal(plain?.mend, "endpoint: https://metrics.invalid:4318/v1/metrics");
  for (const endpoint of ["http://localhost:1", "http://127.0.0.1:1", "https://metrics.invalid"]) {
    const ids = (await check(endpoint, { timeoutMs: 300 })).findings.map(({ id }) => id);
    assert.ok(!ids.includes("destination-plaintext"), endpoint);
  }
});

test("headers that gRPC cannot carry", async () => {
  const { found } = await check("http://127.0.0.1:1", { protocol: "grpc", headers: { "a b": "c" } });
  assert.deepEqual(found, ["destination fail"]);
});
