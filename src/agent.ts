/**
 * The agent. A cycle: read every source side by side, each within its deadline; give the readings their meaning;
 * encode; hand over to the destinations, which deliver while the next cycle runs.
 */
import { setTimeout as sleep } from "node:timers/promises";

import { systemClock } from "./clock.ts";
import type { Configuration } from "./config/configuration.ts";
import { KvmeterError } from "./errors.ts";
import { EventPipeline } from "./event-pipeline.ts";
import { createPipelines, nameByLibvirt } from "./export-pipeline.ts";
import { globMatcher } from "./glob.ts";
import { suitHeapTo } from "./heap.ts";
import { LibvirtStatistics } from "./libvirt/statistics.ts";
import type { Logger } from "./log.ts";
import { DOMAIN_ROWS, HOST_ROWS, HYPERVISOR_METRICS } from "./metrics/definitions.ts";
import { DomainMeter } from "./metrics/domain-meter.ts";
import { HostMeter } from "./metrics/host-meter.ts";
import type { ResourcePoints } from "./metrics/points.ts";
import type { ToldRow } from "./metrics/rows.ts";
import {
  requiredGroups,
  requiredLocalReaders,
  requiredReaders,
  selectRows,
  unusedScopes,
} from "./metrics/selection.ts";
import { createMemoryStore, openStateDirectory } from "./otlp/queue/open.ts";
import { identifyAgent, readAgent } from "./own-reading.ts";
import { Poller, type Source, type SourceOutcome } from "./poll.ts";
import type { HypervisorReading } from "./readings/domain.ts";
import { hostReaders } from "./readings/host-scopes.ts";
import { HostSource } from "./readings/host-source.ts";
import type { HostReading } from "./readings/host.ts";
import { HypervisorSource } from "./readings/hypervisor-source.ts";
import { ticks } from "./schedule.ts";

export interface AgentContext {
  readonly log: Logger;
  /** Its abort asks for an orderly stop. */
  readonly signal: AbortSignal;
}

/** The rest of an interval is for making and handing over the points of those that were in time. */
const SOURCE_SHARE = 0.8;

/** What is left of the five seconds that a stop may take goes to the daemons' goodbyes. */
const FLUSH_DEADLINE_MS = 3500;

/** What is derived from a change needs two readings, and a second between them to mean something. */
const ONCE_PAUSE_MS = 1000;

/**
 * Runs until the signal aborts, then stops in order.
 * @throws KvmeterError when the start shows a mistake of the configuration: not one source can be read, or a
 * destination's TLS does not fit. Later than that it never gives up.
 */
