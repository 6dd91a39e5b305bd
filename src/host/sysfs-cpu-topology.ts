/**
 * /sys/devices/system/cpu, which CPUs there are and which of them share a core.
 * https://docs.kernel.org/admin-guide/cputopology.html
 *
 *     online: 0-63,128-191
 *     cpu0/topology/thread_siblings_list: 0,64
 *
 * A core's threads have the same list; an offline CPU has no topology.
 */
import { field, type HostReader, item } from "./host-reader.ts";
import { listNumbered, readValue } from "./sysfs-value.ts";

/** How many CPUs and cores are online. */
export const sysfsCpuTopology = {
  name: "topology",
  file: "{sysfs}/devices/system/cpu",
  needs: "a mounted sysfs",
  intervalMs: 60_000,
  scopes: {
    hostTopology: {
      group: "topology",
      fields: {
        logicalCpus: field("/sys/devices/system/cpu/online", "count"),
        cores: field("/sys/devices/system/cpu/cpuN/topology/thread_siblings_list", "count"),
      },
    },
  },
  async read({ sysfs, onFault }) {
    const folder = `${sysfs}/devices/system/cpu`;
    const path = `${folder}/online`;
    const online = readValue(path);
    if (online === undefined) return undefined;
    const logicalCpus = countOf(online);
    if (logicalCpus === undefined) onFault({ file: path, line: 1, what: "not a list of CPUs" });
    const cores = new Set<string>();
    for (const number of listNumbered(folder, "cpu") ?? []) {
      const siblings = readValue(`${folder}/cpu${number}/topology/thread_siblings_list`);
      if (siblings !== undefined) cores.add(siblings);
    }
    return { hostTopology: [item([], { logicalCpus, cores: cores.size === 0 ? undefined : cores.size })] };
  },
} as const satisfies HostReader;

/** How many numbers a list such as 0-3,8 has. */
function countOf(list: string): number | undefined {
  let count = 0;
  for (const range of list.split(",")) {
    const [, first = "", last = first] = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(range) ?? [];
    if (first === "" || Number(last) < Number(first)) return undefined;
    count += Number(last) - Number(first) + 1;
  }
  return count;
}
