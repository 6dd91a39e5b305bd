/**
 * Secrets are planted wherever an operator can write one, the backends repeat in their answers what they were sent, and
 * the program runs with everything logged. What it then shows to anybody holds none of them.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createHttp2Server, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo, Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { text } from "node:stream/consumers";
import { after, test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { gunzipSync, zstdDecompressSync } from "node:zlib";

import { simulated } from "./simulated.ts";

const MAIN = join(import.meta.dirname, "../src/main.ts");
const CERTIFICATES = join(import.meta.dirname, "fixtures/certificates");

/** By where they are planted. Some have characters that JSON, YAML or a URL write otherwise. */
const PLANTED = {
  literalHeader: 'planted-literal"quoted\\',
  fileHeader: "planted-file-token",
  environmentHeader: "planted-env-token",
  apiKey: "planted api+key",
  basic: btoa("instance:planted-password"),
  basicPassword: "planted-password",
  attribute: "planted-attribute",
  proxyPassword: "planted-proxy",
  endpointPath: "planted path",
  endpointPassword: "planted-userinfo",
  uriPassword: "planted-uri",
} as const;

const directory = mkdtempSync(join(tmpdir(), "kvmeter-secrets-"));
after(() => rmSync(directory, { recursive: true }));
writeFileSync(join(directory, "token"), `${PLANTED.fileHeader}\n`);
writeFileSync(join(directory, "basic"), PLANTED.basic);
writeFileSync(join(directory, "path"), PLANTED.endpointPath);
writeFileSync(join(directory, "attribute"), `${PLANTED.attribute}\n`);
const configuration = join(directory, "kvmeter.yaml");

/** What nobody may see besides: a line of the key's PEM. */
const KEY_LINE = readFileSync(join(CERTIFICATES, "client-key.pem"), "utf8").split("\n")[1] ?? "";

/** Fails when any secret is in the text, in any spelling. */
function assertClean(text: string, what: string, planted: Readonly<Record<string, string>> = PLANTED): void {
  for (const [where, secret] of Object.entries({ ...planted, KEY_LINE })) {
    const spellings = [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)];
    for (const spelling of [...spellings, secret.replaceAll(" ", "+"), btoa(secret)]) {
      assert.ok(!text.includes(spelling), `${what} shows the secret ${where}:\n${text}`);
    }
  }
}

async function listen(t: TestContext, server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** What a request carried, as a chatty backend quotes it. */
function quoteRequest(headers: Record<string, unknown>, path = ""): string {
  const { authorization, "x-key": key, "x-env": environment, "x-basic": basic } = headers;
  const credentials = atob(String(basic).replace(/^Basic /, ""));
  return `cannot serve ${credentials} at ${path} ${decodeURIComponent(path)} for ${String(authorization)}, ${String(key)}, ${String(environment)}, ${String(basic)}`;
}

/** Fails in each way in turn, quoting the request; between failures it is well, so that each is a change to log. */
async function httpBackend(t: TestContext, received: string[]): Promise<number> {
  const failures = [400, 401, 413, 429, 503, 302];
  return listen(
    t,
    createServer((request: IncomingMessage, response: ServerResponse) => {
      const words = quoteRequest(request.headers, request.url);
      const number = received.push(words);
      const status = number % 2 === 0 ? 200 : (failures[(number >> 1) % failures.length] ?? 400);
      request.resume();
      const leadsTo = status === 302 ? { location: request.url } : {};
      response.writeHead(status, { "content-type": "text/plain", ...leadsTo }).end(words);
    }),
  );
}

/** {@link httpBackend} for gRPC, with every status that there is. */
async function grpcBackend(t: TestContext, received: string[]): Promise<number> {
  const server = createHttp2Server();
  server.on("stream", (stream: ServerHttp2Stream, headers) => {
    const words = quoteRequest(headers);
    const number = received.push(words);
    const status = number % 2 === 0 ? 0 : ((number >> 1) % 16) + 1;
    stream.resume();
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () =>
      stream.sendTrailers({ "grpc-status": String(status), "grpc-message": encodeURI(words) }),
    );
    stream.end(status === 0 ? Buffer.alloc(5) : undefined);
  });
  return listen(t, server);
}

