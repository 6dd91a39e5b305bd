/**
 * /proc/vmstat, the counters of memory management.
 * https://docs.kernel.org/admin-guide/mm/transhuge.html#monitoring-usage and mm/vmstat.c
 *
 *     pswpin 0
 *     pgfault 1284216
 *     thp_fault_alloc 118
 *
 * pswpin and pswpout count pages; pgfault counts all page faults, pgmajfault those that waited for a disk. thp_… are
 * the events of transparent huge pages. Lines come and go with the kernel and its options.
 */
import { type Integer, subtract } from "../integer.ts";
import { field, type HostItem, type HostReader, item } from "./host-reader.ts";
import { readLines } from "./lines.ts";
import { parseCount } from "./numbers.ts";

const LIMIT_BYTES = 262_144;
const EVENT_LIMIT = 100;
const THP = "thp_";

const COUNTERS: Readonly<Record<string, string>> = {
  pswpin: "swappedIn",
  pswpout: "swappedOut",
  pgfault: "faults",
  pgmajfault: "majorFaults",
};

/** Swapping, page faults, and the events of transparent huge pages. */
export const procVmstat = {
  name: "vmstat",
  file: "{procfs}/vmstat",
  needs: "a kernel with CONFIG_VM_EVENT_COUNTERS",
  scopes: {
    hostPaging: {
      group: "vmstat",
      isSteady: true,
      fields: {
        swappedIn: field("/proc/vmstat pswpin", "count"),
        swappedOut: field("/proc/vmstat pswpout", "count"),
        majorFaults: field("/proc/vmstat pgmajfault", "count"),
        minorFaults: field("/proc/vmstat pgfault - pgmajfault", "count"),
      },
    },
    hostTransparentHugepages: {
      group: "vmstat",
      isSteady: true,
      fields: { events: field("/proc/vmstat thp_*", "count") },
    },
  },
  async read({ procfs, onFault }) {
    const values: Record<string, Integer> = {};
    const events: HostItem[] = [];
    const file = { path: `${procfs}/vmstat`, limitBytes: LIMIT_BYTES };
    const isThere = await readLines(file, { onFault }, (line) => {
      const space = line.indexOf(" ");
      const value = parseCount(line.slice(space + 1));
      if (space < 1 || value === undefined) return "not a name and a number";
      if (line.startsWith(THP)) {
        if (events.length < EVENT_LIMIT)
          events.push(item([line.slice(THP.length, space)], { events: value }));
        return undefined;
      }
      const name = line.slice(0, space);
      const known = Object.hasOwn(COUNTERS, name) ? COUNTERS[name] : undefined;
      if (known !== undefined) values[known] = value;
      return undefined;
    });
    if (!isThere) return undefined;
    const { faults, majorFaults, ...others } = values;
    const minorFaults =
      faults === undefined || majorFaults === undefined ? undefined : subtract(faults, majorFaults);
    return {
      hostPaging: [item([], { ...others, majorFaults, minorFaults })],
      hostTransparentHugepages: events,
    };
  },
} as const satisfies HostReader;
