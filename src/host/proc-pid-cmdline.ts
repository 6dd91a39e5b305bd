/**
 * /proc/<pid>/cmdline, the arguments of one process, each closed by a zero byte.
 * https://man7.org/linux/man-pages/man5/proc_pid_cmdline.5.html
 *
 *     /usr/bin/qemu-system-x86_64\0-name\0guest=web 1,debug-threads=on\0-uuid\04a92c712-7a8f-…\0
 *
 * Empty for a kernel thread and a zombie. A process can overwrite its own.
 */
import { readKernelFile } from "./kernel-file.ts";

/** What of it is read. QEMU's can be longer: what names a domain stands at its beginning, its devices follow. */
const LIMIT_BYTES = 65_536;

/** Reads `<procfs>/<pid>/cmdline`; undefined when there is no such process or it may not be looked at. */
export async function readProcPidCmdline(
  procfs: string,
  pid: number,
): Promise<readonly string[] | undefined> {
  const text = await readKernelFile(`${procfs}/${pid}/cmdline`, LIMIT_BYTES);
  return text === undefined ? undefined : parseProcPidCmdline(text);
}

/** The arguments; the last one is cut off where the text is. */
export function parseProcPidCmdline(text: string): readonly string[] {
  if (text === "") return [];
  return (text.endsWith("\0") ? text.slice(0, -1) : text).split("\0");
}