function start(args: readonly string[], env: Record<string, string>) {
  return spawn(process.execPath, [MAIN, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
}

async function outputOf(args: readonly string[], env: Record<string, string>): Promise<string> {
  const child = start(args, env);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return stdout + stderr;
}

const ENVIRONMENT = {
  TOKEN: PLANTED.environmentHeader,
  // Two destinations are behind a proxy that is not there.
  http_proxy: `http://user:${PLANTED.proxyPassword}@127.0.0.1:9`,
  no_proxy: "127.0.0.1",
};

/** A backend of every kind, three of which cannot be reached. */
function writeConfiguration({ uri, http, grpc }: { uri: string; http: number; grpc: number }): void {
  const headers = `{ authorization: "Bearer \${file:token}", x-key: ${JSON.stringify(PLANTED.literalHeader)}, x-env: "a \${env:TOKEN} b", x-basic: "Basic \${file:basic}" }`;
  const query = `api_key=${encodeURIComponent(PLANTED.apiKey)}`;
  writeFileSync(
    configuration,
    `
libvirt: [{ uri: "${uri}" }]
interval: 100ms
state_directory: state
listen: 127.0.0.1:0
resource_attributes: { planted: "\${file:attribute}" }
log: { level: trace, format: json }
export:
  - { endpoint: "http://127.0.0.1:${http}/\${file:path}/?${query}", protocol: http/protobuf, headers: ${headers} }
  - endpoint: "http://127.0.0.1:${grpc}"
    logs_endpoint: "http://127.0.0.1:${grpc}"
    headers: ${headers}
  - { endpoint: "http://backend.invalid:4317", headers: ${headers} }
  - endpoint: "https://127.0.0.1:9/?${query}"
    protocol: http/protobuf
    headers: ${headers}
    tls: { cert_file: ${CERTIFICATES}/client.pem, key_file: ${CERTIFICATES}/client-key.pem }
  - { endpoint: "http://backend.invalid/", protocol: http/protobuf, headers: ${headers} }
`,
  );
}

test("nothing that is shown holds a secret, whatever backends answer", async (t) => {
  const simulator = await simulated(t, { domains: 1 });
  const received: { http: string[]; grpc: string[] } = { http: [], grpc: [] };
  const ports = { http: await httpBackend(t, received.http), grpc: await grpcBackend(t, received.grpc) };
  writeConfiguration({ uri: simulator.uri, ...ports });

  const child = start(["-c", configuration], ENVIRONMENT);
  t.after(() => child.kill("SIGKILL"));
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (log += text));
  const stdout = text(child.stdout);
  for (let waitedMs = 0; received.http.length < 13 || received.grpc.length < 33; waitedMs += 20) {
    assert.ok(waitedMs < 20_000, `the backends were not asked often enough:\n${log}`);
    await sleep(20);
  }
  const state = join(directory, "state");
  assert.ok(existsSync(join(state, "kvmeter.db-wal")));
  assertCleanFiles(state);
  const url = /"url":"(http:[^"]+)"/.exec(log)?.[1] ?? "";
  const pages = await Promise.all(
    ["/healthz", "/readyz", "/metrics", "/other"].map(async (path) => (await fetch(url + path)).text()),
  );
  child.kill("SIGTERM");
  await once(child, "close");

  for (const secret of [PLANTED.fileHeader, PLANTED.literalHeader, PLANTED.environmentHeader]) {
    assert.ok(
      received.http[0]?.includes(secret) && received.grpc[0]?.includes(secret),
      "the test plants nothing",
    );
  }
  assert.ok(received.http[0]?.includes(PLANTED.apiKey) && received.http[0].includes(PLANTED.endpointPath));
  assert.match(log, /"destination":"collector"/);
  assert.match(log, /"destination":"collector-2"/);
  assert.match(log, /"destination":"collector-3"/);
  assert.match(log, /"destination":"collector-4"/);
  assert.match(log, /"destination":"collector-5".*http_proxy names a proxy/);
  assert.match(log, /cannot serve/);
  assertClean(log, "the log");
  assertClean(await stdout, "standard output");
  assertCleanFiles(state);
  assertCleanState(state);
  assert.match(pages[2] ?? "", /target_info\{.*planted="\*\*\*"/);
  for (const page of pages) assertClean(page, "the local endpoint");
});

/** An attribute is no secret in the queue: it belongs to what is to be sent. */
const { attribute: _, ...QUEUE_SECRETS } = PLANTED;

