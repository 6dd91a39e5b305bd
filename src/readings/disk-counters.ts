import type { Instant } from "../clock.ts";
import type { Integer } from "../integer.ts";
import type { TypedParameter } from "../libvirt/types.ts";
import type { DomainStatistics, StatisticsField, StatisticsItem } from "./statistics.ts";

/** VIR_DOMAIN_BLOCK_STATS_* (libvirt/libvirt-domain.h): what BLOCK_STATS_FLAGS calls the fields of bulk statistics. */
const FIELDS: Readonly<Record<string, StatisticsField<"disk">>> = {
  rd_operations: "readOperations",
  rd_bytes: "readBytes",
  rd_total_times: "readTimeNs",
  wr_operations: "writeOperations",
  wr_bytes: "writtenBytes",
  wr_total_times: "writeTimeNs",
  flush_operations: "flushOperations",
  flush_total_times: "flushTimeNs",
  errs: "errors",
};

/**
 * Counters of single disks, in the order of `names`, as the part of a domain's statistics that they are. `lastKnown`
 * tells the disks' places there.
 */
export function diskCounters(
  counters: readonly (readonly TypedParameter[])[],
  { names, lastKnown, readAt }: DiskContext,
): DomainStatistics {
  // A drive without a medium has nothing to tell and is there all the same.
  const disk = (lastKnown.items.disk ?? []).map(({ path, values: { name } }): StatisticsItem<"disk"> => {
    const parameters = counters[names.indexOf(name ?? "")] ?? [];
    return { path, parent: undefined, values: { name, ...countersOf(parameters) } };
  });
  return { readAt: { block: readAt }, items: { disk } };
}

export interface DiskContext {
  readonly names: readonly string[];
  readonly lastKnown: DomainStatistics;
  readonly readAt: Instant;
}

function countersOf(parameters: readonly TypedParameter[]): Record<string, Integer> {
  const values: Record<string, Integer> = {};
  for (const { field, value } of parameters) {
    const name = FIELDS[field];
    // -1 stands for unknown there.
    if (name === undefined || typeof value === "string" || typeof value === "boolean" || value < 0) continue;
    values[name] = value;
  }
  return values;
}
