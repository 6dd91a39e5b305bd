/**
 * /proc/meminfo, how the memory is used.
 * https://docs.kernel.org/filesystems/proc.html#meminfo
 *
 *     MemTotal:       32858820 kB
 *     MemFree:        21001236 kB
 *     HugePages_Total:       0
 *
 * kB is KiB; what has no unit is a count. Lines come and go with the kernel and its options.
 */
import { type Integer, subtract } from "../integer.ts";
import { field, type HostReader, item } from "./host-reader.ts";
import { type NamedCounts, readNamedCounts } from "./named-counts.ts";

const LIMIT_BYTES = 65_536;

const COUNTS: NamedCounts = {
  line: /^([^\s:]+):\s+(\d{1,20})(?: kB)?$/,
  otherwise: "not a name and a number",
  fields: {
    MemTotal: "totalKiB",
    MemFree: "freeKiB",
    MemAvailable: "availableKiB",
    Buffers: "buffersKiB",
    Cached: "cachedKiB",
    Shmem: "sharedKiB",
    SReclaimable: "slabReclaimableKiB",
    SUnreclaim: "slabUnreclaimableKiB",
    SwapTotal: "swapTotalKiB",
    SwapFree: "swapFreeKiB",
  },
};

/** The host's memory and its swap. */
export const procMeminfo = {
  name: "meminfo",
  file: "{procfs}/meminfo",
  needs: "a mounted /proc",
  scopes: {
    hostMemory: {
      group: "meminfo",
      fields: {
        totalKiB: field("/proc/meminfo MemTotal", "KiB"),
        freeKiB: field("/proc/meminfo MemFree", "KiB"),
        usedKiB: field("/proc/meminfo MemTotal - MemFree - Buffers - Cached", "KiB"),
        availableKiB: field("/proc/meminfo MemAvailable", "KiB"),
        buffersKiB: field("/proc/meminfo Buffers", "KiB"),
        cachedKiB: field("/proc/meminfo Cached", "KiB"),
        sharedKiB: field("/proc/meminfo Shmem", "KiB"),
        slabReclaimableKiB: field("/proc/meminfo SReclaimable", "KiB"),
        slabUnreclaimableKiB: field("/proc/meminfo SUnreclaim", "KiB"),
        swapTotalKiB: field("/proc/meminfo SwapTotal", "KiB"),
        swapFreeKiB: field("/proc/meminfo SwapFree", "KiB"),
        swapUsedKiB: field("/proc/meminfo SwapTotal - SwapFree", "KiB"),
      },
    },
  },
  async read({ procfs, onFault }) {
    const values: Record<string, Integer | undefined> | undefined = await readNamedCounts(
      { path: `${procfs}/meminfo`, limitBytes: LIMIT_BYTES },
      { onFault },
      COUNTS,
    );
    if (values === undefined) return undefined;
    const { totalKiB, freeKiB, buffersKiB, cachedKiB, swapTotalKiB, swapFreeKiB } = values;
    values["usedKiB"] = without(totalKiB, [freeKiB, buffersKiB, cachedKiB]);
    values["swapUsedKiB"] = without(swapTotalKiB, [swapFreeKiB]);
    return { hostMemory: [item([], values)] };
  },
} as const satisfies HostReader;

/** What is left of an amount; undefined where a part is not known or the parts are more than the whole. */
export function without(
  whole: Integer | undefined,
  parts: readonly (Integer | undefined)[],
): Integer | undefined {
  let rest = whole;
  for (const part of parts) {
    if (rest === undefined || part === undefined || part > rest) return undefined;
    rest = subtract(rest, part);
  }
  return rest;
}
