import { setImmediate as giveWay } from "node:timers/promises";

import type { Clock, Instant } from "../clock.ts";
import { messageOf } from "../errors.ts";
import { readBlockDeviceName } from "../host/block-device.ts";
import { descriptorShare, type DescriptorShare } from "../host/descriptor-share.ts";
import { codeOf } from "../host/kernel-file.ts";
import type { Mount } from "../host/mountinfo.ts";
import { readPageSizeBytes } from "../host/proc-auxv.ts";
import { type NetDevNumbers, readProcPidNetDev } from "../host/proc-pid-net-dev.ts";
import { CLOCK_TICKS_PER_S, type ProcPidStat, readProcPidStatNow } from "../host/proc-pid-stat.ts";
import { readProcStat } from "../host/proc-stat.ts";
import { hasSchedStatistics } from "../host/sched-schedstats.ts";
import { DiskSources } from "./disk-sources.ts";
import type { DomainDescription, DomainProcess, NicDescription } from "./domain.ts";
import { type LikeLibvirt, likeLibvirt } from "./like-libvirt.ts";
import { mergeStatistics } from "./merge-statistics.ts";
import { ProcessMemory } from "./process-memory.ts";
import { diskSourceStatistics, memoryStatistics, processStatistics } from "./process-statistics.ts";
import { type ProcessReaders, QemuProcess, readCgroupMounts } from "./qemu-process.ts";
import { RightsReport } from "./rights-report.ts";
import type { DomainStatistics } from "./statistics.ts";
import { tapStatistics } from "./tap-statistics.ts";

/** What is read of QEMU processes, each of which can be left out. */
export interface LocalReaders extends ProcessReaders {
  /** /proc/<pid>/numa_maps. */
  readonly numa: boolean;
  /** Which block devices of the host are behind the disks. */
  readonly disks: boolean;
}

export interface DomainProcessesOptions {
  /** Where the kernel shows the host's processes; /proc unless given. */
  readonly procfs?: string | undefined;
  /** Where the kernel shows its devices; /sys unless given. */
  readonly sysfs?: string | undefined;
  /** What is mounted where this process opens files; /proc/self/mountinfo unless given. */
  readonly mountinfo?: string | undefined;
  readonly readers: LocalReaders;
  /** From one reading of a process's numa_maps to the next. */
  readonly numaIntervalMs: number;
  readonly clock: Clock;
  /** From which it takes descriptors, to keep files open; the agent's unless given. */
  readonly share?: DescriptorShare | undefined;
  /** Is told once what cannot be read, why, and what would help. */
  readonly onNotice: (text: string) => void;
}

/** A domain that runs on this host. */
export interface LocalDomain {
  readonly uuid: string;
  readonly process: DomainProcess;
  readonly description: DomainDescription | undefined;
  /** Its vNICs; undefined while it is not sure which it has. */
  readonly nics?: readonly NicDescription[] | undefined;
}

/** What was read of one domain. */
export interface LocalReading {
  /** Of its main thread: R running, S sleeping, T stopped … */
  readonly state: ProcPidStat["state"];
  /** For the catalogue's rows. */
  readonly statistics: DomainStatistics;
  /** In place of bulk statistics; undefined without the reader of that name. */
  readonly likeLibvirt: LikeLibvirt | undefined;
}

/** The longest time at a stretch, so that nothing else in this process waits longer. */
const SLICE_MS = 4;
/** Mounts and the names of devices change rarely. */
const REFRESH_MS = 60_000;
const NS_PER_TICK = BigInt(1_000_000_000 / CLOCK_TICKS_PER_S);
/** The boot time that the start was computed with is in whole seconds and moves when the clock is set. */
const START_TOLERANCE_NS = 2_000_000_000n;

/** The network interfaces that the QEMU processes see, and when they were read. */
interface Interfaces {
  readonly at: Instant;
  readonly numbers: ReadonlyMap<string, NetDevNumbers>;
}

interface Known {
  readonly process: DomainProcess;
  readonly startTimeTicks: ProcPidStat["startTimeTicks"];
  readonly qemu: QemuProcess;
}

