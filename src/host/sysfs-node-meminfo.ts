/**
 * /sys/devices/system/node/node<n>/meminfo, how the memory of each NUMA node is used.
 * drivers/base/node.c, node_read_meminfo
 *
 *     Node 0 MemTotal:       32858820 kB
 *     Node 0 MemFree:        21001236 kB
 *     Node 0 MemUsed:        11857584 kB
 */
import { type Integer } from "../integer.ts";
import { field, type HostItem, type HostReader, item } from "./host-reader.ts";
import { readLines } from "./lines.ts";
import { parseCount } from "./numbers.ts";
import { listNumbered } from "./sysfs-value.ts";

const LIMIT_BYTES = 65_536;
const LINE = /^Node \d+ ([^\s:]+):\s+(\d{1,20})( kB)?$/;
const LINES: Readonly<Record<string, string>> = { MemFree: "freeKiB", MemUsed: "usedKiB" };

/** The memory of each NUMA node. */
export const sysfsNodeMeminfo = {
  name: "numa_memory",
  file: "{sysfs}/devices/system/node",
  needs: "a kernel with CONFIG_NUMA",
  scopes: {
    hostNodeMemory: {
      group: "numa_memory",
      fields: {
        freeKiB: field("/sys/devices/system/node/nodeN/meminfo MemFree", "KiB"),
        usedKiB: field("/sys/devices/system/node/nodeN/meminfo MemUsed", "KiB"),
      },
    },
  },
  async read({ sysfs, onFault }) {
    const folder = `${sysfs}/devices/system/node`;
    const nodes = await listNumbered(folder, "node");
    if (nodes === undefined) return undefined;
    const items: HostItem[] = [];
    for (const node of nodes) {
      const values: Record<string, Integer> = {};
      const file = { path: `${folder}/node${node}/meminfo`, limitBytes: LIMIT_BYTES };
      await readLines(file, { onFault }, (line) => {
        const [, name = "", number] = LINE.exec(line) ?? [];
        const value = parseCount(number);
        if (value === undefined) return "not a node, a name and a number";
        const known = Object.hasOwn(LINES, name) ? LINES[name] : undefined;
        if (known !== undefined) values[known] = value;
        return undefined;
      });
      items.push(item([node], values));
    }
    return { hostNodeMemory: items };
  },
} as const satisfies HostReader;
