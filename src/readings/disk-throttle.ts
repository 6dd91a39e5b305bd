import type { DiskThrottle } from "./domain.ts";
import { child, text, type XmlElement } from "./xml-element.ts";

/** `<iotune>` of a disk, by its elements (https://libvirt.org/formatdomain.html#hard-drives-floppy-disks-cdroms). */
const LIMITS: Readonly<Record<string, keyof DiskThrottle>> = {
  read_bytes_sec: "readBytesPerS",
  write_bytes_sec: "writeBytesPerS",
  total_bytes_sec: "totalBytesPerS",
  read_iops_sec: "readOperationsPerS",
  write_iops_sec: "writeOperationsPerS",
  total_iops_sec: "totalOperationsPerS",
};

/** The limits of a disk; undefined without any. libvirt's 0 stands for none. */
export function readThrottle(disk: XmlElement): DiskThrottle | undefined {
  const tune = child(disk, "iotune");
  const limits = Object.entries(LIMITS).flatMap(([name, limit]) => {
    const written = text(child(tune, name))?.trim() ?? "";
    const value = /^\d{1,15}$/.test(written) ? Number(written) : 0;
    return value > 0 ? [[limit, value] as const] : [];
  });
  return limits.length === 0 ? undefined : Object.fromEntries(limits);
}
