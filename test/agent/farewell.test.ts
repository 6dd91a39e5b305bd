import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { runAgent } from "../../src/agent.ts";
import type { Configuration } from "../../src/config/configuration.ts";
import { QUEUE_DEFAULTS } from "../../src/otlp/options.ts";
import { startReceiver } from "../../src/receiver/receiver.ts";
import { collectorAt, configurationOf } from "../configuration.ts";
import { collectLog } from "../logged.ts";
import { simulated } from "../simulated.ts";

function watching(uri: string): Configuration {
  return configurationOf({ libvirt: [{ uri, timeoutMs: 2000 }] });
}

async function until(condition: () => boolean): Promise<void> {
  for (let waitedMs = 0; !condition(); waitedMs += 10) {
    assert.ok(waitedMs < 10_000, "it did not happen within ten seconds");
    await sleep(10);
  }
}

/** Daemons in front of the URI that finds it: as it is, and found by a pattern. */
const uriKinds = {
  "a daemon": (uri: string) => uri,
  "daemons that are looked for": (uri: string) => `${uri}*`,
};

/** A backend that takes log records, and what it was told of the domain "late". */
async function logBackend(t: TestContext) {
  const told: unknown[] = [];
  const receiver = await startReceiver({
    protocol: "http/protobuf",
    onMetrics: () => undefined,
    onLogs: (resources) => {
      for (const { attributes, records } of resources) {
        if (attributes["libvirt.domain.name"] !== "late") continue;
        told.push(...records.map(({ body }) => body));
      }
    },
  });
  t.after(() => receiver.close());
  const logs = {
    endpoint: receiver.endpoint.replace("/v1/metrics", "/v1/logs"),
    requestLimitBytes: 1e6,
    protocol: "http/protobuf",
    headers: {},
    compression: "none",
    timeoutMs: 2000,
    tls: {},
    queue: QUEUE_DEFAULTS,
  } as const;
  return { told, destinations: [collectorAt(receiver.endpoint, { logs })] };
}

/** An agent of one domain; `stop` ends it and gives what it told of "late". */
async function startAgent(t: TestContext, { uri, intervalMs }: { uri: string; intervalMs: number }) {
  const { told, destinations } = await logBackend(t);
  const stop = new AbortController();
  const running = runAgent(
    { ...watching(uri), destinations, intervalMs },
    { ...collectLog(), signal: stop.signal },
  );
  return async () => {
    stop.abort();
    await running;
    return told;
  };
}

for (const [kind, uriOf] of Object.entries(uriKinds)) {
  test(`${kind}: what happened since the last cycle is told before the end`, async (t) => {
    const simulator = await simulated(t, { domains: 1 });
    const stop = await startAgent(t, { uri: uriOf(simulator.uri), intervalMs: 600_000 });
    await until(() => simulator.stats.calls["CONNECT_GET_ALL_DOMAIN_STATS"] !== undefined);
    await sleep(200);
    simulator.createDomain({ name: "late" });
    await sleep(200);
    assert.deepEqual(await stop(), ["late: started (booted)"]);
  });

  test(`${kind}: what a late reading has brought is told before the end`, async (t) => {
    const simulator = await simulated(t, { domains: 1 });
    // The first reading comes after its round and before the next one.
    simulator.addFault({ kind: "delay", procedure: "CONNECT_GET_HOSTNAME", ms: 1700 });
    const stop = await startAgent(t, { uri: uriOf(simulator.uri), intervalMs: 2000 });
    await until(() => simulator.stats.calls["CONNECT_GET_HOSTNAME"] !== undefined);
    await sleep(200);
    simulator.createDomain({ name: "late" });
    await until(() => simulator.stats.calls["DOMAIN_GET_XML_DESC"] !== undefined);
    await sleep(100);
    assert.deepEqual(await stop(), ["late: started (booted)"]);
  });
}
