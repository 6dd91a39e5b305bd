/**
 * Many agents in one event loop, each with a simulated hypervisor and a state directory of its own: what `kvmeter run`
 * runs, without the host's own readings, which would be those of one machine many times over.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { runAgent } from "../../src/agent.ts";
import type { Logger } from "../../src/log.ts";
import { QUEUE_DEFAULTS } from "../../src/otlp/options.ts";
import { startSimulator } from "../../src/simulator/index.ts";
import { collectorAt, configurationOf } from "../../test/configuration.ts";
import type { AgentAccount, AgentsRequest } from "./agents.ts";

const request = JSON.parse(process.argv[2] ?? "") as AgentsRequest;
const agents: { readonly stop: AbortController; readonly account: Promise<AgentAccount> }[] = [];

process.on("message", () => void end());
process.on("disconnect", () => process.exit());

for (let number = 0; number < request.agents; number += 1) {
  const stop = new AbortController();
  agents.push({ stop, account: runOne(request.firstSeed + number, stop.signal) });
  await sleep(request.spreadMs / request.agents);
}
process.send?.("started");

/** One after the other: agents that stop together in one event loop would keep each other from flushing in time. */
async function end(): Promise<void> {
  const accounts: AgentAccount[] = [];
  for (const { stop, account } of agents) {
    stop.abort();
    accounts.push(await account);
  }
  process.send?.(accounts, () => process.exit());
}

async function runOne(seed: number, signal: AbortSignal): Promise<AgentAccount> {
  const { folder, domains, shape, endpoint, protocol, intervalMs, slowIntervalMs } = request;
  const place = join(folder, String(seed));
  mkdirSync(place, { recursive: true });
  const simulator = await startSimulator({
    socketPath: join(place, "libvirt-sock"),
    domains,
    seed,
    ...(shape && { shape }),
  });
  const problems: string[] = [];
  let account: Partial<AgentAccount> = {};
  const note = (level: string, fields: Readonly<Record<string, unknown>>, message: string): void => {
    problems.push(`${level}: ${message} ${JSON.stringify(fields)}`);
  };
  const log: Logger = {
    trace: () => {},
    debug: () => {},
    info: (fields, message) => void (message === "stopped" && (account = accountOf(fields))),
    warn: (fields, message) => note("warn", fields, message),
    error: (fields, message) => note("error", fields, message),
  };
  const configuration = configurationOf({
    libvirt: [{ uri: simulator.uri, timeoutMs: 10_000 }],
    intervalMs,
    statistics: { slowIntervalMs, intervalsMs: {}, stretchAbove: 1 },
    destinations: [
      collectorAt(endpoint, {
        protocol,
        timeoutMs: 15_000,
        requestLimitBytes: 4080 * 1024,
        queue: { ...QUEUE_DEFAULTS, maxAgeMs: 3_600_000 },
      }),
    ],
    stateDirectory: join(place, "state"),
  });
  await runAgent(configuration, { log, signal });
  await simulator.stop();
  return { cycles: 0, skippedCycles: 0, exported: 0, queued: 0, dropped: 0, ...account, problems };
}

/** The last line of an agent's log. */
function accountOf(fields: Readonly<Record<string, unknown>>): Omit<AgentAccount, "problems"> {
  const { cycles, skippedCycles, destinations } = fields as {
    readonly cycles: number;
    readonly skippedCycles: number;
    readonly destinations: Readonly<
      Record<string, { exportedPoints: number; queuedPoints: number; droppedPoints: Record<string, number> }>
    >;
  };
  const { exportedPoints = 0, queuedPoints = 0, droppedPoints = {} } = destinations["collector"] ?? {};
  const dropped = Object.values(droppedPoints).reduce((sum, points) => sum + points, 0);
  return { cycles, skippedCycles, exported: exportedPoints, queued: queuedPoints, dropped };
}
