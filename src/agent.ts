/**
 * The agent. A cycle: read every source side by side, each within its deadline; give the readings their meaning;
 * encode; hand over to the destinations, which deliver while the next cycle runs.
 */
import { hostname } from "node:os";

import { systemClock } from "./clock.ts";
import type { Configuration } from "./config/configuration.ts";
import type { Environment } from "./config/variables.ts";
import { CourseRecord, openEndpoint } from "./course-record.ts";
import type { ReadableHypervisor } from "./discovered-hypervisors.ts";
import { KvmeterError } from "./errors.ts";
import { EventPipeline } from "./event-pipeline.ts";
import { suitHeapTo } from "./heap.ts";
import { readMachineId } from "./host/machine-id.ts";
import { LibvirtStatistics } from "./libvirt/statistics.ts";
import type { LocalEndpoint } from "./local-endpoint/local-endpoint.ts";
import { type Logger, secretHider } from "./log.ts";
import { domainOccurrences } from "./metrics/domain-occurrences.ts";
import type { Occurrence } from "./metrics/occurrences.ts";
import type { Destination } from "./otlp/destination.ts";
import type { StateStore, StoreOptions } from "./otlp/queue/contract.ts";
import { createMemoryStore, openStateDirectory } from "./otlp/queue/open.ts";
import { identifyAgent, OwnReader } from "./own-reading.ts";
import { secondCycleMs } from "./phase.ts";
import { createPipelines, scrapedPipeline } from "./pipelines.ts";
import { Poller, type SourceOutcome } from "./poll.ts";
import type { HypervisorReading } from "./readings/domain.ts";
import type { HostReading } from "./readings/host.ts";
import { ticks } from "./schedule.ts";
import { createHostSources, createSources } from "./sources.ts";
import { ServiceManager } from "./systemd/service-manager.ts";

export interface AgentContext {
  readonly log: Logger;
  /** Its abort asks for an orderly stop. */
  readonly signal: AbortSignal;
  /** Where a service manager says how it wants to be told. */
  readonly env?: Environment;
}

/** The rest of an interval is for making and handing over the points of those that were in time. */
const SOURCE_SHARE = 0.8;

/** What is left of the five seconds that a stop may take goes to the daemons' goodbyes. */
const FLUSH_DEADLINE_MS = 3500;

/**
 * Runs until the signal aborts, then stops in order.
 * @throws KvmeterError when the start shows a mistake of the configuration: not one source can be read, the local
 * endpoint's address is taken, or a destination's TLS does not fit. Later than that it never gives up.
 */
