/**
 * /proc/<pid>/fd, an entry for each open file of a process.
 * https://docs.kernel.org/filesystems/proc.html#proc-pid-fd-list-of-symlinks-to-open-files
 *
 * Since 6.2 the folder's size is their number, which everybody may ask. Before it is 0 and the entries have to be
 * counted, which of another user's process needs CAP_DAC_READ_SEARCH.
 */
import { readdirSync, statSync } from "node:fs";

import { type FileOptions, isAbsence, isDenial } from "./kernel-file.ts";

/** How many files the process has open, at once; undefined when there is no such process or it may not be looked at. */
export function countProcPidFds(
  procfs: string,
  pid: number,
  { onDenied }: FileOptions = {},
): number | undefined {
  const path = `${procfs}/${pid}/fd`;
  try {
    const size = statSync(path, { throwIfNoEntry: false })?.size;
    return size === 0 ? readdirSync(path).length : size;
  } catch (error) {
    if (isDenial(error)) onDenied?.(path);
    if (isAbsence(error)) return undefined;
    throw error;
  }
}
