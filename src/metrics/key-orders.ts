/** The keys that an object has, in their order. The same object for the same keys. */
export interface KeyOrder<Meaning> {
  readonly keys: readonly string[];
  /** What each of them means to who asks. */
  readonly meanings: readonly Meaning[];
}

/** More than a kind of object ever has. */
const LIMIT = 64;

/**
 * The orders of keys in which the objects of one kind come. Nearly all of them come in the same one: who goes over an
 * object's keys beside those of the `recent` order, and compares, need not look up any of them by its name. Loading what
 * stands under the key of a `for … in` is to V8 loading the next field, whatever the object's shape; to look up a name in
 * objects of many shapes costs ten times as much.
 */
export class KeyOrders<Meaning> {
  readonly #meaningOf: (key: string) => Meaning;
  #known: KeyOrder<Meaning>[] = [];
  #recent: KeyOrder<Meaning> = { keys: [], meanings: [] };

  constructor(meaningOf: (key: string) => Meaning) {
    this.#meaningOf = meaningOf;
  }

  /** That of the last objects. */
  get recent(): KeyOrder<Meaning> {
    return this.#recent;
  }

  /** That of an object, which nearly always is the recent one. */
  match(object: object): KeyOrder<Meaning> {
    const { keys } = this.#recent;
    let position = 0;
    for (const key in object) {
      if (keys[position] !== key) return this.of(object);
      position += 1;
    }
    return position === keys.length ? this.#recent : this.of(object);
  }

  /** That of an object for which it is another one; it is the recent one from now on. */
  of(object: object): KeyOrder<Meaning> {
    const keys = Object.keys(object);
    let order = this.#known.find((known) => isSame(known.keys, keys));
    if (order === undefined) {
      if (this.#known.length >= LIMIT) this.#known = [];
      order = { keys, meanings: keys.map(this.#meaningOf) };
      this.#known.push(order);
    }
    this.#recent = order;
    return order;
  }
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((key, index) => key === b[index]);
}
