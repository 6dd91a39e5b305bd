import { within } from "../within.ts";

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
    return within(this.#underWay, waitMs, signal);
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
