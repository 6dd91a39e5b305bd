/**
 * memory.stat of a cgroup, what its memory is used for.
 * https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files
 * https://docs.kernel.org/admin-guide/cgroup-v1/memory.html#stat-file
 *
 *     inactive_file 4096               (v1: of the group alone; total_inactive_file with those below)
 *     total_swap 0                     (v1)
 */
import type { Integer } from "../integer.ts";
import type { KernelFolder } from "./kept-folder.ts";
import { countAfter } from "./keyed-lines.ts";

const LIMIT_BYTES = 16_384;

export interface CgroupMemoryStat {
  /** Cache of files that nobody used lately: the first to go when memory is short. */
  readonly inactiveFileBytes: Integer | undefined;
  /** v1 only. */
  readonly swapBytes: Integer | undefined;
}

/** Reads the memory.stat of a group, at once; undefined when there is none. */
export function readCgroupMemoryStat(folder: KernelFolder): CgroupMemoryStat | undefined {
  const text = folder.read("memory.stat", LIMIT_BYTES);
  return text === undefined ? undefined : parseCgroupMemoryStat(text);
}

/** Parses a memory.stat of v1 or v2. What is missing or malformed is undefined. */
export function parseCgroupMemoryStat(text: string): CgroupMemoryStat {
  return {
    inactiveFileBytes: countAfter(text, "total_inactive_file ") ?? countAfter(text, "inactive_file "),
    swapBytes: countAfter(text, "total_swap "),
  };
}
