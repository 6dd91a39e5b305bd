/**
 * /sys/devices/system/node, a folder for each NUMA node.
 * https://docs.kernel.org/admin-guide/abi-stable.html (sys/devices/system/node)
 *
 *     node0/meminfo
 *     node1/meminfo
 */
import { type HostItem, type HostReadContext, item } from "./host-reader.ts";
import { type NamedCounts, readNamedCounts } from "./named-counts.ts";
import { listNumbered } from "./sysfs-value.ts";

/** A file that every node has. */
export interface NodeFile extends NamedCounts {
  readonly name: string;
  readonly limitBytes: number;
}

/** The nodes' numbers; undefined where the kernel has no NUMA. */
export function listNodes(sysfs: string): readonly number[] | undefined {
  return listNumbered(`${sysfs}/devices/system/node`, "node");
}

/** Reads the file of each node; undefined where the kernel has no NUMA. */
export async function readNodes(
  { sysfs, onFault }: Pick<HostReadContext, "sysfs" | "onFault">,
  { name, limitBytes, ...counts }: NodeFile,
): Promise<readonly HostItem[] | undefined> {
  const nodes = listNodes(sysfs);
  if (nodes === undefined) return undefined;
  const items: HostItem[] = [];
  for (const node of nodes) {
    const path = `${sysfs}/devices/system/node/node${node}/${name}`;
    items.push(item([node], (await readNamedCounts({ path, limitBytes }, { onFault }, counts)) ?? {}));
  }
  return items;
}
