import type { Instant } from "../clock.ts";
import { CLOCK_TICKS_PER_S } from "../host/proc-pid-stat.ts";
import { add, type Integer } from "../integer.ts";
import type { CgroupReading } from "./cgroup-reading.ts";
import type { DiskSource } from "./disk-sources.ts";
import type { MemoryReading } from "./process-memory.ts";
import type { ProcessReading } from "./qemu-process.ts";
import type { DomainStatistics, StatisticsItem, StatisticsScope, StatisticsValues } from "./statistics.ts";

const NS_PER_TICK = 1_000_000_000 / CLOCK_TICKS_PER_S;

/** A process's own part of its domain's statistics. */
export function processStatistics(
  { stat, status, io, fileDescriptors, threads, cgroup }: ProcessReading,
  at: Instant,
  nameOfDevice: (device: string) => string,
): DomainStatistics {
  const values: StatisticsValues<"process"> = {
    userNs: stat.userTimeTicks * NS_PER_TICK,
    systemNs: stat.systemTimeTicks * NS_PER_TICK,
    minorFaults: stat.minorFaults,
    majorFaults: stat.majorFaults,
    threads: stat.threads,
    vcpuNs: vcpuNs(threads?.vcpus ?? []),
    residentBytes: status?.residentBytes,
    virtualBytes: status?.virtualBytes,
    swapBytes: status?.swapBytes,
    sharedBytes: sum(status?.residentFileBytes, status?.residentSharedBytes),
    voluntarySwitches: status?.voluntarySwitches,
    involuntarySwitches: status?.involuntarySwitches,
    fileDescriptors,
    readBytes: io?.readBytes,
    writtenBytes: io?.writtenBytes,
  };
  return {
    readAt: cgroup === undefined ? { process: at } : { process: at, cgroup: at },
    items: {
      process: [item<"process">([], values)],
      processThread: Array.from(threads?.waitNs ?? [], ([role, waitNs]) =>
        item<"processThread">([role], { waitNs }),
      ),
      ...(cgroup === undefined ? {} : cgroupItems(cgroup, nameOfDevice)),
    },
  };
}

/** Where its memory lies: a part of the domain's statistics with a time of its own. */
export function memoryStatistics({ at, nodes, localShare }: MemoryReading): DomainStatistics {
  return {
    readAt: { "process-memory": at },
    items: {
      processMemory: [item<"processMemory">([], { localShare })],
      processNode: Array.from(nodes, ([node, usedBytes]) => item<"processNode">([node], { usedBytes })),
    },
  };
}

/** What is behind its disks. */
export function diskSourceStatistics(sources: readonly DiskSource[], at: Instant): DomainStatistics {
  return {
    readAt: { "disk-source": at },
    items: {
      diskSource: sources.map(({ target, type, device }) =>
        item<"diskSource">([target], { present: 1, target, type, device }),
      ),
    },
  };
}

function cgroupItems(
  { cpu, throttling, memory, io, tasks, pressure }: CgroupReading,
  nameOfDevice: (device: string) => string,
): DomainStatistics["items"] {
  const { events } = memory;
  const values: StatisticsValues<"cgroup"> = {
    userNs: cpu.userNs,
    systemNs: cpu.systemNs,
    periods: throttling?.periods,
    throttledPeriods: throttling?.throttledPeriods,
    throttledNs: throttling?.throttledNs,
    usedBytes: memory.usedBytes,
    limitBytes: memory.limitBytes,
    workingSetBytes: memory.workingSetBytes,
    swapBytes: memory.swapBytes,
    lowEvents: events.low,
    highEvents: events.high,
    maxEvents: events.max,
    oomEvents: events.oom,
    oomKillEvents: events.oomKill,
    tasks,
    cpuSomeNs: pressure.cpu?.someNs,
    cpuFullNs: pressure.cpu?.fullNs,
    memorySomeNs: pressure.memory?.someNs,
    memoryFullNs: pressure.memory?.fullNs,
    ioSomeNs: pressure.io?.someNs,
    ioFullNs: pressure.io?.fullNs,
  };
  return {
    cgroup: [item<"cgroup">([], values)],
    cgroupDevice: Array.from(io, ([device, did]) => item<"cgroupDevice">([nameOfDevice(device)], did)),
  };
}

function item<Scope extends StatisticsScope>(
  path: StatisticsItem<Scope>["path"],
  values: StatisticsValues<Scope>,
): StatisticsItem<Scope> {
  return { path, parent: undefined, values };
}

function vcpuNs(vcpus: readonly { readonly timeNs: number }[]): number | undefined {
  // A process whose vCPUs are not known is not one without.
  return vcpus.length === 0 ? undefined : vcpus.reduce((all, { timeNs }) => all + timeNs, 0);
}

function sum(a: Integer | undefined, b: Integer | undefined): Integer | undefined {
  return a === undefined || b === undefined ? undefined : add(a, b);
}
