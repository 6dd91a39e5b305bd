/**
 * /proc/<pid>/numa_maps, on which NUMA nodes a process's memory lies.
 * https://man7.org/linux/man-pages/man7/numa.7.html
 *
 *     7f2c40000000 default anon=2105 dirty=2105 active=0 N0=1024 N1=1081 kernelpagesize_kB=4
 *     7f2c5c000000 bind:0-1 file=/dev/hugepages/libvirt/qemu/1-web1/ram huge anon=512 dirty=512 N0=512 kernelpagesize_kB=2048
 *
 * A line for each mapping: N<node> are pages, of kernelpagesize_kB each. The kernel walks the whole address space for it,
 * milliseconds for each gigabyte of small pages, and holds up whoever wants to change it. Only for those who may trace
 * the process: of another user's, CAP_SYS_PTRACE is needed. Only where the kernel has NUMA (CONFIG_NUMA).
 */
import { type FileOptions, readKernelFile } from "./kernel-file.ts";

/** A QEMU with hundreds of devices has some thousand mappings. */
const LIMIT_BYTES = 4_194_304;
const BYTES_PER_KB = 1024;

/** Bytes by node. */
export type NumaMemory = ReadonlyMap<number, number>;

/** Reads `<procfs>/<pid>/numa_maps`; undefined when there is none or it may not be read. */
export async function readProcPidNumaMaps(
  procfs: string,
  pid: number,
  options?: FileOptions,
): Promise<NumaMemory | undefined> {
  const text = await readKernelFile(`${procfs}/${pid}/numa_maps`, LIMIT_BYTES, options);
  // Of one that is longer something would be missing.
  return text === undefined || Buffer.byteLength(text) >= LIMIT_BYTES
    ? undefined
    : parseProcPidNumaMaps(text);
}

/** Adds up the mappings; undefined when no line has pages, as of a process that has ended. */
export function parseProcPidNumaMaps(text: string): NumaMemory | undefined {
  const bytes = new Map<number, number>();
  for (const line of text.split("\n").slice(0, -1)) {
    const pageKb = / kernelpagesize_kB=(\d{1,9})$/.exec(line)?.[1];
    if (pageKb === undefined) continue;
    for (const [, node, pages] of line.matchAll(/ N(\d{1,4})=(\d{1,12})(?= )/g)) {
      const known = bytes.get(Number(node)) ?? 0;
      bytes.set(Number(node), known + Number(pages) * Number(pageKb) * BYTES_PER_KB);
    }
  }
  return bytes.size === 0 ? undefined : bytes;
}
