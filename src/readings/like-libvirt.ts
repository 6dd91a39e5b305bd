/**
 * What libvirt's bulk statistics have of CPU, vCPUs, resident memory and vNICs, from where libvirt itself takes it, without any
 * command to QEMU's monitor. Read in the sources of 9.0 and of 11.x to 12.x, which agree, and compared to the digit with
 * both daemons' answers about domains that stand still:
 *
 * | field                | libvirt's function                       | the kernel's file                                      |
 * |----------------------|------------------------------------------|--------------------------------------------------------|
 * | cpu.time             | qemuDomainGetStatsCpuCgroup              | v2 cpu.stat usage_usec x 1000; v1 cpuacct.usage        |
 * | cpu.user, cpu.system | virCgroupGetCpuacctStat                  | v2 user_usec, system_usec x 1000; v1 cpuacct.stat, ticks |
 * | the same, no group   | qemuDomainGetStatsCpuProc                | /proc/PID/stat 14 utime, 15 stime; time is their sum   |
 * | vcpu.N.state         | qemuDomainHelperGetVcpus                 | always 1, running, for one that is online              |
 * | vcpu.N.time          | virProcessGetStatInfo                    | /proc/PID/task/TID/stat 14 + 15                        |
 * | vcpu.N.wait          | virProcessGetSchedInfo                   | /proc/PID/task/TID/sched se.statistics.wait_sum        |
 * | vcpu.N.delay         | qemuGetSchedstatDelay                    | /proc/PID/task/TID/schedstat, the second number        |
 * | balloon.rss          | qemuDomainMemoryStatsInternal            | /proc/PID/stat 24 rss x page size, in KiB              |
 * | net.N.*              | virNetDevTapInterfaceStats               | /proc/net/dev, see tap-statistics.ts                   |
 *
 * The group is the domain's, since 7.1 the one nested in machined's scope. With both hierarchies mounted libvirt takes the
 * unified one (virCgroupV2DetectControllers: cpuacct is always there). The times of /proc are whole clock ticks of 10 ms.
 * rss is that of stat, which is cheaper and less exact than VmRSS of status. wait is 0 where the kernel does not collect it
 * or calls it otherwise (5.16 and newer): that 0 is what libvirt tells, so it is told here as well.
 */
import type { Instant } from "../clock.ts";
import { CLOCK_TICKS_PER_S } from "../host/proc-pid-stat.ts";
import type { CgroupCpu } from "./cgroup-reading.ts";
import type { ProcessReading } from "./qemu-process.ts";
import type { DomainStatistics } from "./statistics.ts";

const NS_PER_TICK = 1_000_000_000 / CLOCK_TICKS_PER_S;
const BYTES_PER_KIB = 1024;
/** VIR_VCPU_RUNNING */
const RUNNING = 1;

/** A domain's CPU time, its vCPUs', its resident memory and its vNICs: each absent where it cannot be had as libvirt has it. */
export interface LikeLibvirt {
  /** Of the group cpu: time, user and system; without haltpoll and monitors. */
  readonly cpu: DomainStatistics | undefined;
  /** Of the group vcpu: state, time, wait and delay of each, and how many there are; without halted, maximum and KVM's own. */
  readonly vcpu: DomainStatistics | undefined;
  /** Of the group balloon: rss alone. */
  readonly rss: DomainStatistics | undefined;
  /** The group interface: see {@link tapStatistics}. */
  readonly nics: DomainStatistics | undefined;
}

export interface LikeLibvirtContext {
  readonly at: Instant;
  readonly pageSizeBytes: number;
  readonly nics: DomainStatistics | undefined;
}

/** The parts of bulk statistics in a reading that was made with the reader `likeLibvirt`. */
export function likeLibvirt(
  reading: ProcessReading,
  { at, pageSizeBytes, nics }: LikeLibvirtContext,
): LikeLibvirt {
  const { stat } = reading;
  const rssKiB = stat.residentPages * (pageSizeBytes / BYTES_PER_KIB);
  return {
    cpu: cpuOf(reading, at),
    vcpu: vcpuOf(reading, at),
    rss: { readAt: { rss: at }, items: { balloon: [single({ rssKiB })] } },
    nics,
  };
}

interface Item<Values> {
  readonly path: readonly number[];
  readonly parent: undefined;
  readonly values: Values;
}

function cpuOf({ stat, cgroupCpu }: ProcessReading, at: Instant): DomainStatistics | undefined {
  const userNs = stat.userTimeTicks * NS_PER_TICK;
  const systemNs = stat.systemTimeTicks * NS_PER_TICK;
  const ofProcess: CgroupCpu = { timeNs: userNs + systemNs, userNs, systemNs };
  const values = cgroupCpu === "none" ? ofProcess : cgroupCpu;
  const isWhole = values !== undefined && Object.values(values).every((value) => value !== undefined);
  return isWhole ? { readAt: { cpu: at }, items: { cpu: [single({ ...values })] } } : undefined;
}

function vcpuOf({ threads }: ProcessReading, at: Instant): DomainStatistics | undefined {
  const vcpus = threads?.vcpus ?? [];
  const isWhole = vcpus.length > 0 && vcpus.every(({ delayNs }) => delayNs !== undefined);
  if (!isWhole) return undefined;
  return {
    readAt: { vcpu: at, "vcpu-count": at },
    items: {
      vcpuCount: [single({ current: vcpus.length })],
      vcpu: vcpus.map(({ number, timeNs, delayNs, waitNs = 0 }) => ({
        path: [number],
        parent: undefined,
        values: { state: RUNNING, timeNs, waitNs, delayNs },
      })),
    },
  };
}

function single<Values>(values: Values): Item<Values> {
  return { path: [], parent: undefined, values };
}
