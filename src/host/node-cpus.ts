/**
 * /sys/devices/system/node/node<N>/cpulist, the CPUs of a NUMA node.
 * https://docs.kernel.org/admin-guide/cputopology.html
 *
 *     0-15,32-47
 *
 * Empty for a node that has memory only.
 */
import { readKernelFileSoon } from "./kernel-file.ts";
import { listNodes } from "./sysfs-node.ts";

const LIMIT_BYTES = 4096;
/** The largest CPU number that a kernel can be built for. */
const CPU_LIMIT = 8192;

/** The node of each CPU; empty where the kernel has no NUMA. */
export async function readNodeOfCpus(sysfs: string): Promise<ReadonlyMap<number, number>> {
  const nodeOfCpus = new Map<number, number>();
  for (const node of listNodes(sysfs) ?? []) {
    const list = await readKernelFileSoon(`${sysfs}/devices/system/node/node${node}/cpulist`, LIMIT_BYTES);
    for (const cpu of parseCpuList(list ?? "")) nodeOfCpus.set(cpu, node);
  }
  return nodeOfCpus;
}

/** The numbers in a list of CPUs; what is malformed or too large is left out. A list that was cut off has none. */
export function parseCpuList(text: string): readonly number[] {
  const cpus: number[] = [];
  if (!text.endsWith("\n")) return cpus;
  for (const range of text.slice(0, -1).split(",")) {
    const [, first, last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(range) ?? [];
    for (let cpu = Number(first); cpu <= Math.min(Number(last), CPU_LIMIT); cpu++) cpus.push(cpu);
  }
  return cpus;
}
