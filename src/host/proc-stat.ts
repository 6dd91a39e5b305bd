/**
 * /proc/stat, kernel and system statistics.
 * https://docs.kernel.org/filesystems/proc.html#miscellaneous-kernel-statistics-in-proc-stat
 *
 *     cpu  2255 34 2290 22625563 6290 127 456 0 0 0
 *     intr 114930548 113199788 3 0 5 263 …
 *     btime 1062191376
 *
 * btime: seconds since the epoch at which the system booted, rounded down. It moves when the clock is set.
 */
import { readKernelFile } from "./kernel-file.ts";

/** The line of interrupts grows with CPUs and devices and comes before btime. */
const LIMIT_BYTES = 1_048_576;

export interface ProcStat {
  readonly bootTimeS: number | undefined;
}

/** Reads `<procfs>/stat`; undefined when there is none. */
export async function readProcStat(procfs: string): Promise<ProcStat | undefined> {
  const text = await readKernelFile(`${procfs}/stat`, LIMIT_BYTES);
  return text === undefined ? undefined : parseProcStat(text);
}

/** Parses /proc/stat. A line that is missing or malformed is undefined. */
export function parseProcStat(text: string): ProcStat {
  const bootTime = /^btime (\d{1,15})$/m.exec(text)?.[1];
  return { bootTimeS: bootTime === undefined ? undefined : Number(bootTime) };
}
