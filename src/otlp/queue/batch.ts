import type { Codec } from "../compression.ts";
import type { Signal } from "../destination.ts";

/** What is known of a queued request besides its body, which is only read to be sent. */
export interface Batch {
  /** Greater than that of every batch queued earlier. */
  readonly id: number;
  readonly signal: Signal;
  /** When it was queued, milliseconds of QueueTime; can be below 0. */
  readonly createdMs: number;
  readonly pointCount: number;
  /** How the body is stored. */
  readonly codec: Codec;
  /** Length of the body as a request, before compression. */
  readonly rawBytes: number;
  /** Length of the body as it is stored. */
  readonly storedBytes: number;
}

/** A batch with all that is stored of it. */
export interface StoredBatch extends Batch {
  /** The destination's name. */
  readonly destination: string;
  readonly body: Uint8Array;
}

/**
 * Distance between the ids of two batches queued one after the other, for whichever destination: they are multiples
 * of it. What a batch is cut into goes between it and the next: there is room for a batch of 64 MiB to be cut down to
 * single points.
 */
export const ID_STEP = 2 ** 22;

/** Below this all ids are of the batch and of what it is cut into. */
export function stepEndOf({ id }: Pick<Batch, "id">): number {
  return (Math.floor(id / ID_STEP) + 1) * ID_STEP;
}

const PAGE_BYTES = 4096;
const ROW_BYTES = 48;

/**
 * What a batch takes of a queue's limit: the most that the file grows by it. A small row shares its page with others,
 * of which half may stay empty; a large one leaves at most a page partly empty.
 */
export function spaceOf({ storedBytes }: Pick<Batch, "storedBytes">): number {
  return storedBytes + Math.min(storedBytes, PAGE_BYTES) + ROW_BYTES;
}
