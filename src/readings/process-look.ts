import { setTimeout as sleep } from "node:timers/promises";

import { readProcPidStatNow } from "../host/proc-pid-stat.ts";
import type { DomainProcess } from "./domain.ts";

/**
 * stopped: by a signal or a debugger, so it does nothing until somebody lets it go on. waiting: in the kernel at this
 * look and at the one of the cycle before without any CPU time between, most likely for a disk or a network file
 * system that does not answer. suspect: so for a moment only.
 */
export type ProcessTrouble = "stopped" | "waiting" | "suspect";

/** How long something in the kernel is given to come out of it. */
const SECOND_LOOK_MS = 50;

interface Glance {
  readonly pid: number;
  readonly state: string;
  readonly cpuTicks: number;
}

/**
 * Looks at QEMU processes on this machine before anybody asks them through their monitors: what is stopped or stuck
 * in the kernel answers nothing, and a call that does not know it would be stuck for as long as that lasts.
 */
export class ProcessLook {
  readonly #procfs: string;
  /** Processes that were in the kernel at the last look, by the domain's uuid. */
  #inKernel = new Map<string, Glance>();

  constructor(procfs = "/proc") {
    this.#procfs = procfs;
  }

  /** Is the process stopped at this moment? */
  isStopped({ pid }: DomainProcess): boolean {
    return isStop(this.#glance(pid));
  }

  /**
   * Those of the processes that are in trouble, by uuid. One small file each, a hundred in a millisecond; none of those that
   * were seen to be well this very moment.
   */
  async look(
    processes: ReadonlyMap<string, DomainProcess>,
    well: ReadonlySet<string> = new Set(),
  ): Promise<Map<string, ProcessTrouble>> {
    const troubles = new Map<string, ProcessTrouble>();
    const inKernel = new Map<string, Glance>();
    for (const [uuid, { pid }] of processes) {
      if (well.has(uuid)) continue;
      const glance = this.#glance(pid);
      if (isStop(glance)) troubles.set(uuid, "stopped");
      if (glance?.state === "D") inKernel.set(uuid, glance);
    }
    const newcomers: [string, Glance][] = [];
    for (const [uuid, glance] of inKernel) {
      if (isSame(glance, this.#inKernel.get(uuid))) troubles.set(uuid, "waiting");
      else newcomers.push([uuid, glance]);
    }
    if (newcomers.length > 0) await sleep(SECOND_LOOK_MS);
    for (const [uuid, glance] of newcomers) {
      if (isSame(glance, this.#glance(glance.pid))) troubles.set(uuid, "suspect");
    }
    this.#inKernel = inKernel;
    return troubles;
  }

  /** The main thread's state: it is the one that serves the monitor. */
  #glance(pid: number): Glance | undefined {
    const stat = readProcPidStatNow(`${this.#procfs}/${pid}/task`, pid);
    if (stat === undefined) return undefined;
    return { pid, state: stat.state, cpuTicks: stat.userTimeTicks + stat.systemTimeTicks };
  }
}

/** t is a debugger's stop. */
function isStop(glance: Glance | undefined): boolean {
  return glance?.state === "T" || glance?.state === "t";
}

function isSame(a: Glance, b: Glance | undefined): boolean {
  return a.pid === b?.pid && a.state === b.state && a.cpuTicks === b.cpuTicks;
}
