/**
 * /sys/kernel/mm/ksm, how much memory kernel samepage merging shares between domains.
 * https://docs.kernel.org/admin-guide/mm/ksm.html#ksm-daemon-sysfs-interface
 *
 *     pages_sharing: 1180
 *
 * pages_shared: pages in use that others share; pages_sharing: how many more there would be without; pages_unshared:
 * unique, but looked at again and again; pages_volatile: they change too fast. full_scans: how often all was scanned.
 * general_profit: bytes won, less what KSM needs itself, from Linux 6.4 on.
 */
import { type Integer } from "../integer.ts";
import { field, type HostReader, item } from "./host-reader.ts";
import { parseCount, parseSigned } from "./numbers.ts";
import { readCount } from "./sysfs-value.ts";

const FILES: Readonly<Record<string, string>> = {
  shared: "pages_shared",
  sharing: "pages_sharing",
  unshared: "pages_unshared",
  volatile: "pages_volatile",
  scans: "full_scans",
  profitBytes: "general_profit",
};

/** What KSM does. */
export const sysfsKsm = {
  name: "ksm",
  file: "{sysfs}/kernel/mm/ksm",
  needs: "a kernel with CONFIG_KSM",
  scopes: {
    hostKsm: {
      group: "ksm",
      fields: {
        shared: field("/sys/kernel/mm/ksm/pages_shared", "count"),
        sharing: field("/sys/kernel/mm/ksm/pages_sharing", "count"),
        unshared: field("/sys/kernel/mm/ksm/pages_unshared", "count"),
        volatile: field("/sys/kernel/mm/ksm/pages_volatile", "count"),
        scans: field("/sys/kernel/mm/ksm/full_scans", "count"),
        profitBytes: field("/sys/kernel/mm/ksm/general_profit", "By"),
      },
    },
  },
  async read({ sysfs, onFault }) {
    const values: Record<string, Integer | undefined> = {};
    for (const [key, name] of Object.entries(FILES)) {
      const parse = key === "profitBytes" ? parseSigned : parseCount;
      values[key] = readCount(`${sysfs}/kernel/mm/ksm/${name}`, { onFault }, parse);
    }
    const isThere = Object.values(values).some((value) => value !== undefined);
    return isThere ? { hostKsm: [item([], values)] } : undefined;
  },
} as const satisfies HostReader;
