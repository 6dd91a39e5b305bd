/**
 * /proc/loadavg, how many threads ran or waited for a CPU or a disk, on average.
 * https://docs.kernel.org/filesystems/proc.html#kernel-data
 *
 *     0.61 0.61 0.55 3/828 22084
 *
 * Over one, five and fifteen minutes; threads that run of all threads; the last process number.
 */
import { field, type HostItem, type HostReader, item } from "./host-reader.ts";
import { readLines } from "./lines.ts";
import { parseFixed } from "./numbers.ts";

const LIMIT_BYTES = 4096;
const DIGITS = 2;

/** The load averages. */
export const procLoadavg = {
  name: "loadavg",
  file: "{procfs}/loadavg",
  needs: "a mounted /proc",
  scopes: {
    hostLoad: {
      group: "loadavg",
      fields: {
        oneMinute: field("/proc/loadavg 1", "hundredths"),
        fiveMinutes: field("/proc/loadavg 2", "hundredths"),
        fifteenMinutes: field("/proc/loadavg 3", "hundredths"),
      },
    },
  },
  async read({ procfs, onFault }) {
    const items: HostItem[] = [];
    const file = { path: `${procfs}/loadavg`, limitBytes: LIMIT_BYTES };
    const isThere = await readLines(file, { onFault }, (line) => {
      const [oneMinute, fiveMinutes, fifteenMinutes] = line
        .split(" ", 3)
        .map((text) => parseFixed(text, DIGITS));
      if (oneMinute === undefined || fiveMinutes === undefined || fifteenMinutes === undefined)
        return "not three load averages";
      items[0] = item([], { oneMinute, fiveMinutes, fifteenMinutes });
      return undefined;
    });
    return isThere ? { hostLoad: items } : undefined;
  },
} as const satisfies HostReader;
