import { readFileSync } from "node:fs";
import { uptime } from "node:os";

/** The clocks that a queue measures age by. */
export interface QueueClock {
  /** Milliseconds since the machine started: the same for every process, and nobody sets it. */
  uptimeMs(): number;
  /** Another one after each start of the machine; empty if unknown. */
  readonly bootId: string;
}

/** The machine's own. */
export function systemQueueClock(): QueueClock {
  return { uptimeMs: () => uptime() * 1000, bootId: readBootId() };
}

function readBootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
  } catch {
    return "";
  }
}

/** A moment of the queue's time, from which a later process goes on. */
export interface QueueMoment {
  readonly queueMs: number;
  readonly uptimeMs: number;
  readonly bootId: string;
}

/**
 * The time by which batches age. It never asks the wall clock, which operators, NTP and a wrong hardware clock after
 * a start set to anything: an age limit would then throw away what is not old. It goes on while the machine runs,
 * whether or not the agent does, and stands still while the machine is off. So a batch can be older than its limit by
 * the time that the machine was off; whether that is too old is then for the backend to say.
 */
export class QueueTime {
  readonly #clock: QueueClock;
  readonly #offsetMs: number;

  /** `last`: where an earlier process left off. */
  constructor(clock: QueueClock, last?: QueueMoment) {
    const uptimeMs = clock.uptimeMs();
    const sameBoot = last !== undefined && last.bootId !== "" && last.bootId === clock.bootId;
    const sinceMs = sameBoot ? Math.max(0, uptimeMs - last.uptimeMs) : 0;
    this.#clock = clock;
    this.#offsetMs = (last?.queueMs ?? 0) + sinceMs - uptimeMs;
  }

  /** Whole milliseconds; only differences mean anything. */
  nowMs(): number {
    return Math.round(this.#clock.uptimeMs() + this.#offsetMs);
  }

  /** This moment, to be stored. */
  moment(): QueueMoment {
    return { queueMs: this.nowMs(), uptimeMs: this.#clock.uptimeMs(), bootId: this.#clock.bootId };
  }
}

/** A moment from what was stored; undefined where that is none. */
export function parseMoment(stored: Uint8Array | undefined): QueueMoment | undefined {
  if (stored === undefined) return undefined;
  try {
    const { queueMs, uptimeMs, bootId } = JSON.parse(Buffer.from(stored).toString()) as Partial<QueueMoment>;
    if (!Number.isFinite(queueMs) || !Number.isFinite(uptimeMs) || typeof bootId !== "string")
      return undefined;
    return { queueMs: Number(queueMs), uptimeMs: Number(uptimeMs), bootId };
  } catch {
    return undefined;
  }
}
