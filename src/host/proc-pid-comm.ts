/**
 * /proc/<pid>/task/<tid>/comm, a thread's name, cut after 15 bytes.
 * https://docs.kernel.org/filesystems/proc.html#proc-pid-comm-proc-pid-task-tid-comm
 *
 *     CPU 0/KVM
 */
import { readKernelFileNow } from "./kernel-file.ts";

const LIMIT_BYTES = 64;

/** Reads the name in a thread's folder, at once; undefined when the thread has ended. */
export function readProcPidComm(folder: string): string | undefined {
  return readKernelFileNow(`${folder}/comm`, LIMIT_BYTES)?.replace(/\n$/, "");
}
