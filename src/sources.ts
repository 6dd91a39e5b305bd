import { systemClock } from "./clock.ts";
import type { Configuration } from "./config/configuration.ts";
import { createHypervisorSource, type ReadableHypervisor } from "./discovered-hypervisors.ts";
import { globMatcher } from "./glob.ts";
import type { LibvirtStatistics } from "./libvirt/statistics.ts";
import type { Logger } from "./log.ts";
import { DOMAIN_ROWS, HOST_ROWS, HYPERVISOR_METRICS, INVENTORY_METRICS } from "./metrics/definitions.ts";
import type { DomainRow, HostRow, ToldRow } from "./metrics/rows.ts";
import {
  type MetricSelection,
  requiredGroups,
  requiredLocalReaders,
  requiredParts,
  requiredReaders,
  selectRows,
  unusedScopes,
} from "./metrics/selection.ts";
import { hostReaders } from "./readings/host-scopes.ts";
import { HostSource } from "./readings/host-source.ts";

/** The rows of the catalogue that are to be told: nothing is read that none of them needs. */
export interface WantedRows {
  readonly domain: readonly DomainRow[];
  readonly host: readonly HostRow[];
  readonly hypervisor: readonly ToldRow[];
  readonly inventory: readonly ToldRow[];
}

/** Whom sources tell what, and how they read. */
export interface SourceContext {
  readonly log: Pick<Logger, "info" | "warn" | "debug">;
  readonly calls?: LibvirtStatistics;
  /** paced: each thing is read as often as it changes. whole: everything in every cycle. */
  readonly pacing: "paced" | "whole";
  /** Those that the configuration selects unless given. */
  readonly rows?: WantedRows;
}

/** The rows that a configuration selects. */
export function selectedRows(metrics: MetricSelection): WantedRows {
  return {
    domain: selectRows(DOMAIN_ROWS, metrics),
    host: selectRows(HOST_ROWS, metrics),
    hypervisor: selectRows<ToldRow>(HYPERVISOR_METRICS, metrics),
    inventory: selectRows<ToldRow>(INVENTORY_METRICS, metrics),
  };
}

/** The host, where it is to be read. */
export function createHostSources(
  { host, metrics }: Configuration,
  { log, pacing, rows = selectedRows(metrics) }: SourceContext,
): HostSource[] {
  if (host.note !== undefined) log.info({ source: "host" }, host.note);
  if (!host.enabled) return [];
  const needed = requiredReaders(rows.host);
  const readers = hostReaders(host).filter(
    ({ name }) => needed.has(name) && host.readers[name]?.enabled !== false,
  );
  const intervals = readers.flatMap(({ name }) => {
    const intervalMs = pacing === "whole" ? 0 : host.readers[name]?.intervalMs;
    return intervalMs === undefined ? [] : [[name, intervalMs] as const];
  });
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

/** The hypervisors that are to be read. */
export function createSources(
  { libvirt, domains, metrics, statistics, processes, host, hypervisor, intervalMs }: Configuration,
  { log, calls, pacing, rows = selectedRows(metrics) }: SourceContext,
): ReadableHypervisor[] {
  const included = globMatcher(domains.include);
  const excluded = globMatcher(domains.exclude);
  const needed = requiredLocalReaders(rows.domain);
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
  const needs = {
    groups: requiredGroups(rows.domain, rows.hypervisor),
    unusedScopes: unusedScopes(rows.domain),
  };
  const { slowIntervalMs, intervalsMs, stretchAbove } = statistics;
  const pace = {
    cycleMs: intervalMs,
    slowIntervalMs,
    intervalsMs,
    stretchAboveMs: stretchAbove * intervalMs,
  };
  const inventory = {
    parts: requiredParts(rows.inventory),
    intervalMs: hypervisor.intervalMs,
  };
  return libvirt.map(({ uri, timeoutMs }) =>
    createHypervisorSource({
      uri,
      timeoutMs,
      ...needs,
      ...(pacing === "paced" ? { pace, inventory, onStretch: tellStretch(log, uri) } : { listens: false }),
      wanted: (name) => included(name) && !excluded(name),
      clock: systemClock,
      ...(isLocalWanted && { local }),
      onNotice: (notice) => log.info({ source: uri }, notice),
      onMissingEvent: (event, { message }) =>
        log.debug({ source: uri, event, problem: message }, "the daemon lacks an event"),
      ...(calls !== undefined && { calls }),
    }),
  );
}

function tellStretch(log: Pick<Logger, "warn">, source: string): (factor: number, tookMs: number) => void {
  return (factor, tookMs) =>
    log.warn(
      { source, factor, tookMs: Math.round(tookMs) },
      factor === 1
        ? "what costs is read as often as configured again"
        : "reading takes too long: what costs is read less often",
    );
}
