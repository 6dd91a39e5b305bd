/**
 * /sys/devices/system/node/node<n>/numastat, whether pages were allocated where they were wanted.
 * https://docs.kernel.org/admin-guide/numastat.html
 *
 *     numa_hit 255057195
 *     numa_miss 0
 *
 * In pages. hit: wanted here and had here; miss: wanted elsewhere and had here; foreign: wanted here and had elsewhere;
 * local and other: had here by a task that ran here, or elsewhere; interleave: had here because its turn was.
 */
import { field, type HostReader } from "./host-reader.ts";
import { type NodeFile, readNodes } from "./sysfs-node.ts";

const FILE: NodeFile = {
  name: "numastat",
  limitBytes: 4096,
  line: /^(\S+) (\d{1,20})$/,
  otherwise: "not a name and a number",
  fields: {
    numa_hit: "hit",
    numa_miss: "miss",
    numa_foreign: "foreign",
    local_node: "local",
    other_node: "other",
    interleave_hit: "interleave",
  },
};

/** Where pages were allocated. */
export const sysfsNodeNumastat = {
  name: "numa_allocations",
  file: "{sysfs}/devices/system/node",
  needs: "a kernel with CONFIG_NUMA",
  scopes: {
    hostNodeAllocations: {
      group: "numa_allocations",
      isSteady: true,
      fields: {
        hit: field("/sys/devices/system/node/nodeN/numastat numa_hit", "count"),
        miss: field("/sys/devices/system/node/nodeN/numastat numa_miss", "count"),
        foreign: field("/sys/devices/system/node/nodeN/numastat numa_foreign", "count"),
        local: field("/sys/devices/system/node/nodeN/numastat local_node", "count"),
        other: field("/sys/devices/system/node/nodeN/numastat other_node", "count"),
        interleave: field("/sys/devices/system/node/nodeN/numastat interleave_hit", "count"),
      },
    },
  },
  async read(context) {
    const hostNodeAllocations = await readNodes(context, FILE);
    return hostNodeAllocations && { hostNodeAllocations };
  },
} as const satisfies HostReader;
