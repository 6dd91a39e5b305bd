/** How long to wait before trying again: doubles from `firstMs` to `limitMs`, then stays. */
export class Backoff {
  readonly #firstMs: number;
  readonly #limitMs: number;
  readonly #random: () => number;
  #failures = 0;

  constructor(options: { firstMs: number; limitMs: number; random?: () => number }) {
    this.#firstMs = options.firstMs;
    this.#limitMs = options.limitMs;
    this.#random = options.random ?? Math.random;
  }

  /**
   * The next wait in milliseconds. Half of it is random, so that ten thousand agents that lost the same thing at
   * the same moment do not come back at the same moment.
   */
  nextMs(): number {
    const full = Math.min(this.#limitMs, this.#firstMs * 2 ** this.#failures);
    this.#failures += 1;
    return full / 2 + (this.#random() * full) / 2;
  }

  /** After a success the next wait is the first again. */
  reset(): void {
    this.#failures = 0;
  }
}
