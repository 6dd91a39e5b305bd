/**
 * cpuacct.stat of a cgroup (v1), how long its processes and those of the groups below ran.
 * https://docs.kernel.org/admin-guide/cgroup-v1/cpuacct.html
 *
 *     user 348
 *     system 84
 *
 * In clock ticks.
 */
import { type Integer, multiply } from "../integer.ts";
import type { KernelFolder } from "./kept-folder.ts";
import { countAfter } from "./keyed-lines.ts";
import { CLOCK_TICKS_PER_S } from "./proc-pid-stat.ts";

const LIMIT_BYTES = 1024;
const NS_PER_TICK = 1_000_000_000 / CLOCK_TICKS_PER_S;

export interface CgroupCpuacctStat {
  readonly userNs: Integer | undefined;
  readonly systemNs: Integer | undefined;
}

/** Reads the cpuacct.stat of a group, at once; undefined when there is none. */
export function readCgroupCpuacctStat(folder: KernelFolder): CgroupCpuacctStat | undefined {
  const text = folder.read("cpuacct.stat", LIMIT_BYTES);
  return text === undefined ? undefined : parseCgroupCpuacctStat(text);
}

/** Parses a cpuacct.stat. What is missing or malformed is undefined. */
export function parseCgroupCpuacctStat(text: string): CgroupCpuacctStat {
  return { userNs: nanosecondsAfter(text, "user "), systemNs: nanosecondsAfter(text, "system ") };
}

function nanosecondsAfter(text: string, name: string): Integer | undefined {
  const ticks = countAfter(text, name);
  return ticks === undefined ? undefined : multiply(ticks, NS_PER_TICK);
}