/** Reads the QEMU processes and control groups of all domains on this host, a cycle at a time. */
export class DomainProcesses {
  readonly #options: DomainProcessesOptions;
  readonly #procfs: string;
  readonly #sysfs: string;
  readonly #rights: RightsReport;
  readonly #memory: ProcessMemory;
  readonly #disks: DiskSources;
  readonly #pageSizeBytes = readPageSizeBytes();
  /** Codes of errors, of which there are not many. */
  readonly #toldErrors = new Set<string>();
  readonly #deviceNames = new Map<string, string>();
  #known = new Map<string, Known>();
  #mounts: readonly Mount[] = [];
  #refreshAtMs = 0;
  /** Does the scheduler collect what libvirt tells as a vCPU's wait? */
  #hasSchedWait = false;
  #isClosed = false;

  constructor(options: DomainProcessesOptions) {
    const { procfs = "/proc", sysfs = "/sys", clock, numaIntervalMs: intervalMs, onNotice } = options;
    this.#options = options;
    this.#procfs = procfs;
    this.#sysfs = sysfs;
    this.#rights = new RightsReport(onNotice);
    const onDenied = () => this.#rights.denied("numa_maps");
    this.#memory = new ProcessMemory({ procfs, sysfs, clock, intervalMs, onDenied });
    // In a container that mounts the host's /proc, the mounts of the host's first process are the host's.
    const mountinfo = procfs === "/proc" ? "/proc/self/mountinfo" : `${procfs}/1/mountinfo`;
    this.#disks = new DiskSources({ sysfs, mountinfo });
  }

