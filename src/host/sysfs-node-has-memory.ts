/**
 * /sys/devices/system/node/has_memory, the NUMA nodes that have memory.
 * https://www.kernel.org/doc/Documentation/ABI/stable/sysfs-devices-node
 *
 *     0-1
 */
import { readKernelFile } from "./kernel-file.ts";
import { parseCpuList } from "./node-cpus.ts";

const LIMIT_BYTES = 4096;

/** The number of the one node that has memory; undefined where several have, or the kernel has no NUMA. */
export async function readOnlyMemoryNode(sysfs: string): Promise<number | undefined> {
  const list = await readKernelFile(`${sysfs}/devices/system/node/has_memory`, LIMIT_BYTES);
  const nodes = parseCpuList(list ?? "");
  return nodes.length === 1 ? nodes[0] : undefined;
}
