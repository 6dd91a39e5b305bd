import { systemClock } from "./clock.ts";
import type { Configuration } from "./config/configuration.ts";
import { globMatcher } from "./glob.ts";
import type { LibvirtStatistics } from "./libvirt/statistics.ts";
import type { Logger } from "./log.ts";
import { DOMAIN_ROWS, HOST_ROWS, HYPERVISOR_METRICS, INVENTORY_METRICS } from "./metrics/definitions.ts";
import type { ToldRow } from "./metrics/rows.ts";
import {
  requiredGroups,
  requiredLocalReaders,
  requiredParts,
  requiredReaders,
  selectRows,
  unusedScopes,
} from "./metrics/selection.ts";
import { hostReaders } from "./readings/host-scopes.ts";
import { HostSource } from "./readings/host-source.ts";
import { HypervisorSource } from "./readings/hypervisor-source.ts";

/** The host, where it is to be read; nothing is read that no metric needs. */
export function createHostSources(
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

/** Whom sources tell what, and how they read. */
export interface SourceContext {
  readonly log: Logger;
  readonly calls?: LibvirtStatistics;
  /** paced: each thing is read as often as it changes. whole: everything in every cycle. */
  readonly pacing: "paced" | "whole";
}

/** The hypervisors that are to be read, each for what a metric needs. */
export function createSources(
  { libvirt, domains, metrics, statistics, processes, host, hypervisor, intervalMs }: Configuration,
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
  const inventory = {
    parts: requiredParts(selectRows<ToldRow>(INVENTORY_METRICS, metrics)),
    intervalMs: hypervisor.intervalMs,
  };
  return libvirt.map(
    ({ uri, timeoutMs }) =>
      new HypervisorSource({
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

function tellStretch(log: Logger, source: string): (factor: number, tookMs: number) => void {
  return (factor, tookMs) =>
    log.warn(
      { source, factor, tookMs: Math.round(tookMs) },
      factor === 1
        ? "what costs is read as often as configured again"
        : "reading takes too long: what costs is read less often",
    );
}
