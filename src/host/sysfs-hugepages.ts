/**
 * /sys/kernel/mm/hugepages/hugepages-<size>kB, the pools of huge pages, one for each size.
 * https://docs.kernel.org/admin-guide/mm/hugetlbpage.html
 *
 *     nr_hugepages: 512
 *
 * nr_hugepages: pages of the pool, surplus included; free_hugepages: those not in use; resv_hugepages: of the free
 * ones, those already promised; surplus_hugepages: beyond the pool's own size.
 */
import { field, type HostItem, type HostReader, item } from "./host-reader.ts";
import { without } from "./proc-meminfo.ts";
import { listEntries, readCount } from "./sysfs-value.ts";

const BYTES_PER_KIB = 1024;

/** The pools of huge pages. */
export const sysfsHugepages = {
  name: "hugepages",
  file: "{sysfs}/kernel/mm/hugepages",
  needs: "a kernel with CONFIG_HUGETLB_PAGE",
  scopes: {
    hostHugepages: {
      group: "hugepages",
      fields: {
        limit: field("/sys/kernel/mm/hugepages/*/nr_hugepages", "count"),
        free: field("/sys/kernel/mm/hugepages/*/free_hugepages", "count"),
        used: field("/sys/kernel/mm/hugepages/* nr_hugepages - free_hugepages", "count"),
        reserved: field("/sys/kernel/mm/hugepages/*/resv_hugepages", "count"),
        surplus: field("/sys/kernel/mm/hugepages/*/surplus_hugepages", "count"),
      },
    },
  },
  async read({ sysfs, onFault }) {
    const folder = `${sysfs}/kernel/mm/hugepages`;
    const names = listEntries(folder);
    if (names === undefined) return undefined;
    const pools: HostItem[] = [];
    for (const name of names) {
      const sizeKiB = /^hugepages-(\d{1,12})kB$/.exec(name)?.[1];
      if (sizeKiB === undefined) continue;
      const value = (file: string) => readCount(`${folder}/${name}/${file}`, { onFault });
      const limit = value("nr_hugepages");
      const free = value("free_hugepages");
      const reserved = value("resv_hugepages");
      const surplus = value("surplus_hugepages");
      const used = without(limit, [free]);
      pools.push(item([Number(sizeKiB) * BYTES_PER_KIB], { limit, free, used, reserved, surplus }));
    }
    return { hostHugepages: pools.toSorted((a, b) => Number(a.path[0]) - Number(b.path[0])) };
  },
} as const satisfies HostReader;
