import { add, type Integer } from "../integer.ts";

interface Thing {
  last: Integer;
  round: number;
}

/**
 * A sum of counters of things that come and go, such as threads. It never goes down: what is gone stays in it with its
 * last value, as far as it was seen.
 */
export class LastingSum {
  readonly #things = new Map<number | string, Thing>();
  #gone: Integer = 0;
  #round = 0;

  /** Takes over the value of a thing that is there now. */
  see(key: number | string, value: Integer): void {
    const thing = this.#things.get(key);
    if (thing === undefined) {
      this.#things.set(key, { last: value, round: this.#round });
      return;
    }
    // Lower: something new under an old name.
    if (value < thing.last) this.#gone = add(this.#gone, thing.last);
    thing.last = value;
    thing.round = this.#round;
  }

  /** The sum; what was not seen since the last one is gone. */
  sum(): Integer {
    let there: Integer = 0;
    for (const [key, { last, round }] of this.#things) {
      if (round === this.#round) there = add(there, last);
      else {
        this.#gone = add(this.#gone, last);
        this.#things.delete(key);
      }
    }
    this.#round += 1;
    return add(this.#gone, there);
  }
}
