import { setTimeout as sleep } from "node:timers/promises";

import type { AgentContext } from "./agent.ts";
import type { Configuration } from "./config/configuration.ts";
import { DomainMeter } from "./metrics/domain-meter.ts";
import { HostMeter, nameByLibvirt } from "./metrics/host-meter.ts";
import type { ResourcePoints } from "./metrics/points.ts";
import type { Source } from "./poll.ts";
import { createHostSources, createSources, selectedRows } from "./sources.ts";

/** What is derived from a change needs two readings, and a second between them to mean something. */
const PAUSE_MS = 1000;

/**
 * The points of one cycle.
 * @throws KvmeterError when a hypervisor cannot be read
 */
export async function collectOnce(
  configuration: Configuration,
  { log, signal }: AgentContext,
): Promise<ResourcePoints[]> {
  const sources = createSources(configuration, { log, pacing: "whole" });
  const warnings: string[] = [];
  const [host] = createHostSources(configuration, {
    log: { ...log, info: () => undefined, warn: (_, warning) => void warnings.push(warning) },
    pacing: "whole",
  });
  const rows = selectedRows(configuration.metrics);
  const resource = { serviceName: configuration.serviceName, attributes: configuration.resourceAttributes };
  const hostMeter = new HostMeter({ rows: rows.host, resource });
  try {
    const ofDomains = Promise.all(
      sources.map(async (source) => {
        const meter = new DomainMeter({ rows: rows.domain, resource });
        const [first, reading] = await readTwice(source, signal);
        meter.update(first);
        for (const { message } of reading.problems) log.warn({ source: source.name }, message);
        return meter.update(reading);
      }),
    );
    const [points, ofHost] = await Promise.all([ofDomains, host && readTwice(host, signal)]);
    if (ofHost === undefined) return points.flat();
    const [first, reading] = ofHost;
    const connections = sources.flatMap(({ connection }) => connection ?? []);
    const name = nameByLibvirt(reading, connections);
    hostMeter.update(first, name);
    warnings.push(...reading.problems.map(({ message }) => message));
    for (const warning of warnings) log.warn({ source: "host" }, warning);
    return [...points.flat(), hostMeter.update(reading, name)];
  } finally {
    await Promise.all(sources.map((source) => source.close()));
  }
}

/** What is derived from a change needs two readings. */
async function readTwice<Reading>(
  source: Source<Reading>,
  signal: AbortSignal,
): Promise<readonly [Reading, Reading]> {
  const first = await source.read(signal);
  await sleep(PAUSE_MS, undefined, { signal });
  return [first, await source.read(signal)];
}
