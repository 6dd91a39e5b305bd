/**
 * /sys/devices/system/node/node<n>/meminfo, how the memory of each NUMA node is used.
 * drivers/base/node.c, node_read_meminfo
 *
 *     Node 0 MemTotal:       32858820 kB
 *     Node 0 MemFree:        21001236 kB
 *     Node 0 MemUsed:        11857584 kB
 */
import { field, type HostReader } from "./host-reader.ts";
import { type NodeFile, readNodes } from "./sysfs-node.ts";

const FILE: NodeFile = {
  name: "meminfo",
  limitBytes: 65_536,
  line: /^Node \d+ ([^\s:]+):\s+(\d{1,20})(?: kB)?$/,
  otherwise: "not a node, a name and a number",
  fields: { MemFree: "freeKiB", MemUsed: "usedKiB" },
};

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
  async read(context) {
    const hostNodeMemory = await readNodes(context, FILE);
    return hostNodeMemory && { hostNodeMemory };
  },
} as const satisfies HostReader;
