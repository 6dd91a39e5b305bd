import type { StoredBatch } from "./batch.ts";

/** Why a batch is kept aside, in the backend's words. */
export interface SetAside {
  readonly destination: string;
  readonly words: string;
  /** Newest ones to keep of this destination, and the bytes that they may take together. */
  readonly keep: { readonly count: number; readonly bytes: number };
}

/**
 * What is to become of the stored state in one transaction. A change that cannot be written goes on growing, so it
 * is at the same time the queue in memory.
 */
export class Change {
  readonly inserted = new Map<number, StoredBatch>();
  /** Batches in the file that are no longer queued. */
  readonly deleted = new Set<number>();
  /** Batches in the file that are no longer queued but kept for inspection. */
  readonly setAside = new Map<number, SetAside>();
  /** Undefined deletes. */
  readonly values = new Map<string, Uint8Array | undefined>();

  get isEmpty(): boolean {
    return (
      this.inserted.size === 0 &&
      this.deleted.size === 0 &&
      this.setAside.size === 0 &&
      this.values.size === 0
    );
  }

  insert(batch: StoredBatch): void {
    this.inserted.set(batch.id, batch);
  }

  delete(id: number): void {
    if (!this.inserted.delete(id)) this.deleted.add(id);
  }

  /** A batch that never reached the file is not kept: there is no room for it in memory. */
  putAside(id: number, aside: SetAside): void {
    if (!this.inserted.delete(id)) this.setAside.set(id, aside);
  }
}
