/**
 * /sys/dev/block/<major>:<minor>, a link to the block device of these numbers.
 * https://docs.kernel.org/admin-guide/sysfs-rules.html
 *
 *     253:0 -> ../../devices/virtual/block/dm-0
 */
import { existsSync, readlinkSync } from "node:fs";
import { basename } from "node:path";

import { isAbsence } from "./kernel-file.ts";

/** The kernel's name of the device (`sda1`, `dm-0`), at once; undefined when there is none. */
export function readBlockDeviceName(sysfs: string, device: string): string | undefined {
  try {
    return basename(readlinkSync(`${sysfs}/dev/block/${device}`));
  } catch (error) {
    // Not a link is no name either.
    if (isAbsence(error) || (error instanceof Error && "code" in error && error.code === "EINVAL"))
      return undefined;
    throw error;
  }
}

/** Does the kernel have a block device of this name? */
export function isBlockDevice(sysfs: string, name: string): boolean {
  return /^[^./][^/]*$/.test(name) && existsSync(`${sysfs}/class/block/${name}`);
}
