import type { DescriptorShare } from "../host/descriptor-share.ts";
import { KeptFolder } from "../host/kept-folder.ts";
import { readMountinfo, type Mount } from "../host/mountinfo.ts";
import { readProcPidCgroup } from "../host/proc-pid-cgroup.ts";
import { countProcPidFds } from "../host/proc-pid-fd.ts";
import { type ProcPidIo, readProcPidIo } from "../host/proc-pid-io.ts";
import { type ProcPidStat, readProcPidStatIn } from "../host/proc-pid-stat.ts";
import { type ProcPidStatus, readProcPidStatus } from "../host/proc-pid-status.ts";
import { type CgroupCpu, CgroupReader, type CgroupReading } from "./cgroup-reading.ts";
import { type DomainCgroup, findDomainCgroup } from "./domain-cgroup.ts";
import { ProcessThreads, type ThreadsReading } from "./process-threads.ts";

/** What of a process is read. */
export interface ProcessReaders {
  /** /proc/<pid>/{stat,status,io,fd}. */
  readonly process: boolean;
  /** /proc/<pid>/task/<tid>/{stat,schedstat}. */
  readonly threads: boolean;
  readonly cgroup: boolean;
  /** What libvirt's statistics have of CPU, vCPUs and resident memory: see {@link likeLibvirt}. */
  readonly likeLibvirt: boolean;
}

/** One look at a domain's process and its groups. What was not asked for or cannot be read is undefined. */
export interface ProcessReading {
  readonly stat: ProcPidStat;
  readonly status: ProcPidStatus | undefined;
  readonly io: ProcPidIo | undefined;
  readonly fileDescriptors: number | undefined;
  readonly threads: ThreadsReading | undefined;
  readonly cgroup: CgroupReading | undefined;
  /** CPU time of the domain's groups; `none` where libvirt has no group for it and takes the process's. */
  readonly cgroupCpu: CgroupCpu | "none" | undefined;
}

export interface QemuProcessOptions {
  readonly procfs: string;
  readonly pid: number;
  /** Of the process that is meant: another that gets its number later started later. */
  readonly startTimeTicks: number;
  readonly mounts: readonly Mount[];
  readonly readers: ProcessReaders;
  /** From which it takes descriptors, to keep files open. */
  readonly share: DescriptorShare;
  /** Is told of a file that is there but not for this user: it is not asked for again. */
  readonly onDenied: (file: "io" | "fd") => void;
}

/** One domain's QEMU between the cycles. */
export class QemuProcess {
  readonly #options: QemuProcessOptions;
  readonly #folder: KeptFolder;
  readonly #threads: ProcessThreads;
  readonly #denied = new Set<"io" | "fd">();
  #cgroup: DomainCgroup | undefined;
  #cgroupReader: CgroupReader | undefined;

  constructor(options: QemuProcessOptions) {
    this.#options = options;
    const { procfs, pid, share } = options;
    this.#folder = new KeptFolder(`${procfs}/${pid}`, share);
    this.#threads = new ProcessThreads(procfs, pid, share);
  }

  /**
   * Reads all that is wanted, at once: some tens of small files. Undefined when the process has ended, before or
   * meanwhile: its number may be another's already, and then nothing of what was read is true. `hasSchedWait` tells
   * whether there is anything to be had from the threads' files sched, which are the dearest.
   */
  read(nowMs: number, hasSchedWait: boolean): ProcessReading | undefined {
    const { readers, share } = this.#options;
    const { lookups } = share;
    const stat = this.#stat();
    if (stat === undefined) return undefined;
    const { unified, legacy } = this.#findCgroup();
    const groups = [unified, legacy.get("cpu"), legacy.get("cpuset")].filter(
      (folder) => folder !== undefined,
    );
    const threads =
      readers.threads || readers.likeLibvirt
        ? this.#threads.read({
            count: stat.threads,
            startTimeTicks: stat.startTimeTicks,
            nowMs,
            groups,
            withSchedWait: readers.likeLibvirt && hasSchedWait,
          })
        : undefined;
    const cgroup = readers.cgroup ? this.#cgroupReader?.read(nowMs) : undefined;
    // By its path, so before what is open: that would be an error if the number were another's by then.
    const fileDescriptors = readers.process ? this.#fileDescriptors() : undefined;
    const reading = {
      stat,
      status: readers.process ? readProcPidStatus(this.#folder) : undefined,
      io: readers.process ? this.#io() : undefined,
      fileDescriptors,
      threads,
      cgroup,
      cgroupCpu: readers.likeLibvirt ? this.#cgroupCpu(cgroup) : undefined,
    };
    // What was open before was there to the end: it is all of the same process.
    if (share.lookups === lookups) return reading;
    return this.#stat() === undefined ? undefined : reading;
  }

  /** Closes what it keeps open. */
  close(): void {
    this.#folder.close();
    this.#threads.close();
    this.#cgroupReader?.close();
  }

  #stat(): ProcPidStat | undefined {
    const { startTimeTicks } = this.#options;
    const stat = readProcPidStatIn(this.#folder);
    const isAlive = stat?.startTimeTicks === startTimeTicks && stat.state !== "Z" && stat.state !== "X";
    if (isAlive) return stat;
    this.close();
    return undefined;
  }

  #io(): ProcPidIo | undefined {
    return this.#denied.has("io")
      ? undefined
      : readProcPidIo(this.#folder, { onDenied: () => this.#deny("io") });
  }

  #fileDescriptors(): number | undefined {
    const { procfs, pid } = this.#options;
    return this.#denied.has("fd")
      ? undefined
      : countProcPidFds(procfs, pid, { onDenied: () => this.#deny("fd") });
  }

  #deny(file: "io" | "fd"): void {
    this.#denied.add(file);
    this.#options.onDenied(file);
  }

  /** libvirt puts the process into its group a moment after it has started it. */
  #findCgroup(): DomainCgroup {
    if (this.#cgroup?.isOwn === true) return this.#cgroup;
    const { procfs, pid, mounts, share } = this.#options;
    this.#cgroup = findDomainCgroup(readProcPidCgroup(`${procfs}/${pid}`) ?? [], mounts);
    if (this.#cgroup.isOwn) this.#cgroupReader = new CgroupReader(this.#cgroup, share);
    return this.#cgroup;
  }

  #cgroupCpu(cgroup: CgroupReading | undefined): CgroupCpu | "none" | undefined {
    if (this.#cgroup?.isOwn !== true) return "none";
    return cgroup?.cpu ?? this.#cgroupReader?.cpu();
  }
}

/** The mounts that the control groups are found by. */
export async function readCgroupMounts(mountinfo?: string): Promise<readonly Mount[]> {
  return (await readMountinfo(mountinfo)).filter(({ type }) => type === "cgroup" || type === "cgroup2");
}
