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
import { readKernelFileNow } from "./kernel-file.ts";
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

/** Reads `<procfs>/<pid>/status`, at once; undefined when there is no such process or it may not be looked at. */
export function readProcPidStatus(procfs: string, pid: number): ProcPidStatus | undefined {
  const text = readKernelFileNow(`${procfs}/${pid}/status`, LIMIT_BYTES);
  return text === undefined ? undefined : parseProcPidStatus(text);
}

/** Parses /proc/<pid>/status. What is missing or malformed is undefined. */
export function parseProcPidStatus(text: string): ProcPidStatus {
  return {
    virtualBytes: bytesOf(text, "VmSize"),
    residentBytes: bytesOf(text, "VmRSS"),
    residentFileBytes: bytesOf(text, "RssFile"),
    residentSharedBytes: bytesOf(text, "RssShmem"),
    swapBytes: bytesOf(text, "VmSwap"),
    voluntarySwitches: parseCount(valueOf(text, "voluntary_ctxt_switches")),
    involuntarySwitches: parseCount(valueOf(text, "nonvoluntary_ctxt_switches")),
  };
}

function bytesOf(text: string, key: string): Integer | undefined {
  const value = valueOf(text, key);
  if (value === undefined || !value.endsWith(" kB")) return undefined;
  const kilobytes = parseCount(value.slice(0, -3));
  return kilobytes === undefined ? undefined : multiply(kilobytes, BYTES_PER_KB);
}

/** The name of the process comes first, and line feeds in it are escaped: so a key at a line's start is the key. */
function valueOf(text: string, key: string): string | undefined {
  const at = text.indexOf(`\n${key}:`);
  const end = at < 0 ? -1 : text.indexOf("\n", at + 1);
  return end < 0 ? undefined : text.slice(at + key.length + 2, end).trim();
}
