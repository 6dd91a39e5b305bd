import { listCgroupThreads } from "../host/cgroup-threads.ts";
import type { DescriptorShare } from "../host/descriptor-share.ts";
import { folderAt, KeptFolder } from "../host/kept-folder.ts";
import { readProcPidCgroup } from "../host/proc-pid-cgroup.ts";
import { readProcPidComm } from "../host/proc-pid-comm.ts";
import { readProcPidSchedWaitNs } from "../host/proc-pid-sched.ts";
import { readProcPidSchedstatWaitNs } from "../host/proc-pid-schedstat.ts";
import { CLOCK_TICKS_PER_S, readProcPidStatIn } from "../host/proc-pid-stat.ts";
import { listProcPidTasks } from "../host/proc-pid-task.ts";
import type { Integer } from "../integer.ts";
import type { GroupFolder } from "./domain-cgroup.ts";
import { LastingSum } from "./lasting-sum.ts";
import { POOL_THREAD, type ThreadKind, threadKind, type ThreadRole } from "./thread-kind.ts";

/** A vCPU's thread. */
export interface VcpuThread {
  /** As libvirt counts them. */
  readonly number: number;
  readonly timeNs: number;
  /** Runnable but without a CPU; undefined where the kernel does not count it. */
  readonly delayNs: Integer | undefined;
  /** The scheduler's own sum of the same, where it was asked for. */
  readonly waitNs: number | undefined;
  /** The CPU on which it ran last. */
  readonly processor: number | undefined;
}

/** One look at a process's threads. */
export interface ThreadsReading {
  readonly vcpus: readonly VcpuThread[];
  /**
   * Time that threads waited for a CPU. Of the emulator only those that are there from its start to its end: what others
   * waited cannot be known any more once they are gone, and the sum would be another for an agent that starts later.
   */
  readonly waitNs: ReadonlyMap<ThreadRole, Integer>;
}

export interface ThreadsContext {
  /** num_threads of the process, just read: a hint that threads came or went. */
  readonly count: number;
  readonly startTimeTicks: number;
  readonly nowMs: number;
  /** Read what libvirt takes for a vCPU's wait as well. */
  readonly withSchedWait: boolean;
  /** Where the kernel's own threads for the process are, which are none of the process's. */
  readonly groups: readonly GroupFolder[];
}

/** One that is left out may go and another come with the same count, and the kernel's own are not among them. */
const RELIST_MS = 60_000;
/** A thread is born with its parent's name and in its parent's group, and gets its own a moment later. */
const LOOKS = 2;
/** What the emulator starts later than this, it starts for a while: for a migration, a client of its screen … */
const START_TICKS = 5 * CLOCK_TICKS_PER_S;
const NS_PER_TICK = 1_000_000_000 / CLOCK_TICKS_PER_S;

interface Thread {
  readonly tid: number;
  readonly folder: KeptFolder;
  kind: ThreadKind;
  /** Comes and goes, and is left out. */
  isHelper: boolean;
  looks: number;
}

/** The threads of one QEMU process between the cycles. */
export class ProcessThreads {
  readonly #procfs: string;
  readonly #pid: number;
  readonly #share: DescriptorShare;
  readonly #sums = new Map<ThreadRole, LastingSum>();
  #threads: ReadonlyMap<number, Thread> = new Map();
  /** Of the process, so without the kernel's. */
  #count = -1;
  #listedAtMs = 0;
  #isStale = true;

  constructor(procfs: string, pid: number, share: DescriptorShare) {
    this.#procfs = procfs;
    this.#pid = pid;
    this.#share = share;
  }

  /** Reads all threads, at once. A thread that ends meanwhile is left out. */
  read(context: ThreadsContext): ThreadsReading {
    const { count, nowMs, withSchedWait } = context;
    if (this.#isStale || count !== this.#count || nowMs - this.#listedAtMs > RELIST_MS) this.#list(context);
    const vcpus: VcpuThread[] = [];
    for (const { tid, folder, kind, isHelper } of this.#threads.values()) {
      if (isHelper) continue;
      const waitNs = readProcPidSchedstatWaitNs(folder);
      if (waitNs === undefined) this.#isStale = true;
      else this.#sumOf(kind.role).see(tid, waitNs);
      if (kind.vcpu === undefined) continue;
      const stat = readProcPidStatIn(folder);
      if (stat === undefined) continue;
      vcpus.push({
        number: kind.vcpu,
        timeNs: (stat.userTimeTicks + stat.systemTimeTicks) * NS_PER_TICK,
        delayNs: waitNs,
        waitNs: withSchedWait ? readProcPidSchedWaitNs(folder) : undefined,
        processor: stat.processor,
      });
    }
    const waitNs = new Map<ThreadRole, Integer>();
    for (const [role, sum] of this.#sums) waitNs.set(role, sum.sum());
    return { vcpus: vcpus.toSorted((a, b) => a.number - b.number), waitNs };
  }

  /** Closes what it keeps open. */
  close(): void {
    for (const { folder } of this.#threads.values()) folder.close();
  }

  #sumOf(role: ThreadRole): LastingSum {
    const known = this.#sums.get(role);
    if (known !== undefined) return known;
    const sum = new LastingSum();
    this.#sums.set(role, sum);
    return sum;
  }

  #list({ nowMs, groups, startTimeTicks }: ThreadsContext): void {
    const own = listProcPidTasks(this.#procfs, this.#pid) ?? [];
    const known = this.#threads;
    const threads = new Map<number, Thread>();
    this.#isStale = false;
    for (const tid of own) {
      const thread = known.get(tid) ?? {
        tid,
        folder: new KeptFolder(`${this.#procfs}/${this.#pid}/task/${tid}`, this.#share),
        kind: threadKind("", []),
        isHelper: false,
        looks: 0,
      };
      if (thread.looks < LOOKS) {
        const { path } = thread.folder;
        const name = readProcPidComm(path) ?? "";
        thread.kind = threadKind(name, readProcPidCgroup(path) ?? []);
        const startedAt = readProcPidStatIn(folderAt(path))?.startTimeTicks ?? 0;
        const isLate = startedAt - startTimeTicks > START_TICKS;
        thread.isHelper = thread.kind.role === "emulator" && (name === POOL_THREAD || isLate);
        thread.looks += 1;
        if (thread.looks < LOOKS) this.#isStale = true;
      }
      threads.set(tid, thread);
    }
    for (const tid of this.#vhostThreads(groups, threads)) {
      const kind: ThreadKind = { role: "vhost", vcpu: undefined };
      const path = `${this.#procfs}/${tid}`;
      const before = known.get(tid)?.folder;
      const folder = before?.path === path ? before : new KeptFolder(path, this.#share);
      threads.set(tid, { tid, folder, kind, isHelper: false, looks: LOOKS });
    }
    for (const [tid, { folder }] of known) if (threads.get(tid)?.folder !== folder) folder.close();
    this.#threads = threads;
    this.#count = own.length;
    this.#listedAtMs = nowMs;
  }

  /** Up to 6.3 the kernel's vhost threads are processes of their own, which it puts into the groups of their owner. */
  #vhostThreads(groups: readonly GroupFolder[], own: ReadonlyMap<number, Thread>): readonly number[] {
    for (const { nested } of groups) {
      const others = listCgroupThreads(`${nested}/emulator`).filter((tid) => !own.has(tid));
      const vhosts = others.filter(
        (tid) => readProcPidComm(`${this.#procfs}/${tid}`) === `vhost-${this.#pid}`,
      );
      if (vhosts.length > 0) return vhosts;
    }
    return [];
  }
}
