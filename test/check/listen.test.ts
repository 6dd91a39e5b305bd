import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";

import { checkListen } from "../../src/check/listen.ts";
import { loadConfiguration } from "../../src/config/load.ts";
import { openLocalEndpoint } from "../../src/local-endpoint/local-endpoint.ts";
import { closeLater, listen } from "../otlp/servers.ts";

const { configuration } = loadConfiguration({ env: {} });

const check = (port: number, host = "127.0.0.1") => checkListen({ ...configuration, listen: { host, port } });

test("an address that is free, and free again afterwards", async () => {
  assert.deepEqual(await checkListen(configuration), []);
  const server = createServer();
  const port = Number(new URL(await listen(server)).port);
  await new Promise((done) => server.close(done));
  for (const round of [1, 2]) {
    const [finding] = await check(port);
    assert.equal(finding?.state, "ok", `round ${round}`);
  }
});

test("an agent that has it already, cycling or not", async () => {
  const endpoint = await openLocalEndpoint(
    { host: "127.0.0.1", port: 0 },
    {
      course: () => ({
        intervalMs: 1000,
        sinceLastCycleMs: 60_000,
        hasCycled: true,
        sources: new Map(),
        destinations: new Map(),
      }),
      points: () => undefined,
      hide: (text) => text,
    },
  );
  closeLater(() => endpoint.close());
  const [finding] = await check(Number(new URL(endpoint.url).port));
  assert.equal(finding?.state, "ok");
  assert.match(finding?.says ?? "", /^an agent answers there: .*the last cycle ended 60\.0 s ago/s);
});

test("somebody else who has it, and an address that is not this machine's", async () => {
  const server = createServer((_, response) => response.end("It works!"));
  await listen(server);
  const [taken] = await check((server.address() as AddressInfo).port);
  assert.equal(taken?.state, "fail");
  assert.equal(taken?.code, "LISTEN");
  const [elsewhere] = await check(9560, "192.0.2.1");
  assert.equal(elsewhere?.code, "LISTEN");
});
