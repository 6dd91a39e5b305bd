import type { ExportedSeries } from "../../test/real/bed/victoriametrics.ts";
import type { AgentAccount } from "./agents.ts";

/** The accounts of all agents in one. */
export interface FleetAccount {
  readonly cycles: number;
  readonly skippedCycles: number;
  readonly exported: number;
  readonly queued: number;
  readonly dropped: number;
}

/** Adds up what each agent says of itself. */
export function sumOf(accounts: readonly AgentAccount[]): FleetAccount {
  const total = { cycles: 0, skippedCycles: 0, exported: 0, queued: 0, dropped: 0 };
  for (const account of accounts) {
    total.cycles += account.cycles;
    total.skippedCycles += account.skippedCycles;
    total.exported += account.exported;
    total.queued += account.queued;
    total.dropped += account.dropped;
  }
  return total;
}

/** What a backend has of a metric of which every VM has one point in each cycle. */
export interface Stored {
  readonly domains: number;
  readonly samples: number;
  /** Samples that are there a second time: requests that were sent again. */
  readonly repeated: number;
}

/** Counts samples that differ in domain or time. */
export function storedOf(series: readonly ExportedSeries[]): Stored {
  const domains = new Map<string, Set<number>>();
  let all = 0;
  for (const { metric, timestamps } of series) {
    const uuid = metric["libvirt_domain_uuid"] ?? "";
    const times = domains.get(uuid) ?? new Set();
    domains.set(uuid, times);
    for (const time of timestamps) times.add(time);
    all += timestamps.length;
  }
  const samples = domains.values().reduce((sum, { size }) => sum + size, 0);
  return { domains: domains.size, samples, repeated: all - samples };
}
