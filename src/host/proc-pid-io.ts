/**
 * /proc/<pid>/io, what a process caused to be read from and written to storage, its ended threads included.
 * https://docs.kernel.org/filesystems/proc.html#proc-pid-io-display-the-io-accounting-fields
 *
 *     rchar: 323934931
 *     read_bytes: 12288
 *     write_bytes: 323932160
 *     cancelled_write_bytes: 0
 *
 * Only for those who may trace the process, since it tells much: of another user's, CAP_SYS_PTRACE and
 * CAP_DAC_READ_SEARCH are needed. Only where the kernel counts it (CONFIG_TASK_IO_ACCOUNTING).
 */
import type { Integer } from "../integer.ts";
import type { KernelFolder } from "./kept-folder.ts";
import type { FileOptions } from "./kernel-file.ts";
import { countAfter } from "./keyed-lines.ts";

const LIMIT_BYTES = 4096;

export interface ProcPidIo {
  readonly readBytes: Integer | undefined;
  readonly writtenBytes: Integer | undefined;
}

/** Reads the io in a process's folder, at once; undefined when there is none or it may not be read. */
export function readProcPidIo(folder: KernelFolder, options?: FileOptions): ProcPidIo | undefined {
  const text = folder.read("io", LIMIT_BYTES, options);
  return text === undefined ? undefined : parseProcPidIo(text);
}

/** Parses /proc/<pid>/io. What is missing or malformed is undefined. */
export function parseProcPidIo(text: string): ProcPidIo {
  return {
    readBytes: countAfter(text, "read_bytes: "),
    writtenBytes: countAfter(text, "write_bytes: "),
  };
}
