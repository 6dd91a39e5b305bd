/** Longer than this many times nothing is stretched: what is read more seldom means nothing any more. */
const LIMIT = 16;

/** So many easy cycles in a row, and less stretching is tried. */
const EASY_CYCLES = 10;

/**
 * How many times longer than they should be the intervals of what goes to monitors are. A hypervisor on which a cycle
 * takes too long is too slow or has too many domains for them: asking less is better than asking late.
 */
export class Stretch {
  readonly #limitMs: number;
  #factor = 1;
  #easyCycles = 0;

  /** A cycle that takes longer than `limitMs` takes too long. */
  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /** 1: not stretched. */
  get factor(): number {
    return this.#factor;
  }

  /** Takes note of how long a cycle took. Is the factor another one now? */
  after(cycleMs: number): boolean {
    const before = this.#factor;
    if (cycleMs > this.#limitMs) {
      this.#easyCycles = 0;
      this.#factor = Math.min(LIMIT, before * 2);
    } else if (before > 1) {
      // Half the factor may mean twice the time.
      this.#easyCycles = cycleMs < this.#limitMs / 4 ? this.#easyCycles + 1 : 0;
      if (this.#easyCycles >= EASY_CYCLES) {
        this.#easyCycles = 0;
        this.#factor = before / 2;
      }
    }
    return this.#factor !== before;
  }
}
