/**
 * /proc/<pid>/task, a folder for each thread of a process.
 * https://docs.kernel.org/filesystems/proc.html#process-specific-subdirectories
 */
import { readdirSync } from "node:fs";

import { isAbsence } from "./kernel-file.ts";

/** A guest of 4,096 vCPUs has some more threads; beyond that something is wrong. */
const LIMIT = 16_384;

/** The numbers of a process's threads, at once; undefined when there is no such process. */
export function listProcPidTasks(procfs: string, pid: number): readonly number[] | undefined {
  try {
    return readdirSync(`${procfs}/${pid}/task`)
      .filter((name) => /^[1-9]\d{0,8}$/.test(name))
      .slice(0, LIMIT)
      .map(Number);
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}
