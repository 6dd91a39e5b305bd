/**
 * /proc/<pid>/status, what a process has in memory and how often its main thread was switched.
 * https://docs.kernel.org/filesystems/proc.html#process-specific-subdirectories
 *
 *     VmSize:	 1730588 kB
 *     VmRSS:	  233204 kB
 *     RssAnon:	  209144 kB
 *     RssFile:	   22824 kB
 *     RssShmem:	    1236 kB
 *     VmSwap:	       0 kB
 *     voluntary_ctxt_switches:	3874
 *     nonvoluntary_ctxt_switches:	916
 *
 * kB are 1024 bytes. The switches are those of the one thread, not of the process. A kernel thread and a zombie have no
 * memory at all; a kernel without swap has no VmSwap.
 */
import { type Integer, multiply } from "../integer.ts";
import type { KernelFolder } from "./kept-folder.ts";
import { countAfter, lineAfter } from "./keyed-lines.ts";
import { parseCount } from "./numbers.ts";

const LIMIT_BYTES = 16_384;
const BYTES_PER_KB = 1024;

export interface ProcPidStatus {
  readonly virtualBytes: Integer | undefined;
  readonly residentBytes: Integer | undefined;
  /** What of the resident memory belongs to a file. */
  readonly residentFileBytes: Integer | undefined;
  /** What of it is shared memory: a guest's, where it is a memfd or a file of hugetlbfs or tmpfs. */
  readonly residentSharedBytes: Integer | undefined;
  readonly swapBytes: Integer | undefined;
  readonly voluntarySwitches: Integer | undefined;
  readonly involuntarySwitches: Integer | undefined;
}

/** Reads the status in a process's folder, at once; undefined when there is no such process or it may not be looked at. */
export function readProcPidStatus(folder: KernelFolder): ProcPidStatus | undefined {
  const text = folder.read("status", LIMIT_BYTES);
  return text === undefined ? undefined : parseProcPidStatus(text);
}

/** Parses /proc/<pid>/status. What is missing or malformed is undefined. */
export function parseProcPidStatus(text: string): ProcPidStatus {
  return {
    virtualBytes: bytesAfter(text, "VmSize:"),
    residentBytes: bytesAfter(text, "VmRSS:"),
    residentFileBytes: bytesAfter(text, "RssFile:"),
    residentSharedBytes: bytesAfter(text, "RssShmem:"),
    swapBytes: bytesAfter(text, "VmSwap:"),
    voluntarySwitches: countAfter(text, "voluntary_ctxt_switches:\t"),
    involuntarySwitches: countAfter(text, "nonvoluntary_ctxt_switches:\t"),
  };
}

/** The name of the process comes first, and line feeds in it are escaped: so a name at a line's start is the kernel's. */
function bytesAfter(text: string, name: string): Integer | undefined {
  const value = lineAfter(text, name);
  const kilobytes = value?.endsWith(" kB") === true ? parseCount(value.slice(0, -3).trim()) : undefined;
  return kilobytes === undefined ? undefined : multiply(kilobytes, BYTES_PER_KB);
}
