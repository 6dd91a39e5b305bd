import { type Batch, spaceOf } from "./batch.ts";

/** Batches in the order of their ids, with what they come to. */
export class BatchList {
  #batches: Batch[] = [];
  #points = 0;
  #bytes = 0;

  get length(): number {
    return this.#batches.length;
  }

  get points(): number {
    return this.#points;
  }

  /** The space that they take of a queue's limit. */
  get bytes(): number {
    return this.#bytes;
  }

  get first(): Batch | undefined {
    return this.#batches[0];
  }

  get last(): Batch | undefined {
    return this.#batches.at(-1);
  }

  /** The first with a greater id. */
  after(id: number): Batch | undefined {
    return this.#batches[this.#indexAfter(id)];
  }

  find(isMeant: (batch: Batch) => boolean): Batch | undefined {
    return this.#batches.find(isMeant);
  }

  has(batch: Batch): boolean {
    return this.#batches[this.#indexAfter(batch.id) - 1] === batch;
  }

  add(batch: Batch): void {
    this.#batches.splice(this.#indexAfter(batch.id), 0, batch);
    this.#points += batch.pointCount;
    this.#bytes += spaceOf(batch);
  }

  /** False where it is not in the list. */
  remove(batch: Batch): boolean {
    if (!this.has(batch)) return false;
    this.#batches.splice(this.#indexAfter(batch.id) - 1, 1);
    this.#points -= batch.pointCount;
    this.#bytes -= spaceOf(batch);
    return true;
  }

  /** All of them, as they are now: the list may change meanwhile. */
  snapshot(): readonly Batch[] {
    return this.#batches.slice();
  }

  #indexAfter(id: number): number {
    let low = 0;
    let high = this.#batches.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#batches[middle]?.id ?? 0) <= id) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
