/**
 * io.stat of a cgroup (v2), and in v1 blkio.throttle.io_service_bytes_recursive and blkio.throttle.io_serviced_recursive:
 * what its processes read from and wrote to each block device.
 * https://docs.kernel.org/admin-guide/cgroup-v2.html#io-interface-files
 * https://docs.kernel.org/admin-guide/cgroup-v1/blkio-controller.html
 *
 *     8:16 rbytes=1459200 wbytes=314773504 rios=192 wios=353 dbytes=0 dios=0
 *     253:0 Read 1459200                                                          (v1, and Write, Sync, …, Total)
 *
 * Some kernels leave out devices and print lines with a device alone; 5.15 ends no such line, so that the next device
 * follows in it: `7:7 7:6 7:4 rbytes=28672 …` is 7:4's.
 */
import type { Integer } from "../integer.ts";
import type { KernelFolder } from "./kept-folder.ts";
import { parseCount } from "./numbers.ts";

const LIMIT_BYTES = 65_536;
const DEVICE_BEFORE_KEY = /(?:^| )(\d{1,4}:\d{1,7}) [\w.]+=/;

export interface CgroupDeviceIo {
  readonly readBytes?: Integer | undefined;
  readonly writtenBytes?: Integer | undefined;
  readonly readOperations?: Integer | undefined;
  readonly writeOperations?: Integer | undefined;
}

/** What was done to each device, by its numbers: `8:16`. */
export type CgroupIo = ReadonlyMap<string, CgroupDeviceIo>;

/** Reads the io.stat of a group, at once; undefined when there is none. */
export function readCgroupIoStat(folder: KernelFolder): CgroupIo | undefined {
  const text = folder.read("io.stat", LIMIT_BYTES);
  return text === undefined ? undefined : parseCgroupIoStat(text);
}

/** Reads the blkio files of a group, at once; undefined when there are none. */
export function readCgroupBlkio(folder: KernelFolder): CgroupIo | undefined {
  const bytes = folder.read("blkio.throttle.io_service_bytes_recursive", LIMIT_BYTES);
  const operations = folder.read("blkio.throttle.io_serviced_recursive", LIMIT_BYTES);
  return bytes === undefined && operations === undefined
    ? undefined
    : parseCgroupBlkio(bytes ?? "", operations ?? "");
}

/** Parses an io.stat. A line of another form is left out. */
export function parseCgroupIoStat(text: string): CgroupIo {
  const devices = new Map<string, CgroupDeviceIo>();
  for (const line of text.split("\n").slice(0, -1)) {
    const device = DEVICE_BEFORE_KEY.exec(line)?.[1];
    if (device === undefined) continue;
    const io = {
      readBytes: countIn(line, " rbytes="),
      writtenBytes: countIn(line, " wbytes="),
      readOperations: countIn(line, " rios="),
      writeOperations: countIn(line, " wios="),
    };
    if (Object.values(io).some((value) => value !== undefined)) devices.set(device, io);
  }
  return devices;
}

function countIn(line: string, key: string): Integer | undefined {
  const at = line.indexOf(key);
  if (at < 0) return undefined;
  const end = line.indexOf(" ", at + 1);
  return parseCount(line.slice(at + key.length, end < 0 ? undefined : end));
}

/** Parses the two files of v1. A line of another form is left out. */
export function parseCgroupBlkio(bytes: string, operations: string): CgroupIo {
  const devices = new Map<string, CgroupDeviceIo>();
  const fields = {
    Read: ["readBytes", "readOperations"],
    Write: ["writtenBytes", "writeOperations"],
  } as const;
  for (const [index, text] of [bytes, operations].entries()) {
    for (const line of text.split("\n").slice(0, -1)) {
      const [device = "", kind, amount] = line.split(" ");
      const value = parseCount(amount);
      if (!isDevice(device) || value === undefined || (kind !== "Read" && kind !== "Write")) continue;
      devices.set(device, { ...devices.get(device), [fields[kind][index === 0 ? 0 : 1]]: value });
    }
  }
  return devices;
}

function isDevice(text: string): boolean {
  return /^\d{1,4}:\d{1,7}$/.test(text);
}
