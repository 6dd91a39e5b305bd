/**
 * /sys/block/<disk>/size, how large block devices are.
 * https://docs.kernel.org/admin-guide/abi-stable.html (sys/block/<disk>/stat and its neighbours)
 *
 *     8388608
 *
 * In sectors of 512 bytes, whatever the device's own are; 0 of a drive without a medium.
 */
import { field, type HostItem, type HostReader, item } from "./host-reader.ts";
import { isNoDisk } from "./proc-diskstats.ts";
import { listEntries, readCount } from "./sysfs-value.ts";

/** The sizes of the host's block devices. */
export const sysfsBlock = {
  name: "block",
  file: "{sysfs}/block",
  needs: "a mounted sysfs",
  intervalMs: 60_000,
  scopes: {
    hostDiskSize: { group: "block", fields: { sizeSectors: field("/sys/block/*/size", "sectors") } },
  },
  async read({ sysfs, onFault }) {
    const names = listEntries(`${sysfs}/block`);
    if (names === undefined) return undefined;
    const disks: HostItem[] = [];
    for (const name of names) {
      if (isNoDisk(name)) continue;
      const sizeSectors = readCount(`${sysfs}/block/${name}/size`, { onFault });
      if (sizeSectors !== undefined) disks.push(item([name.replaceAll("!", "/")], { sizeSectors }));
    }
    return { hostDiskSize: disks.toSorted(byPath) };
  },
} as const satisfies HostReader;

function byPath(a: HostItem, b: HostItem): number {
  return String(a.path[0]) < String(b.path[0]) ? -1 : 1;
}