export async function runAgent(configuration: Configuration, { log, signal }: AgentContext): Promise<void> {
  const calls = new LibvirtStatistics();
  const sources = createSources(configuration, { log, calls, pacing: "paced" });
  const poller = new Poller<HypervisorReading>(sources, systemClock, log);
  const hostPoller = new Poller<HostReading>(createHostSources(configuration, log), systemClock, log);
  const { stateDirectory } = configuration;
  const store =
    stateDirectory === undefined ? createMemoryStore({ log }) : openStateDirectory(stateDirectory, { log });
  const context = { log, store, agent: identifyAgent() };
  const pipelines = createPipelines(configuration, context);
  const events = new EventPipeline(configuration, context);
  const destinations = [...pipelines, events].flatMap((pipeline) => pipeline.destinations);
  const misfit = new AbortController();
  for (const { signal: carried, firstError } of destinations) {
    // The first event can come when the agent has long been running, and then it does not give up any more.
    if (carried === "metrics") void firstError.then((error) => stopOnMisfit(error, misfit));
  }
  let skippedCycles = 0;
  let started = false;
  const stop = AbortSignal.any([signal, misfit.signal]);
  try {
    for await (const { skipped } of ticks(configuration.intervalMs, stop)) {
      skippedCycles += skipped;
      const deadlineMs = SOURCE_SHARE * configuration.intervalMs;
      const [outcomes, hostOutcomes] = await Promise.all([
        poller.poll(deadlineMs, stop),
        hostPoller.poll(deadlineMs, stop),
      ]);
      if (stop.aborted) break;
      started ||= checkStart(outcomes);
      poller.report(outcomes);
      hostPoller.report(hostOutcomes);
      suitHeapTo(outcomes.reduce((sum, { reading }) => sum + (reading?.domains.length ?? 0), 0));
      const own = readAgent({
        clock: systemClock,
        outcomes,
        hostOutcomes,
        skippedCycles,
        calls,
        destinations,
      });
      const connections = sources.flatMap(({ connection }) => connection ?? []);
      for (const pipeline of pipelines)
        pipeline.export({ outcomes, connections, host: hostOutcomes[0]?.reading, own });
    }
    misfit.signal.throwIfAborted();
  } finally {
    await Promise.all([...pipelines, events].map((pipeline) => pipeline.close(FLUSH_DEADLINE_MS)));
    await store.close();
    await Promise.all(sources.map((source) => source.close()));
  }
}

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
    info: () => undefined,
    warn: (_, warning) => void warnings.push(warning),
  });
  const rows = selectRows(DOMAIN_ROWS, configuration.metrics);
  const resource = { serviceName: configuration.serviceName, attributes: configuration.resourceAttributes };
  const hostMeter = new HostMeter({ rows: selectRows(HOST_ROWS, configuration.metrics), resource });
  try {
    const ofDomains = Promise.all(
      sources.map(async (source) => {
        const meter = new DomainMeter({ rows, resource });
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
  await sleep(ONCE_PAUSE_MS, undefined, { signal });
  return [first, await source.read(signal)];
}

/** The host, where it is to be read; nothing is read that no metric needs. */
function createHostSources(
  { host, metrics }: Configuration,
  log: Pick<Logger, "info" | "warn">,
): HostSource[] {
  if (host.note !== undefined) log.info({ source: "host" }, host.note);
  if (!host.enabled) return [];
  const needed = requiredReaders(selectRows(HOST_ROWS, metrics));
  const readers = hostReaders(host).filter(
    ({ name }) => needed.has(name) && host.readers[name]?.enabled !== false,
  );
  const intervals = Object.entries(host.readers).flatMap(([name, { intervalMs }]) =>
    intervalMs === undefined ? [] : [[name, intervalMs] as const],
  );
  return [
    new HostSource({
      procfs: host.procfs,
      sysfs: host.sysfs,
      readers,
      intervalsMs: Object.fromEntries(intervals),
      clock: systemClock,
      onAbsent: (note) => log.info({ source: "host" }, note),
      onContainer: (note) => log.warn({ source: "host" }, note),
    }),
  ];
}

interface SourceContext {
  readonly log: Logger;
  readonly calls?: LibvirtStatistics;
  /** paced: each thing is read as often as it changes. whole: everything in every cycle. */
  readonly pacing: "paced" | "whole";
}

function createSources(
  { libvirt, domains, metrics, statistics, processes, host, intervalMs }: Configuration,
  { log, calls, pacing }: SourceContext,
): HypervisorSource[] {
  const included = globMatcher(domains.include);
  const excluded = globMatcher(domains.exclude);
  const rows = selectRows(DOMAIN_ROWS, metrics);
  const hypervisorRows = selectRows<ToldRow>(HYPERVISOR_METRICS, metrics);
  const needed = requiredLocalReaders(rows);
  const local = {
    procfs: host.procfs,
    sysfs: host.sysfs,
    numaIntervalMs: processes.numaIntervalMs,
    readers: {
      ...needed,
      likeLibvirt: pacing === "paced" && processes.insteadOfLibvirt,
      process: needed.process && processes.process,
      threads: needed.threads && processes.threads,
      cgroup: needed.cgroup && processes.cgroups,
      disks: needed.disks && processes.disks,
      numa: needed.numa && processes.numa,
    },
  };
  const isLocalWanted = Object.values(local.readers).includes(true);
  const needs = { groups: requiredGroups(rows, hypervisorRows), unusedScopes: unusedScopes(rows) };
  const { slowIntervalMs, intervalsMs, stretchAbove } = statistics;
  const pace = {
    cycleMs: intervalMs,
    slowIntervalMs,
    intervalsMs,
    stretchAboveMs: stretchAbove * intervalMs,
  };
  return libvirt.map(
    ({ uri, timeoutMs }) =>
      new HypervisorSource({
        uri,
        timeoutMs,
        ...needs,
        ...(pacing === "paced" && { pace, onStretch: tellStretch(log, uri) }),
        wanted: (name) => included(name) && !excluded(name),
        clock: systemClock,
        ...(isLocalWanted && { local }),
        onNotice: (notice) => log.info({ source: uri }, notice),
        ...(calls !== undefined && { calls }),
      }),
  );
}

function tellStretch(log: Logger, source: string): (factor: number, tookMs: number) => void {
  return (factor, tookMs) =>
    log.warn(
      { source, factor, tookMs: Math.round(tookMs) },
      factor === 1
        ? "what costs is read as often as configured again"
        : "reading takes too long: what costs is read less often",
    );
}

/**
 * A source that cannot be read is an outage later; when none can at the start, it is a mistake. Being late is none:
 * the first read has every domain's XML to read and can take longer than a short interval, so the next one tells.
 */
function checkStart(outcomes: readonly SourceOutcome<HypervisorReading>[]): boolean {
  const errors = outcomes.flatMap(({ error }) => (error === undefined ? [] : [error]));
  if (errors.length < outcomes.length) return true;
  const mistake = errors.find(
    (error) => !(error instanceof KvmeterError && error.code === "SOURCE_DEADLINE"),
  );
  if (mistake !== undefined) throw mistake;
  return false;
}

/** A backend that is away will come back; one whose certificate does not fit will not by itself. */
function stopOnMisfit(error: Error | undefined, misfit: AbortController): void {
  if (error instanceof KvmeterError && error.code === "OTLP_TLS") misfit.abort(error);
}
