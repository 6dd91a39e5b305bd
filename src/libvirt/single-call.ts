import { setTimeout as sleep } from "node:timers/promises";

/**
 * A call that is not made again while it is unanswered, however long nobody waits for it: so one that cannot be
 * answered now takes one place and no second one.
 */
export class SingleCall<Result> {
  #underWay: Promise<Result> | undefined;

  /** Is there one that has not been answered? */
  get isUnderWay(): boolean {
    return this.#underWay !== undefined;
  }

  /**
   * Its answer, when that comes within so many milliseconds; else undefined.
   * @throws what the call throws in that time; the signal's reason when it is aborted
   */
  async within(
    waitMs: number,
    start: () => Promise<Result>,
    signal?: AbortSignal,
  ): Promise<Result | undefined> {
    signal?.throwIfAborted();
    this.#underWay ??= this.#start(start);
    const timer = new AbortController();
    const stop = signal === undefined ? timer.signal : AbortSignal.any([timer.signal, signal]);
    const late = sleep(waitMs, undefined, { signal: stop }).catch(() => {
      signal?.throwIfAborted();
      return undefined;
    });
    try {
      return await Promise.race([this.#underWay, late]);
    } finally {
      timer.abort();
    }
  }

  #start(start: () => Promise<Result>): Promise<Result> {
    const call = start().finally(() => {
      this.#underWay = undefined;
    });
    // An answer that nobody waits for any more may be an error too.
    call.catch(() => undefined);
    return call;
  }
}
