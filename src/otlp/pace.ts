/** Spreads what is sent over time, so that what an outage left behind does not bring the backend down again. */
export class Pace {
  readonly #bytesPerMs: number;
  #freeAtMs = 0;

  /** Undefined is no limit. */
  constructor(bytesPerS: number | undefined) {
    this.#bytesPerMs = (bytesPerS ?? Number.POSITIVE_INFINITY) / 1000;
  }

  /** How long to wait before something may be sent; 0 if it may now. */
  waitMs(nowMs: number): number {
    return Math.max(0, this.#freeAtMs - nowMs);
  }

  /** So much is being sent. Time that was not used is not saved up. */
  spend(bytes: number, nowMs: number): void {
    this.#freeAtMs = Math.max(this.#freeAtMs, nowMs) + bytes / this.#bytesPerMs;
  }
}
