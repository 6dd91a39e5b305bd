import type { Logger } from "../../log.ts";
import type { Codec } from "../compression.ts";
import type { ExportRequest } from "../destination.ts";
import type { StoredBatch } from "./batch.ts";
import type { Change } from "./change.ts";
import type { DeliveryQueue } from "./delivery-queue.ts";
import type { QueueClock } from "./queue-time.ts";

/** How much a queue keeps. */
export interface QueueLimits {
  /** Space that the batches may take on disk. */
  readonly maxBytes: number;
  /** How long a batch may wait. */
  readonly maxAgeMs: number;
}

/** Which batch is sent next: always the oldest, or what is new before what an outage left behind. */
export type SendOrder = "oldest-first" | "fresh-first";

/** A request as it is stored. */
export type EncodedRequest = Omit<StoredBatch, "id" | "createdMs" | "destination">;

/** Requests that a queue takes over. */
export interface Appended {
  readonly requests: readonly ExportRequest[];
  readonly codec: Codec;
  /** Is called when their bodies are not read any more. */
  readonly onTaken?: (() => void) | undefined;
}

/** What a queue needs of the store that it is part of. */
export interface QueueHost {
  /** The change that the next transaction will make: what is inserted there is still in memory. */
  readonly change: Change;
  /** The id for the next batch. */
  nextId: number;
  /** Space that the batches of one queue may take in memory. */
  readonly maxMemoryBytes: number;
  readonly isDurable: boolean;
  /** Takes secrets out of words that are to be kept. */
  readonly hide: (text: string) => string;
  nowMs(): number;
  settled(): Promise<void>;
  /** Encodes and then admits the requests. */
  append(queue: DeliveryQueue, appended: Appended): void;
  read(id: number): Promise<Uint8Array | undefined>;
  commitSoon(): void;
}

/** Values by key, which survive the process where the queues do. */
export interface KeyValue {
  /** What was last put under the key; undefined without it, or where it was damaged. */
  get(key: string): Uint8Array | undefined;
  /** Undefined deletes. The bytes must not change afterwards. */
  put(key: string, value: Uint8Array | undefined): void;
}

/**
 * The queues of all destinations and values beside them. What is appended and put within one turn of the event loop
 * becomes one transaction: after the end of the process, however it came, all of it is there or nothing.
 */
export interface StateStore {
  /** Does what is stored survive the process? Not while the directory cannot be written. */
  readonly isDurable: boolean;
  readonly keyValue: KeyValue;
  /** The queue of the destination of this name, with what it left behind earlier. */
  queue(name: string, limits: QueueLimits): DeliveryQueue;
  /** Resolves when everything handed over so far has been encoded and, where the file can be written, written. */
  settled(): Promise<void>;
  /** Writes what is left and lets go of the directory. */
  close(): Promise<void>;
}

/** What a store can be given besides where it is. */
export interface StoreOptions {
  readonly log: Pick<Logger, "info" | "warn">;
  readonly clock?: QueueClock;
  readonly memoryLimitBytes?: number;
  /** Takes secrets out of words that are to be kept. */
  readonly hide?: ((text: string) => string) | undefined;
}
