/**
 * cpu.stat of a cgroup: in v2 how long its processes ran and were kept from running, in v1 the latter only.
 * https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files
 * https://docs.kernel.org/scheduler/sched-bwc.html#statistics
 *
 *     usage_usec 255988           nr_periods 120
 *     user_usec 83963             nr_throttled 7
 *     system_usec 172025          throttled_usec 345000     (v1: throttled_time 345000000, nanoseconds)
 *
 * Usage is that of the groups below as well; periods and throttling are this group's own, and in v2 only there where the
 * cpu controller is enabled.
 */
import { type Integer, multiply } from "../integer.ts";
import type { KernelFolder } from "./kept-folder.ts";
import { countAfter } from "./keyed-lines.ts";

const LIMIT_BYTES = 4096;
const NS_PER_US = 1000;

export interface CgroupCpuStat {
  readonly usageNs: Integer | undefined;
  readonly userNs: Integer | undefined;
  readonly systemNs: Integer | undefined;
  readonly periods: Integer | undefined;
  readonly throttledPeriods: Integer | undefined;
  readonly throttledNs: Integer | undefined;
}

/** Reads the cpu.stat of a group, at once; undefined when there is none. */
export function readCgroupCpuStat(folder: KernelFolder): CgroupCpuStat | undefined {
  const text = folder.read("cpu.stat", LIMIT_BYTES);
  return text === undefined ? undefined : parseCgroupCpuStat(text);
}

/** Parses a cpu.stat of v1 or v2. What is missing or malformed is undefined. */
export function parseCgroupCpuStat(text: string): CgroupCpuStat {
  return {
    usageNs: nanosecondsAfter(text, "usage_usec "),
    userNs: nanosecondsAfter(text, "user_usec "),
    systemNs: nanosecondsAfter(text, "system_usec "),
    periods: countAfter(text, "nr_periods "),
    throttledPeriods: countAfter(text, "nr_throttled "),
    throttledNs: nanosecondsAfter(text, "throttled_usec ") ?? countAfter(text, "throttled_time "),
  };
}

function nanosecondsAfter(text: string, name: string): Integer | undefined {
  const us = countAfter(text, name);
  return us === undefined ? undefined : multiply(us, NS_PER_US);
}
