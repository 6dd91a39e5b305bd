/**
 * /proc/<pid>/task/<tid>/schedstat, how long a thread ran and waited for a CPU.
 * https://docs.kernel.org/scheduler/sched-stats.html#proc-pid-schedstat
 *
 *     3901091780 6406103420 7761
 *
 * Nanoseconds on a CPU, nanoseconds runnable but waiting for one, and how often it was put on one. Where the kernel
 * does not count it (CONFIG_SCHED_INFO) all are 0 or there is no such file.
 */
import type { Integer } from "../integer.ts";
import type { KernelFolder } from "./kept-folder.ts";
import { parseCount } from "./numbers.ts";

const LIMIT_BYTES = 256;

/** Reads how long a thread waited, in its folder, at once; undefined when it has ended or that is not to be had. */
export function readProcPidSchedstatWaitNs(folder: KernelFolder): Integer | undefined {
  const text = folder.read("schedstat", LIMIT_BYTES);
  return text === undefined ? undefined : parseProcPidSchedstatWaitNs(text);
}

/** The second of the three numbers; undefined when they are not three. */
export function parseProcPidSchedstatWaitNs(text: string): Integer | undefined {
  const first = text.indexOf(" ");
  const second = text.indexOf(" ", first + 1);
  const isWhole = /^\d+ \d+ \d+\n$/.test(text);
  return isWhole ? parseCount(text.slice(first + 1, second)) : undefined;
}