/** All bytes, those of deleted rows included. */
function assertCleanFiles(state: string): void {
  for (const name of readdirSync(state)) {
    assertClean(readFileSync(join(state, name), "latin1"), name, QUEUE_SECRETS);
  }
}

/** What is inside, decompressed. */
function assertCleanState(state: string): void {
  const database = new DatabaseSync(join(state, "kvmeter.db"), { readOnly: true });
  const refused = database.prepare("SELECT words, codec, body FROM set_aside").all();
  const queued = database.prepare("SELECT '' AS words, codec, body FROM batch").all();
  const values = database.prepare("SELECT key AS words, 'none' AS codec, value AS body FROM value").all();
  database.close();
  assert.ok(
    refused.some(({ words }) => String(words).includes("cannot serve")),
    "no backend's words were kept",
  );
  assert.ok(queued.length > 0, "nothing is queued for the backends that cannot be reached");
  for (const { words, codec, body } of [...refused, ...queued, ...values]) {
    const bytes = body as Uint8Array;
    const sent = codec === "gzip" ? gunzipSync(bytes) : codec === "zstd" ? zstdDecompressSync(bytes) : bytes;
    assertClean(`${String(words)} ${Buffer.from(sent).toString("latin1")}`, "the queue", QUEUE_SECRETS);
  }
}

test("the configuration is shown without secrets, sound or not", async () => {
  writeConfiguration({ uri: "qemu:///system", http: 1, grpc: 1 });
  const printed = await outputOf(["config", "print", "-c", configuration], ENVIRONMENT);
  assert.match(printed, /authorization: Bearer \$\{file:token\}/);
  assertClean(printed, "config print");
  assertClean(await outputOf(["config", "validate", "-c", configuration], ENVIRONMENT), "config validate");

  writeFileSync(
    configuration,
    `
libvirt: [{ uri: "qemu+tcp://u:${PLANTED.uriPassword}@h/system" }, { uri: "\${env:TOKEN}" }]
interval: "\${env:TOKEN}"
listen: "\${file:token}"
export:
  - endpoint: "http://u:${PLANTED.endpointPassword}@h:4318/?key=${encodeURIComponent(PLANTED.apiKey)}"
    logs_endpoint: "http://u:${PLANTED.endpointPassword}@h:4318/?key=${encodeURIComponent(PLANTED.apiKey)}"
  - endpoint: "http://h:4318/?key=${encodeURIComponent(PLANTED.apiKey)}"
    headers: { "a b": ${JSON.stringify(PLANTED.literalHeader)}, c: "\${file:token}\\u0007", d: ["${PLANTED.fileHeader}"] }
  - { endpoint: "nonsense?${encodeURIComponent(PLANTED.apiKey)}", protocol: "\${env:TOKEN}" }
  - { endpoint: "https://h", tls: { ca_file: token, key_file: token } }
`,
  );
  const refused = await outputOf(["config", "validate", "-c", configuration], ENVIRONMENT);
  for (const option of [
    "libvirt[0].uri",
    "interval",
    "listen",
    "export[0].endpoint",
    "export[0].logs_endpoint",
    "export[1].headers",
    "export[3].tls",
  ]) {
    assert.ok(refused.includes(option), `${option} is not refused:\n${refused}`);
  }
  assertClean(refused, "a refused file");
});

test("the environment and the command line are shown without secrets", async () => {
  const endpoint = `http://u:${PLANTED.endpointPassword}@h:4318/?key=${encodeURIComponent(PLANTED.apiKey)}`;
  const inUrl = await outputOf(["config", "print"], { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint });
  assert.match(inUrl, /OTEL_EXPORTER_OTLP_ENDPOINT: must not hold a user or password/);
  assertClean(inUrl, "a refused variable");
  const sound = await outputOf(["config", "print"], {
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://h:4318/?key=${encodeURIComponent(PLANTED.apiKey)}`,
    OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${PLANTED.fileHeader}`,
  });
  assert.match(sound, / endpoint: http:\/\/h:4318\/v1\/metrics\?\*\*\*/);
  assert.match(sound, / logs_endpoint: http:\/\/h:4318\/v1\/logs\?\*\*\*/);
  assertClean(sound, "config print");
  const uri = `qemu+tcp://u:${PLANTED.uriPassword}@h/system`;
  const connect = await outputOf(["config", "print", "--connect", uri], {});
  assert.match(connect, /must not have a password/);
  assertClean(connect, "a refused URI");
});