export async function runAgent(
  configuration: Configuration,
  { log, signal, env = {} }: AgentContext,
): Promise<void> {
  const { intervalMs } = configuration;
  const calls = new LibvirtStatistics();
  const sources = createSources(configuration, { log, calls, pacing: "paced" });
  const hostSources = createHostSources(configuration, { log, pacing: "paced" });
  const hypervisors = new Poller<HypervisorReading>(sources, systemClock, log);
  const host = new Poller<HostReading>(hostSources, systemClock, log);
  const hide = secretHider(configuration.secrets);
  const store = openStore(configuration, { log, hide });
  const context = { log, store, agent: identifyAgent() };
  const pipelines = createPipelines(configuration, context);
  const events = new EventPipeline(configuration, context);
  const destinations = [...pipelines, events].flatMap((pipeline) => pipeline.destinations);
  const misfit = misfitOf(destinations);
  const stop = AbortSignal.any([signal, misfit]);
  const self = new OwnReader({ clock: systemClock, poller: hypervisors, calls, destinations });
  const names = sources.map(({ name }) => name);
  const record = new CourseRecord({ clock: systemClock, intervalMs, sources: names, destinations });
  const manager = ServiceManager.of(env, { course: () => record.course, log, hide });
  let endpoint: LocalEndpoint | undefined;
  let skippedCycles = 0;
  let started = false;
  try {
    const points = () => scrapedPipeline(pipelines)?.points;
    endpoint = await openEndpoint(configuration, { record, points, log });
    const secondMs = secondCycleMs(await identityOf(configuration), { intervalMs, wallMs: Date.now() });
    for await (const { skipped } of ticks(intervalMs, stop, secondMs)) {
      skippedCycles += skipped;
      const deadlineMs = SOURCE_SHARE * intervalMs;
      const [outcomes, hostOutcomes] = await Promise.all([
        hypervisors.poll(deadlineMs, stop),
        host.poll(deadlineMs, stop),
      ]);
      const readings = outcomes.flatMap(({ reading }) => reading ?? []);
      events.export(readings.flatMap(domainOccurrences));
      if (stop.aborted) break;
      started ||= checkStart(outcomes);
      hypervisors.report(outcomes);
      host.report(hostOutcomes);
      suitHeapTo(readings.reduce((sum, { domains }) => sum + domains.length, 0));
      const cycle = {
        outcomes,
        connections: sources.flatMap(({ connection }) => connection ?? []),
        host: hostOutcomes[0]?.reading,
        own: self.read({ outcomes, hostOutcomes, skippedCycles }),
      };
      for (const pipeline of pipelines) pipeline.export(cycle);
      record.cycleEnded({ outcomes, skippedCycles });
      manager?.cycleEnded();
    }
    misfit.throwIfAborted();
  } finally {
    void manager?.stopping();
    await endpoint?.close();
    events.export(sources.flatMap((source) => untoldOccurrences(source, hypervisors.untaken(source))));
    await Promise.all([...pipelines, events].map((pipeline) => pipeline.close(FLUSH_DEADLINE_MS)));
    await store.close();
    await Promise.all([...sources, ...hostSources].map((source) => source.close()));
    record.summarize(log);
  }
}

/** What happened since the last reading that was told: what a stop discards of it has to be told all the same. */
function untoldOccurrences(source: ReadableHypervisor, untaken?: HypervisorReading): Occurrence[] {
  const { identity } = source.connection ?? {};
  const last = identity === undefined ? [] : [{ identity, domains: [], ...source.farewell() }];
  return [...(untaken === undefined ? [] : [untaken]), ...last].flatMap(domainOccurrences);
}

/** What tells this agent from all others of a fleet, whatever an image or a cluster has given to several. */
async function identityOf({ libvirt }: Configuration): Promise<string> {
  return [await readMachineId(), hostname(), ...libvirt.map(({ uri }) => uri)].join(" ");
}

function openStore({ stateDirectory }: Configuration, options: StoreOptions): StateStore {
  return stateDirectory === undefined
    ? createMemoryStore(options)
    : openStateDirectory(stateDirectory, options);
}

/**
 * A source that cannot be read is an outage later; when none can at the start, it is a mistake. Being late is none:
 * the first read has every domain's XML to read and can take longer than a short interval, so the next one tells.
 */
function checkStart(outcomes: readonly SourceOutcome<HypervisorReading>[]): boolean {
  const errors = outcomes.flatMap(({ error }) => (error === undefined ? [] : [error]));
  if (errors.length < outcomes.length) return true;
  const [mistake] = errors;
  if (mistake !== undefined && !errors.some(isLate)) throw mistake;
  return false;
}

function isLate(error: Error): boolean {
  return error instanceof KvmeterError && error.code === "SOURCE_DEADLINE";
}

/** Aborts with the error of a destination that stops an agent which has just started. */
function misfitOf(destinations: readonly Destination[]): AbortSignal {
  const misfit = new AbortController();
  for (const { signal, firstError } of destinations) {
    // The first event can come when the agent has long been running, and then it does not give up any more.
    if (signal === "metrics") void firstError.then((error) => stopOnMisfit(error, misfit));
  }
  return misfit.signal;
}

/** A backend that is away will come back; one whose certificate does not fit will not by itself. */
function stopOnMisfit(error: Error | undefined, misfit: AbortController): void {
  if (error instanceof KvmeterError && error.code === "OTLP_TLS") misfit.abort(error);
}
