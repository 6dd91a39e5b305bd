/**
 * /proc/<pid>/task/<tid>/sched, the scheduler's own figures of a thread (kernel/sched/debug.c). No interface that the
 * kernel promises to keep, but the one from which libvirt takes `vcpu.N.wait`.
 *
 *     CPU 0/KVM (104, #threads: 6)
 *     -------------------------------------------------------------------
 *     se.exec_start                                :      11704172.717356
 *     se.statistics.wait_sum                       :           123.456789
 *
 * Milliseconds with six digits after the point. Since 5.16 the name is wait_sum alone, which libvirt does not look for,
 * up to 12.8 at least. The line is there only while the kernel collects scheduler statistics (CONFIG_SCHEDSTATS and
 * sysctl kernel.sched_schedstats=1).
 */
import type { KernelFolder } from "./kept-folder.ts";

const LIMIT_BYTES = 16_384;
const NS_PER_MS = 1_000_000;
/** The names that libvirt knows (virProcessGetSchedInfo). */
const WAIT_SUM = /^se\.(?:statistics\.)?wait_sum[^:\n]*: *(\d{1,13}(?:\.\d{1,9})?)\n/m;

/** Reads the sum in a thread's folder, at once, in nanoseconds; undefined when there is none. */
export function readProcPidSchedWaitNs(folder: KernelFolder): number | undefined {
  const text = folder.read("sched", LIMIT_BYTES);
  return text === undefined ? undefined : parseProcPidSchedWaitNs(text);
}

/** What the file has of waiting, rounded as libvirt does it; undefined when it has nothing. */
export function parseProcPidSchedWaitNs(text: string): number | undefined {
  const ms = WAIT_SUM.exec(text)?.[1];
  return ms === undefined ? undefined : Math.trunc(Number(ms) * NS_PER_MS);
}
