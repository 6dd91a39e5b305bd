import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { runAgent } from "../../src/agent.ts";
import type { Simulator } from "../../src/simulator/index.ts";
import { configurationOf } from "../configuration.ts";
import { collectLog } from "../logged.ts";
import { simulated } from "../simulated.ts";

const INTERVAL_MS = 1000;

/** Wall time of an agent's third cycle. */
async function thirdCycleMs({ uri, stats }: Simulator): Promise<number> {
  const stop = new AbortController();
  const configuration = configurationOf({
    libvirt: [{ uri, timeoutMs: 2000 }],
    intervalMs: INTERVAL_MS,
  });
  const cycles = (): number => stats.calls["CONNECT_GET_ALL_DOMAIN_STATS"] ?? 0;
  const before = cycles();
  const running = runAgent(configuration, { log: collectLog().log, signal: stop.signal });
  while (cycles() < before + 3) await sleep(5);
  const atMs = Date.now();
  stop.abort();
  await running;
  return atMs;
}

test("after a restart cycles lie where they lay in the interval", { timeout: 30_000 }, async (t) => {
  const simulator = await simulated(t, { domains: 1 });
  const firstMs = await thirdCycleMs(simulator);
  // The second run begins half an interval beside the first one's place.
  const beginMs = Math.ceil((Date.now() - firstMs) / INTERVAL_MS) * INTERVAL_MS + firstMs + INTERVAL_MS / 2;
  await sleep(beginMs - Date.now());
  const secondMs = await thirdCycleMs(simulator);
  const beside = (secondMs - firstMs) % INTERVAL_MS;
  const apartMs = Math.min(beside, INTERVAL_MS - beside);
  assert.ok(apartMs < INTERVAL_MS / 4, `${apartMs} ms apart`);
});
