/**
 * The files of a cgroup that hold a single number: memory.current, memory.max, memory.swap.current, pids.current,
 * memory.usage_in_bytes, memory.limit_in_bytes, memory.failcnt, cpuacct.usage.
 * https://docs.kernel.org/admin-guide/cgroup-v2.html#format
 *
 *     15138816
 *
 * `max` stands for no limit; in v1 the largest number of whole pages that 63 bits hold does.
 */
import type { Integer } from "../integer.ts";
import type { KernelFolder } from "./kept-folder.ts";
import { parseCount } from "./numbers.ts";

const LIMIT_BYTES = 64;
/** 2^63 without a page of 64 KiB, the largest there is. */
const UNLIMITED_V1 = 9_223_372_036_854_710_272n;

/** Reads a number of a group, at once; undefined when there is none, or no limit. */
export function readCgroupValue(folder: KernelFolder, name: string): Integer | undefined {
  const text = folder.read(name, LIMIT_BYTES);
  return text === undefined ? undefined : parseCgroupValue(text);
}

/** The number; undefined when it is none, was cut off, or stands for no limit. */
export function parseCgroupValue(text: string): Integer | undefined {
  const value = text.endsWith("\n") ? parseCount(text.slice(0, -1)) : undefined;
  return value === undefined || value >= UNLIMITED_V1 ? undefined : value;
}
