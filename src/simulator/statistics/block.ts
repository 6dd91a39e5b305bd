import type { SimulatedDisk } from "../domain.ts";
import { sumOf } from "../load.ts";
import { perNumber, wireName, wireNames, type ParameterList } from "../parameters.ts";
import { writeTimedStatistics } from "./disk-latency.ts";
import type { GroupWriter, Look } from "./groups.ts";

const COUNT = wireName("block.count");

const namesOf = perNumber((number) =>
  wireNames({
    name: `block.${number}.name`,
    path: `block.${number}.path`,
    backingIndex: `block.${number}.backingIndex`,
    readOperations: `block.${number}.rd.reqs`,
    readBytes: `block.${number}.rd.bytes`,
    readTimeNs: `block.${number}.rd.times`,
    writeOperations: `block.${number}.wr.reqs`,
    writtenBytes: `block.${number}.wr.bytes`,
    writeTimeNs: `block.${number}.wr.times`,
    flushOperations: `block.${number}.fl.reqs`,
    flushTimeNs: `block.${number}.fl.times`,
    allocation: `block.${number}.allocation`,
    capacity: `block.${number}.capacity`,
    physical: `block.${number}.physical`,
    requestAlignment: `block.${number}.limits.request_alignment`,
    iovMaximum: `block.${number}.limits.iov_max`,
    memoryAlignmentMinimal: `block.${number}.limits.memory_alignment_minimal`,
    memoryAlignmentOptimal: `block.${number}.limits.memory_alignment_optimal`,
  }),
);

/** VIR_DOMAIN_BLOCK_STATS_*, in the order in which QEMU's driver sends them. */
const ALONE = wireNames({
  writtenBytes: "wr_bytes",
  writeOperations: "wr_operations",
  readBytes: "rd_bytes",
  readOperations: "rd_operations",
  flushOperations: "flush_operations",
  writeTimeNs: "wr_total_times",
  readTimeNs: "rd_total_times",
  flushTimeNs: "flush_total_times",
});

type DiskNames = ReturnType<typeof namesOf>;

const SECTOR_BYTES = 512;
const CLUSTER_BYTES = 65_536;
const READ_BYTES = 18_000;
const WRITE_BYTES = 9200;
/** What it takes to boot. */
const BOOT_READS = 5200;
const WRITES_PER_FLUSH = 6;

/** Mean time of a request. */
const READ_NS = 210_000;
const WRITE_NS = 470_000;
const FLUSH_NS = 1_300_000;

/** Group block. */
export const writeBlock: GroupWriter = (list, look) => {
  const { release } = look;
  const { disks, active } = look.domain;
  list.uint(COUNT, disks.length);
  for (const [number, disk] of disks.entries()) {
    const names = namesOf(number);
    list.string(names.name, disk.target);
    if (disk.path !== undefined) list.string(names.path, disk.path);
    if (active && (disk.path !== undefined || release === "12.8")) {
      list.uint(names.backingIndex, disks.length - number);
    }
    if (!look.monitor) continue;
    if (active) writeRequests(list, { names, number, disk, look });
    if (disk.path === undefined) continue;
    writeSizes(list, { names, disk, look });
    if (active && release === "12.8") writeLimits(list, names);
  }
};

/** How many requests a disk has served: those of the boot and then those of the work. */
function requestsOf(disk: SimulatedDisk, { domain, moment }: Look): { reads: number; writes: number } {
  if (disk.path === undefined) return { reads: 0, writes: 0 };
  const booted = Math.min(1, moment.ranS / 30);
  return {
    reads: Math.floor(BOOT_READS * booted + domain.total(disk.reads, moment)),
    writes: Math.floor(domain.total(disk.writes, moment)),
  };
}

/** The counters of one disk as BLOCK_STATS_FLAGS has them: the same values under other names. */
export function writeDiskCounters(list: ParameterList, disk: SimulatedDisk, look: Look): void {
  const { reads, writes, flushes } = countersOf(disk, look);
  list.llong(ALONE.writtenBytes, sectors(sumOf(writes, WRITE_BYTES)));
  list.llong(ALONE.writeOperations, writes);
  list.llong(ALONE.readBytes, sectors(sumOf(reads, READ_BYTES)));
  list.llong(ALONE.readOperations, reads);
  list.llong(ALONE.flushOperations, flushes);
  list.llong(ALONE.writeTimeNs, sumOf(writes, WRITE_NS));
  list.llong(ALONE.readTimeNs, sumOf(reads, READ_NS));
  list.llong(ALONE.flushTimeNs, sumOf(flushes, FLUSH_NS));
}

function countersOf(disk: SimulatedDisk, look: Look): { reads: number; writes: number; flushes: number } {
  const { reads, writes } = requestsOf(disk, look);
  return { reads, writes, flushes: Math.floor(writes / WRITES_PER_FLUSH) };
}

function writeRequests(
  list: ParameterList,
  { names, number, disk, look }: { names: DiskNames; number: number; disk: SimulatedDisk; look: Look },
): void {
  const { reads, writes, flushes } = countersOf(disk, look);
  list.ullong(names.readOperations, reads);
  list.ullong(names.readBytes, sectors(sumOf(reads, READ_BYTES)));
  list.ullong(names.readTimeNs, sumOf(reads, READ_NS));
  list.ullong(names.writeOperations, writes);
  list.ullong(names.writtenBytes, sectors(sumOf(writes, WRITE_BYTES)));
  list.ullong(names.writeTimeNs, sumOf(writes, WRITE_NS));
  list.ullong(names.flushOperations, flushes);
  list.ullong(names.flushTimeNs, sumOf(flushes, FLUSH_NS));
  const { domain, moment, release } = look;
  if (disk.path === undefined || !domain.shape.timedDisks || release !== "12.8") return;
  writeTimedStatistics(list, {
    number,
    load: domain.load.level(moment.tS),
    read: { requests: reads, perSecond: domain.rate(disk.reads, moment), meanNs: READ_NS },
    write: { requests: writes, perSecond: domain.rate(disk.writes, moment), meanNs: WRITE_NS },
    flush: { requests: flushes, perSecond: 0, meanNs: FLUSH_NS },
  });
}

/** A qcow2 image starts small and fills as the guest writes where it has not written before. */
function writeSizes(
  list: ParameterList,
  { names, disk, look }: { names: DiskNames; disk: SimulatedDisk; look: Look },
): void {
  const { capacityBytes } = disk;
  const written = sumOf(requestsOf(disk, look).writes, WRITE_BYTES);
  const filled = 0.06 + 0.7 * (1 - Math.exp(-written / capacityBytes));
  const allocation = Math.ceil((capacityBytes * filled) / CLUSTER_BYTES) * CLUSTER_BYTES;
  list.ullong(names.allocation, allocation);
  list.ullong(names.capacity, capacityBytes);
  list.ullong(names.physical, allocation + 4 * CLUSTER_BYTES);
}

function writeLimits(list: ParameterList, names: DiskNames): void {
  list.ullong(names.requestAlignment, 1);
  list.ullong(names.iovMaximum, 1024);
  list.ullong(names.memoryAlignmentMinimal, 1);
  list.ullong(names.memoryAlignmentOptimal, 4096);
}

function sectors(bytes: number): number {
  return Math.floor(bytes / SECTOR_BYTES) * SECTOR_BYTES;
}
