import type { Clock, Instant } from "../clock.ts";
import { readNodeOfCpus } from "../host/node-cpus.ts";
import { type NumaMemory, readProcPidNumaMaps } from "../host/proc-pid-numa-maps.ts";
import type { VcpuThread } from "./process-threads.ts";

/** Where a process's memory lies. */
export interface MemoryReading {
  readonly at: Instant;
  /** Bytes by NUMA node. */
  readonly nodes: NumaMemory;
  /** Share of it that lies on nodes on whose CPUs a vCPU ran last; undefined where that is not known. */
  readonly localShare: number | undefined;
}

export interface ProcessMemoryOptions {
  readonly procfs: string;
  readonly sysfs: string;
  readonly clock: Clock;
  /** From one reading of a process to the next. */
  readonly intervalMs: number;
  /** Is told of a file that is there but not for this user. */
  readonly onDenied: (path: string) => void;
}

/** The CPUs' nodes change when a CPU is plugged in. */
const REFRESH_MS = 60_000;
/** Of the golden ratio: each of its multiples falls, as a part of 1, far from those before it. */
const STEP = 0.618;

interface Known {
  readonly pid: number;
  readonly dueAtMs: number;
  reading: MemoryReading | undefined;
}

/** A process whose memory is wanted. */
export interface MemoryWish {
  readonly uuid: string;
  readonly pid: number;
  readonly vcpus: readonly VcpuThread[];
}

/**
 * Reads where QEMU's memory lies, slowly, one process after the other and beside the cycles: the kernel walks all of a
 * process's memory for it, and one that hangs in the kernel can hold it up for ever.
 */
export class ProcessMemory {
  readonly #options: ProcessMemoryOptions;
  #known = new Map<string, Known>();
  readonly #queue = new Map<string, MemoryWish>();
  #work: Promise<void> | undefined;
  #nodeOfCpus: ReadonlyMap<number, number> = new Map();
  #refreshAtMs = -Infinity;
  #phase = 0;

  constructor(options: ProcessMemoryOptions) {
    this.#options = options;
  }

  /** What was read last of each of them; what is due is read until a later cycle. */
  update(wishes: readonly MemoryWish[], nowMs: number): ReadonlyMap<string, MemoryReading> {
    const before = this.#known;
    const readings = new Map<string, MemoryReading>();
    this.#known = new Map();
    for (const wish of wishes) {
      const entry = before.get(wish.uuid);
      const known = entry?.pid === wish.pid ? entry : undefined;
      if (known?.reading !== undefined) readings.set(wish.uuid, known.reading);
      const isDue = known === undefined || nowMs >= known.dueAtMs;
      if (isDue) this.#queue.set(wish.uuid, wish);
      const dueAtMs = isDue ? nowMs + this.#waitMs(known) : known.dueAtMs;
      this.#known.set(wish.uuid, { pid: wish.pid, dueAtMs, reading: known?.reading });
    }
    // Where one reading hangs nothing leaves the queue, and domains come and go.
    for (const uuid of this.#queue.keys()) if (!this.#known.has(uuid)) this.#queue.delete(uuid);
    if (this.#queue.size > 0) this.#work ??= this.#readQueue().finally(() => (this.#work = undefined));
    return readings;
  }

  /** Until nothing is being read. */
  async settled(): Promise<void> {
    await this.#work;
  }

  /** Many that are found at once are read at once, and from then on one after the other all through the interval. */
  #waitMs(known: Known | undefined): number {
    const { intervalMs } = this.#options;
    if (known !== undefined) return intervalMs;
    this.#phase = (this.#phase + STEP) % 1;
    return this.#phase * intervalMs;
  }

  async #readQueue(): Promise<void> {
    const { procfs, clock, onDenied } = this.#options;
    await this.#refresh();
    for (const [uuid, { pid, vcpus }] of this.#queue) {
      this.#queue.delete(uuid);
      const at = clock.now();
      const nodes = await readProcPidNumaMaps(procfs, pid, { onDenied }).catch(() => undefined);
      const known = this.#known.get(uuid);
      if (known?.pid !== pid) continue;
      known.reading = nodes && { at, nodes, localShare: localShareOf(nodes, vcpus, this.#nodeOfCpus) };
    }
  }

  async #refresh(): Promise<void> {
    const { sysfs, clock } = this.#options;
    const nowMs = clock.now().monotonicMs;
    if (nowMs < this.#refreshAtMs) return;
    this.#refreshAtMs = nowMs + REFRESH_MS;
    // Whatever goes wrong here, where the memory lies not being told is all that comes of it.
    this.#nodeOfCpus = await readNodeOfCpus(sysfs).catch(() => new Map<number, number>());
  }
}

function localShareOf(
  memory: NumaMemory,
  vcpus: readonly VcpuThread[],
  nodeOfCpus: ReadonlyMap<number, number>,
): number | undefined {
  const nodes = new Set(vcpus.map(({ processor }) => nodeOfCpus.get(processor ?? -1)));
  if (nodes.size === 0 || nodes.has(undefined)) return undefined;
  let all = 0;
  let local = 0;
  for (const [node, bytes] of memory) {
    all += bytes;
    if (nodes.has(node)) local += bytes;
  }
  return all === 0 ? undefined : local / all;
}
