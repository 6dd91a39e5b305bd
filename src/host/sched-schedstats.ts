/**
 * /proc/sys/kernel/sched_schedstats, whether the scheduler collects statistics beyond those of schedstat.
 * https://docs.kernel.org/admin-guide/sysctl/kernel.html#sched-schedstats
 *
 *     0
 *
 * There only where the kernel can (CONFIG_SCHEDSTATS).
 */
import { readKernelFileNow } from "./kernel-file.ts";

const LIMIT_BYTES = 16;

/** Does it, at this moment? */
export function hasSchedStatistics(procfs: string): boolean {
  return readKernelFileNow(`${procfs}/sys/kernel/sched_schedstats`, LIMIT_BYTES) === "1\n";
}
