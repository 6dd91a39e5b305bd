import type { LiveItem } from "./live-scope.ts";

/** Parts of one item that are remembered, those that left last: a vCPU has some 60 in all. */
const LIMIT = 250;

/** Parts of an item that a reading did not have. One that comes back counts on: what it has told is not told again. */
export class AwayItems {
  readonly #items = new Map<string, LiveItem>();

  get(key: string): LiveItem | undefined {
    return this.#items.get(key);
  }

  add(key: string, item: LiveItem): void {
    // At the end, where those are that left last.
    this.#items.delete(key);
    this.#items.set(key, item);
    const [longest] = this.#items.keys();
    if (this.#items.size > LIMIT && longest !== undefined) this.#items.delete(longest);
  }
}
