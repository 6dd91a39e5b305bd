/**
 * /proc/diskstats, what block devices have done.
 * https://docs.kernel.org/admin-guide/iostats.html
 *
 *     253       0 vda 31420 1201 1893362 10920 60210 40011 2891034 55001 0 41020 70210 0 0 0 0 2101 4289
 *
 * Major and minor number and name; reads, merged reads, sectors of 512 bytes read, milliseconds of reading; the same
 * of writing; operations under way; milliseconds in which any was; the same weighted by how many. From Linux 4.18 on
 * the same four of discards, from 5.5 on flushes and their milliseconds.
 */
import { type Integer } from "../integer.ts";
import { field, type HostItem, type HostReader, item } from "./host-reader.ts";
import { readLines } from "./lines.ts";
import { parseCount } from "./numbers.ts";
import { listEntries } from "./sysfs-value.ts";

const LIMIT_BYTES = 4_194_304;

/** Disks in memory and files that pose as disks: their operations are the memory's and the file system's. */
const NO_DISK = /^(?:loop|z?ram)\d+$/;

const FIELDS = {
  readOperations: field("/proc/diskstats reads completed", "count"),
  readsMerged: field("/proc/diskstats reads merged", "count"),
  readSectors: field("/proc/diskstats sectors read", "sectors"),
  readTimeMs: field("/proc/diskstats milliseconds reading", "ms"),
  writeOperations: field("/proc/diskstats writes completed", "count"),
  writesMerged: field("/proc/diskstats writes merged", "count"),
  writtenSectors: field("/proc/diskstats sectors written", "sectors"),
  writeTimeMs: field("/proc/diskstats milliseconds writing", "ms"),
  underWay: field("/proc/diskstats I/Os in progress", "count"),
  busyTimeMs: field("/proc/diskstats milliseconds doing I/Os", "ms"),
} as const;
const FIELD_NAMES = Object.keys(FIELDS);
const FIRST_FIELD = 3;

/** The host's block devices, device mapper's included, without partitions, which are counted with their disk. */
export const procDiskstats = {
  name: "diskstats",
  file: "{procfs}/diskstats",
  needs: "a mounted /proc",
  scopes: { hostDisk: { group: "diskstats", fields: FIELDS } },
  async read({ procfs, sysfs, onFault }) {
    const disks: HostItem[] = [];
    const whole = listEntries(`${sysfs}/block`);
    const isWhole = whole === undefined ? () => true : isIn(whole);
    const file = { path: `${procfs}/diskstats`, limitBytes: LIMIT_BYTES, mayBeEmpty: true };
    const isThere = await readLines(file, { onFault }, (line) => {
      const parts = line.split(" ").filter((part) => part !== "");
      const name = parts[2] ?? "";
      const values: Record<string, Integer> = {};
      for (const [at, key] of FIELD_NAMES.entries()) {
        const value = parseCount(parts[FIRST_FIELD + at]);
        if (value === undefined) return "not a device with its numbers";
        values[key] = value;
      }
      if (!NO_DISK.test(name) && isWhole(name)) disks.push(item([name], values));
      return undefined;
    });
    return isThere ? { hostDisk: disks } : undefined;
  },
} as const satisfies HostReader;

/** A slash in a device's name stands as ! in sysfs. */
function isIn(entries: readonly string[]): (name: string) => boolean {
  const names = new Set(entries);
  return (name) => names.has(name.replaceAll("/", "!"));
}

/** Is it a disk that {@link procDiskstats} leaves out? */
export function isNoDisk(name: string): boolean {
  return NO_DISK.test(name);
}
