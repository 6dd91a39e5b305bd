/**
 * /proc/uptime, how long the system runs.
 * https://docs.kernel.org/filesystems/proc.html#kernel-data
 *
 *     1023.42 1987.11
 *
 * Seconds since boot, and seconds that all CPUs together were idle.
 */
import { field, type HostItem, type HostReader, item } from "./host-reader.ts";
import { readLines } from "./lines.ts";
import { parseFixed } from "./numbers.ts";

const LIMIT_BYTES = 4096;

/** How long the host runs. */
export const procUptime = {
  name: "uptime",
  file: "{procfs}/uptime",
  needs: "a mounted /proc",
  scopes: {
    hostUptime: { group: "uptime", fields: { uptimeTicks: field("/proc/uptime 1", "ticks") } },
  },
  async read({ procfs, onFault }) {
    const items: HostItem[] = [];
    const file = { path: `${procfs}/uptime`, limitBytes: LIMIT_BYTES };
    const isThere = await readLines(file, { onFault }, (line) => {
      const uptimeTicks = parseFixed(line.split(" ", 1)[0], 2);
      if (uptimeTicks === undefined) return "not seconds with two decimals";
      items[0] = item([], { uptimeTicks });
      return undefined;
    });
    return isThere ? { hostUptime: items } : undefined;
  },
} as const satisfies HostReader;
