/**
 * /proc/schedstat, what the scheduler did on each CPU.
 * https://docs.kernel.org/scheduler/sched-stats.html
 *
 *     version 15
 *     timestamp 4294892296
 *     cpu0 0 0 0 0 0 0 102938475610 5647382910 123456
 *     domain0 ff 0 0 …
 *
 * The last three of a CPU: nanoseconds that tasks ran on it, that runnable tasks waited for it, and how many time slices
 * there were. The numbers of the domains change from version to version and are not read.
 */
import { field, type HostItem, type HostReader, item } from "./host-reader.ts";
import { readLines } from "./lines.ts";
import { parseCount } from "./numbers.ts";

const LIMIT_BYTES = 16_777_216;
const RUN_TIME = 7;
const WAIT_TIME = 8;

/** How long tasks ran on each CPU and waited for it. */
export const procSchedstat = {
  name: "schedstat",
  file: "{procfs}/schedstat",
  needs: "a kernel with CONFIG_SCHEDSTATS",
  scopes: {
    hostScheduler: {
      group: "schedstat",
      isSteady: true,
      fields: {
        runNs: field("/proc/schedstat cpuN 7", "ns"),
        waitNs: field("/proc/schedstat cpuN 8", "ns"),
      },
    },
  },
  async read({ procfs, onFault }) {
    const cpus: HostItem[] = [];
    const file = { path: `${procfs}/schedstat`, limitBytes: LIMIT_BYTES };
    const isThere = await readLines(file, { onFault }, (line) => {
      if (!line.startsWith("cpu"))
        return /^(?:version|timestamp|domain\d+) \S/.test(line) ? undefined : "not a line of schedstat";
      const parts = line.split(" ", WAIT_TIME + 1);
      const runNs = parseCount(parts[RUN_TIME]);
      const waitNs = parseCount(parts[WAIT_TIME]);
      const number = /^cpu(\d{1,6})$/.exec(parts[0] ?? "")?.[1];
      if (number === undefined || runNs === undefined || waitNs === undefined)
        return "not a CPU with its times";
      cpus.push(item([Number(number)], { runNs, waitNs }));
      return undefined;
    });
    return isThere ? { hostScheduler: cpus } : undefined;
  },
} as const satisfies HostReader;
