/**
 * /proc/locks, who holds which file lock.
 * https://man7.org/linux/man-pages/man5/proc_locks.5.html
 *
 *     1: POSIX  ADVISORY  WRITE 12345 08:02:1704 1073741825 1073742335
 *     1: -> POSIX  ADVISORY  WRITE 12346 08:02:1704 1073741825 1073742335
 *
 * Number, kind, mode, the process's number, device (major and minor in hexadecimal) and inode, first and last byte. Whoever
 * waits has an arrow. A process of another PID namespace is -1 or 0.
 */
import { readKernelFile } from "./kernel-file.ts";

const LIMIT_BYTES = 1_048_576;

/** The processes that hold a lock on the file of this inode, as this process numbers them; empty where none can be told. */
export async function readLockHolders(procfs: string, inode: bigint): Promise<readonly number[]> {
  return parseLockHolders((await readKernelFile(`${procfs}/locks`, LIMIT_BYTES)) ?? "", inode);
}

/** The device is not compared: overlay and btrfs show another one here than stat does. */
export function parseLockHolders(text: string, inode: bigint): readonly number[] {
  const holders = new Set<number>();
  for (const line of text.split("\n")) {
    const [, pid, number] = /^\d+: \w+ +\w+ +\w+ +(\d{1,9}) [\da-f]+:[\da-f]+:(\d{1,20}) /.exec(line) ?? [];
    if (pid !== undefined && pid !== "0" && number === String(inode)) holders.add(Number(pid));
  }
  return [...holders];
}