  /**
   * Reads the processes of these domains, by uuid. One that has ended is missing, and so is one that may not be looked
   * at; what the agent has no right to read of the others is absent. Never rejects for what goes wrong with one process.
   */
  async read(domains: readonly LocalDomain[]): Promise<ReadonlyMap<string, LocalReading>> {
    const { clock, readers } = this.#options;
    const nowMs = clock.now().monotonicMs;
    await this.#refresh(nowMs);
    await this.#recognize(domains);
    const interfaces = readers.likeLibvirt ? await this.#readInterfaces() : undefined;
    if (this.#isClosed) return new Map();
    const readings = new Map<string, LocalReading>();
    const wishes = [];
    if (readers.likeLibvirt) {
      this.#hasSchedWait = this.#try(() => hasSchedStatistics(this.#procfs)) ?? this.#hasSchedWait;
    }
    let sliceBegunMs = performance.now();
    for (const { uuid, process, nics } of domains) {
      if (performance.now() - sliceBegunMs > SLICE_MS) {
        await giveWay();
        sliceBegunMs = performance.now();
      }
      const at = clock.now();
      const reading = this.#try(() => this.#known.get(uuid)?.qemu.read(nowMs, this.#hasSchedWait));
      if (reading === undefined) continue;
      wishes.push({ uuid, pid: process.pid, vcpus: reading.threads?.vcpus ?? [] });
      readings.set(uuid, {
        state: reading.stat.state,
        statistics: processStatistics(reading, at, (device) => this.#nameOfDevice(device)),
        likeLibvirt: readers.likeLibvirt
          ? likeLibvirt(reading, {
              at,
              pageSizeBytes: this.#pageSizeBytes,
              nics: interfaces && nics && tapStatistics(nics, interfaces.numbers, interfaces.at),
            })
          : undefined,
      });
    }
    if (readers.numa) {
      for (const [uuid, memory] of this.#memory.update(wishes, nowMs)) {
        this.#add(readings, uuid, memoryStatistics(memory));
      }
    }
    if (readers.disks) this.#addDisks(readings, domains, clock.now());
    return readings;
  }

  /** Closes the files that it keeps open. What is being read ends without what it has not come to. */
  close(): void {
    this.#isClosed = true;
    for (const { qemu } of this.#known.values()) qemu.close();
    this.#known.clear();
  }

  /** Until nothing is being read beside the cycles. */
  async settled(): Promise<void> {
    await Promise.all([this.#memory.settled(), this.#disks.settled()]);
  }

  async #refresh(nowMs: number): Promise<void> {
    if (nowMs < this.#refreshAtMs) return;
    this.#refreshAtMs = nowMs + REFRESH_MS;
    this.#deviceNames.clear();
    this.#mounts = await readCgroupMounts(this.#options.mountinfo).catch(() => this.#mounts);
  }

  /** Makes sure that a new number is still that of the process that was found, and forgets those that are not asked for. */
  async #recognize(domains: readonly LocalDomain[]): Promise<void> {
    const before = this.#known;
    this.#known = new Map();
    let bootTimeS: number | undefined;
    for (const { uuid, process } of domains) {
      const known = before.get(uuid);
      if (known?.process.pid === process.pid && known.process.startedAtNs === process.startedAtNs) {
        this.#known.set(uuid, known);
        continue;
      }
      bootTimeS ??= await this.#bootTimeS();
      const stat = this.#try(() => readProcPidStatNow(this.#procfs, process.pid));
      const startTimeTicks = stat?.startTimeTicks;
      if (bootTimeS === undefined || startTimeTicks === undefined) continue;
      const startedAtNs = BigInt(bootTimeS) * 1_000_000_000n + BigInt(startTimeTicks) * NS_PER_TICK;
      const apartNs = startedAtNs - process.startedAtNs;
      if (apartNs > START_TOLERANCE_NS || -apartNs > START_TOLERANCE_NS) continue;
      this.#known.set(uuid, { process, startTimeTicks, qemu: this.#open(process.pid, startTimeTicks) });
    }
    for (const [uuid, { qemu }] of before) if (this.#known.get(uuid)?.qemu !== qemu) qemu.close();
  }

  /** All QEMUs of a daemon are in its network namespace, so any one that has not ended meanwhile will do. */
  async #readInterfaces(): Promise<Interfaces | undefined> {
    for (const { process, startTimeTicks } of this.#known.values()) {
      const at = this.#options.clock.now();
      const numbers = await readProcPidNetDev(this.#procfs, process.pid).catch(() => undefined);
      const stat = this.#try(() => readProcPidStatNow(this.#procfs, process.pid));
      if (numbers !== undefined && stat?.startTimeTicks === startTimeTicks) return { at, numbers };
    }
    return undefined;
  }

  /** Without it newcomers wait for a later cycle; those that are known go on. */
  async #bootTimeS(): Promise<number | undefined> {
    try {
      return (await readProcStat(this.#procfs))?.bootTimeS;
    } catch (error) {
      return this.#tell(error);
    }
  }

  /** What cannot be read of one process, for a reason that is none of absence, hinders no other. */
  #try<Value>(read: () => Value): Value | undefined {
    try {
      return read();
    } catch (error) {
      return this.#tell(error);
    }
  }

  /** Each kind of error once. */
  #tell(error: unknown): undefined {
    const code = codeOf(error);
    if (this.#toldErrors.has(code)) return;
    this.#toldErrors.add(code);
    this.#options.onNotice(
      `Cannot read a QEMU process and its control groups: ${messageOf(error)}; its libvirt.domain.process.* and libvirt.domain.cgroup.* are left out for as long as that lasts`,
    );
  }

  #open(pid: number, startTimeTicks: number): QemuProcess {
    const { readers, share = descriptorShare } = this.#options;
    return new QemuProcess({
      procfs: this.#procfs,
      pid,
      startTimeTicks,
      mounts: this.#mounts,
      readers,
      share,
      onDenied: (file) => this.#rights.denied(file),
    });
  }

  #addDisks(readings: Map<string, LocalReading>, domains: readonly LocalDomain[], at: Instant): void {
    const described = domains.flatMap(({ uuid, description }) =>
      description ? [{ uuid, description }] : [],
    );
    const sources = this.#disks.update(described.map(({ description }) => description));
    for (const { uuid, description } of described) {
      const known = sources.get(description);
      if (known !== undefined) this.#add(readings, uuid, diskSourceStatistics(known, at));
    }
  }

  #add(readings: Map<string, LocalReading>, uuid: string, statistics: DomainStatistics): void {
    const reading = readings.get(uuid);
    if (reading === undefined) return;
    readings.set(uuid, { ...reading, statistics: mergeStatistics(reading.statistics, statistics) });
  }

  /** The kernel's name of a device; its numbers where it has none here. */
  #nameOfDevice(device: string): string {
    let name = this.#deviceNames.get(device);
    if (name === undefined) {
      name = readBlockDeviceName(this.#sysfs, device) ?? device;
      this.#deviceNames.set(device, name);
    }
    return name;
  }
}
