import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { run } from "../../src/cli/health.ts";
import { collectingContext } from "./context.ts";

const directory = mkdtempSync(join(tmpdir(), "kvmeter-health-"));
const file = join(directory, "kvmeter.yaml");
const answers = new Map([
  ["/healthz", { status: 200, body: '{"status":"ok"}\n' }],
  ["/readyz", { status: 503, body: '{"status":"not ready"}\n' }],
]);
const server = createServer(({ url = "" }, response) => {
  const { status = 404, body } = answers.get(url) ?? {};
  response.writeHead(status).end(body);
});

before(async () => {
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
});
after(() => {
  server.close();
  rmSync(directory, { recursive: true });
});

function listenAt(host: string): void {
  const { port } = server.address() as AddressInfo;
  writeFileSync(file, `listen: "${host}:${port}"`);
}

test("health is what the endpoint says, and so is the exit code", async () => {
  for (const host of ["127.0.0.1", "0.0.0.0"]) {
    listenAt(host);
    const { texts, context } = collectingContext();
    assert.equal(await run(["-c", file], context), 0);
    assert.equal(texts.stdout, '{"status":"ok"}\n');
    assert.equal(await run(["-c", file, "--ready"], context), 1);
    assert.match(texts.stdout, /not ready/);
  }
});

test("an agent that is not there is an error, and so is a configuration without an endpoint", async () => {
  const { context } = collectingContext();
  writeFileSync(file, "listen: 127.0.0.1:1");
  await assert.rejects(run(["-c", file], context), {
    code: "ENDPOINT_SILENT",
    message: /^Cannot ask the local endpoint at 127\.0\.0\.1:1: .*ECONNREFUSED.*; see whether/,
  });
  writeFileSync(file, "interval: 10s");
  await assert.rejects(run(["-c", file], context), { code: "USAGE", message: /listen: 127\.0\.0\.1:9560/ });
});
