import { type Integer, subtract } from "../integer.ts";
import type { StatisticsField, StatisticsValues } from "../readings/statistics.ts";
import type { Derivation } from "./rows.ts";

type CpuField = StatisticsField<"hostCpuTotal">;

/** All that a CPU can spend its time with. user and nice have the guests' in them. */
const CPU_FIELDS = [
  "userTicks",
  "niceTicks",
  "systemTicks",
  "idleTicks",
  "iowaitTicks",
  "interruptTicks",
  "softirqTicks",
  "stealTicks",
] as const satisfies readonly CpuField[];

/** Share of all CPUs' time since the last reading that was spent so. */
export function cpuShare(field: (typeof CPU_FIELDS)[number]): Derivation<"hostCpuTotal"> {
  return {
    source: `change of /proc/stat cpu ${field.replace("Ticks", "")} / change of all`,
    compute({ values }, before) {
      if (before === undefined) return undefined;
      const spent = change(field, values, before.values);
      let all = 0;
      for (const each of CPU_FIELDS) all += change(each, values, before.values) ?? 0;
      return spent === undefined || all === 0 ? undefined : spent / all;
    },
  };
}

/** The kernel takes some of what it told as idle or waiting back now and then. */
function change(
  field: CpuField,
  now: StatisticsValues<"hostCpuTotal">,
  before: StatisticsValues<"hostCpuTotal">,
): number | undefined {
  const { [field]: after } = now;
  const { [field]: first } = before;
  if (after === undefined || first === undefined) return undefined;
  return Math.max(0, Number(subtract(after, first)));
}

/** Share of the host's memory that is used so. */
export function memoryShare(
  field: "usedKiB" | "freeKiB" | "cachedKiB" | "buffersKiB",
): Derivation<"hostMemory"> {
  return {
    source: `${field.replace("KiB", "")} / /proc/meminfo MemTotal`,
    compute: ({ values }) => ratio(values[field], values.totalKiB),
  };
}

/** Share of a pool of huge pages that is used so. */
export function hugepageShare(field: "used" | "free"): Derivation<"hostHugepages"> {
  return {
    source: `${field} / /sys/kernel/mm/hugepages/*/nr_hugepages`,
    compute: ({ values }) => ratio(values[field], values.limit),
  };
}

/** Share of a file system that is full, of what ordinary users can have: as df(1) has it. */
export const filesystemShare: Derivation<"hostFilesystem"> = {
  source: "statfs: used / (used + free)",
  compute({ values: { usedBytes, freeBytes } }) {
    if (usedBytes === undefined || freeBytes === undefined) return undefined;
    return ratio(usedBytes, Number(usedBytes) + Number(freeBytes));
  },
};

function ratio(part: Integer | undefined, whole: Integer | undefined): number | undefined {
  if (part === undefined || whole === undefined || Number(whole) === 0) return undefined;
  return Number(part) / Number(whole);
}
