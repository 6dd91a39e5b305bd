import { add, type Integer } from "../integer.ts";

/**
 * A sum of counters of things that come and go, such as threads. It never goes down: what is gone stays in it with its
 * last value, as far as it was seen.
 */
export class LastingSum {
  #gone: Integer = 0;
  #last: ReadonlyMap<number | string, Integer> = new Map();

  /** The sum with these values of the things that are there now. */
  update(values: ReadonlyMap<number | string, Integer>): Integer {
    for (const [key, last] of this.#last) {
      const value = values.get(key);
      // Lower: something new under an old name.
      if (value === undefined || value < last) this.#gone = add(this.#gone, last);
    }
    this.#last = values;
    let sum = this.#gone;
    for (const value of values.values()) sum = add(sum, value);
    return sum;
  }
}
