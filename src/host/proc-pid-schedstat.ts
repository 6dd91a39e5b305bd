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
import { readKernelFileNow } from "./kernel-file.ts";
import { parseCount } from "./numbers.ts";

const LIMIT_BYTES = 256;

export interface ProcPidSchedstat {
  readonly runNs: Integer;
  readonly waitNs: Integer;
}

/** Reads the schedstat in a thread's folder, at once; undefined when the thread has ended or there is none. */
export function readProcPidSchedstat(folder: string): ProcPidSchedstat | undefined {
  const text = readKernelFileNow(`${folder}/schedstat`, LIMIT_BYTES);
  return text === undefined ? undefined : parseProcPidSchedstat(text);
}

/** Parses a schedstat; undefined when it is none. */
export function parseProcPidSchedstat(text: string): ProcPidSchedstat | undefined {
  const [run, wait, runs, ...more] = text.trim().split(" ");
  const runNs = parseCount(run);
  const waitNs = parseCount(wait);
  if (runNs === undefined || waitNs === undefined || runs === undefined || more.length > 0) return undefined;
  return { runNs, waitNs };
}
