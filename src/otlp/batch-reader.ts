import { type Codec, decompress } from "./compression.ts";
import type { ExportRequest } from "./destination.ts";
import type { Batch } from "./queue/batch.ts";
import type { DeliveryQueue } from "./queue/delivery-queue.ts";
import type { Timers } from "./timers.ts";

/** How long the disk may fail to read a batch before the ones behind it go on: a bad sector does not get better. */
const UNREADABLE_AFTER_MS = 600_000;

interface BatchReaderOptions {
  readonly queue: Pick<DeliveryQueue, "read">;
  /** What the transport takes as it is stored. */
  readonly sentCodec: Codec | undefined;
  readonly timers: Pick<Timers, "nowMs">;
}

/** Makes requests of what is stored. */
export class BatchReader {
  readonly #options: BatchReaderOptions;
  /** The batch that the disk fails to read, and since when. */
  #unread: { readonly batch: Batch; readonly sinceMs: number } | undefined;

  constructor(options: BatchReaderOptions) {
    this.#options = options;
  }

  /**
   * The request as the transport takes it; undefined where what is stored is damaged or could not be read for long.
   * @throws what the system says where it cannot be read now
   */
  async requestOf(batch: Batch): Promise<ExportRequest | undefined> {
    const { pointCount, signal, codec, rawBytes } = batch;
    const stored = await this.#read(batch);
    if (stored === undefined) return undefined;
    if (codec === this.#options.sentCodec) return { body: stored, pointCount, signal, codec };
    const body = await decompress(stored, codec, rawBytes).catch(() => undefined);
    return body === undefined ? undefined : { body, pointCount, signal };
  }

  async #read(batch: Batch): Promise<Uint8Array | undefined> {
    const { queue, timers } = this.#options;
    try {
      return await queue.read(batch);
    } catch (error) {
      const nowMs = timers.nowMs();
      if (this.#unread?.batch !== batch) this.#unread = { batch, sinceMs: nowMs };
      if (nowMs - this.#unread.sinceMs < UNREADABLE_AFTER_MS) throw error;
      return undefined;
    }
  }
}
