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
import { type Integer } from "../integer.ts";
import { field, type HostItem, type HostReader, item } from "./host-reader.ts";
import { readLines } from "./lines.ts";
import { parseCount } from "./numbers.ts";
import { listNumbered } from "./sysfs-value.ts";

const LIMIT_BYTES = 4096;

const LINES: Readonly<Record<string, string>> = {
  numa_hit: "hit",
  numa_miss: "miss",
  numa_foreign: "foreign",
  local_node: "local",
  other_node: "other",
  interleave_hit: "interleave",
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
  async read({ sysfs, onFault }) {
    const folder = `${sysfs}/devices/system/node`;
    const nodes = await listNumbered(folder, "node");
    if (nodes === undefined) return undefined;
    const items: HostItem[] = [];
    for (const node of nodes) {
      const values: Record<string, Integer> = {};
      const file = { path: `${folder}/node${node}/numastat`, limitBytes: LIMIT_BYTES };
      await readLines(file, { onFault }, (line) => {
        const [name = "", text] = line.split(" ");
        const value = parseCount(text);
        if (value === undefined) return "not a name and a number";
        const known = Object.hasOwn(LINES, name) ? LINES[name] : undefined;
        if (known !== undefined) values[known] = value;
        return undefined;
      });
      items.push(item([node], values));
    }
    return { hostNodeAllocations: items };
  },
} as const satisfies HostReader;
