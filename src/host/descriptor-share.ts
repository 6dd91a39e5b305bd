/**
 * The share of this process's descriptors that files of processes and control groups may keep, so that sockets and
 * the queue's files always find one.
 *
 *     Max open files            16384                16384                files
 *
 * https://docs.kernel.org/filesystems/proc.html: /proc/self/limits; the soft limit comes first. Node raises it to the hard
 * one when it starts.
 */
import { readKernelFileNow } from "./kernel-file.ts";

const LIMITS_BYTES = 4096;
/** For each the kernel keeps a page for what it writes down (fs/seq_file.c), beside the file itself: 40 MB in all. */
const MOST = 8192;
/** Where the limit is not to be known: half of the smallest that is usual. */
const UNKNOWN = 512;

/** Whoever keeps descriptors takes them from one of these; the agent has one. */
export class DescriptorShare {
  readonly #limits: string;
  #limit: number | undefined;
  /** How many are kept open. */
  taken = 0;
  /**
   * How often a file had to be looked for by its path, or a kept one was found to be gone. As long as this stays the
   * same all that was read is of the same process.
   */
  lookups = 0;

  constructor(limits = "/proc/self/limits") {
    this.#limits = limits;
  }

  get hasRoom(): boolean {
    return this.taken < this.limit;
  }

  /** Are there more than may be, so that some are to be closed? */
  get isOverdrawn(): boolean {
    return this.taken > this.limit;
  }

  get limit(): number {
    return (this.#limit ??= shareOf(readKernelFileNow(this.#limits, LIMITS_BYTES)));
  }

  /** Somebody found none free: from now on makes do with half of those that there are at this moment. */
  giveBack(): void {
    this.#limit = Math.trunc(this.taken / 2);
  }
}

/** The agent's. */
export const descriptorShare = new DescriptorShare();

function shareOf(limits = ""): number {
  const [, soft] = /^Max open files +(\d+|unlimited) /m.exec(limits) ?? [];
  if (soft === undefined) return UNKNOWN;
  return soft === "unlimited" ? MOST : Math.min(Math.trunc(Number(soft) / 2), MOST);
}
