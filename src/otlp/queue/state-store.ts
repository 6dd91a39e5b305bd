import { KvmeterError, messageOf } from "../../errors.ts";
import type { Codec } from "../compression.ts";
import type { ExportRequest } from "../destination.ts";
import { type Batch, ID_STEP } from "./batch.ts";
import { Change } from "./change.ts";
import type {
  EncodedRequest,
  KeyValue,
  QueueHost,
  QueueLimits,
  StateStore,
  StoreOptions,
} from "./contract.ts";
import { DeliveryQueue } from "./delivery-queue.ts";
import { encodeRequests } from "./encoded-request.ts";
import { type QueueClock, QueueTime, systemQueueClock } from "./queue-time.ts";
import { isDamaged } from "./sqlite-errors.ts";
import { type OpenedFile, replaceDamagedFile, type StateDirectory, TIME_KEY } from "./state-directory.ts";
import type { StateFile } from "./state-file.ts";

/** Space in memory for the batches of one destination, where there is no file or while it cannot be written. */
export const MEMORY_LIMIT_BYTES = 32 * 1024 * 1024;

/** How long what a destination left behind is kept that is no longer configured. */
const ORPHAN_LIMITS: QueueLimits = { maxBytes: Number.MAX_SAFE_INTEGER, maxAgeMs: 48 * 3_600_000 };

/** How long to leave a file alone that could not be opened or written. */
const FILE_RETRY_MS = 10_000;

/** Cycles of one destination that may wait to be encoded: more of them wait only if something hangs. */
const WAITING_LIMIT = 8;

interface Append {
  readonly queue: DeliveryQueue;
  readonly requests: readonly ExportRequest[];
  readonly codec: Codec;
}

/** What came within one turn of the event loop. */
class Turn {
  readonly appends: Append[] = [];
  readonly values = new Map<string, Uint8Array | undefined>();
}

/** {@link StateStore} on a directory, or without one in memory alone: then the change is never written. */
export class Store implements StateStore, QueueHost {
  readonly maxMemoryBytes: number;
  readonly keyValue: KeyValue = {
    get: (key) => this.#value(key),
    put: (key, value) => {
      this.#turn.values.set(key, value);
      this.commitSoon();
    },
  };
  nextId = ID_STEP;
  readonly #log: StoreOptions["log"];
  readonly #directory: StateDirectory | undefined;
  readonly #clock: QueueClock;
  #time: QueueTime;
  #file: StateFile | undefined;
  #change = new Change();
  #turn = new Turn();
  /** The turn that is being encoded. */
  #encoding = new Turn();
  readonly #queues = new Map<string, DeliveryQueue>();
  /** What the file holds for names that no queue has asked for. */
  #unclaimed = new Map<string, Batch[]>();
  #working: Promise<void> | undefined;
  #hasWork = false;
  /** What keeps the file from being used, as far as the log is concerned. */
  #problem: string | undefined;
  #retryFileMs = 0;
  #opened = false;
  #closed = false;

  constructor(directory: StateDirectory | undefined, options: StoreOptions) {
    this.maxMemoryBytes = options.memoryLimitBytes ?? MEMORY_LIMIT_BYTES;
    this.#log = options.log;
    this.#directory = directory;
    this.#clock = options.clock ?? systemQueueClock();
    this.#time = new QueueTime(this.#clock);
    this.#openFile();
    this.#opened = true;
  }

  get isDurable(): boolean {
    return this.#file !== undefined && this.#problem === undefined;
  }

  get change(): Change {
    return this.#change;
  }

  queue(name: string, limits: QueueLimits): DeliveryQueue {
    const known = this.#queues.get(name);
    if (known !== undefined) {
      known.limits = limits;
      return known;
    }
    const queue = new DeliveryQueue(name, limits, this);
    this.#queues.set(name, queue);
    queue.recover(this.#unclaimed.get(name) ?? []);
    this.#unclaimed.delete(name);
    return queue;
  }

  nowMs(): number {
    return this.#time.nowMs();
  }

  append(queue: DeliveryQueue, requests: readonly ExportRequest[], codec: Codec): void {
    const { appends } = this.#turn;
    const waiting = appends.filter((append) => append.queue === queue);
    const [oldest] = waiting;
    if (oldest !== undefined && waiting.length >= WAITING_LIMIT) {
      appends.splice(appends.indexOf(oldest), 1);
      queue.giveUp(oldest.requests, "queue_full");
    }
    appends.push({ queue, requests, codec });
    this.commitSoon();
  }

  async read(id: number): Promise<Uint8Array | undefined> {
    const pending = this.#change.inserted.get(id);
    if (pending !== undefined) return pending.body;
    return this.#fromFile((file) => file.read(id));
  }

  commitSoon(): void {
    this.#hasWork = true;
    this.#working ??= this.#work();
  }

  async settled(): Promise<void> {
    while (this.#working !== undefined) await this.#working;
    this.#retryFileMs = 0;
    this.#commit();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    await this.settled();
    this.#closed = true;
    this.#file?.close();
    this.#file = undefined;
    this.#directory?.release();
  }

  async #work(): Promise<void> {
    await new Promise(setImmediate);
    while (this.#hasWork && !this.#closed) {
      this.#hasWork = false;
      await this.#encodeTurn();
      this.#commit();
    }
    this.#working = undefined;
  }

  async #encodeTurn(): Promise<void> {
    const turn = this.#turn;
    this.#turn = new Turn();
    this.#encoding = turn;
    const admitted: [DeliveryQueue, EncodedRequest[]][] = [];
    for (const { queue, requests, codec } of turn.appends) {
      admitted.push([queue, await encodeRequests(requests, codec)]);
    }
    for (const [queue, requests] of admitted) queue.admit(requests);
    for (const [key, value] of turn.values) this.#change.values.set(key, value);
    this.#encoding = new Turn();
  }

  #commit(): void {
    if (this.#directory === undefined || this.#change.isEmpty) return;
    const uptimeMs = this.#clock.uptimeMs();
    if (this.#problem !== undefined && uptimeMs < this.#retryFileMs) return;
    if (this.#file === undefined && !this.#openFile()) return;
    try {
      this.#write();
    } catch (error) {
      if (!isDamaged(error)) {
        this.#fail(error);
        return;
      }
      this.#replaceFile(error);
    }
  }

  #write(): void {
    this.#claimOrphans();
    this.#change.values.set(TIME_KEY, Buffer.from(JSON.stringify(this.#time.moment())));
    this.#file?.commit(this.#change);
    this.#change = new Change();
    for (const queue of this.#queues.values()) queue.written();
    if (this.#problem !== undefined) {
      this.#problem = undefined;
      this.#log.info({ directory: this.#directory?.path }, "The state directory can be written again");
    }
  }

  /** Opens the file and takes over what it holds. Without one all goes on in memory. */
  #openFile(): boolean {
    if (this.#directory === undefined) return false;
    try {
      this.#adopt(this.#directory.open());
    } catch (error) {
      // Later it is no reason to stop: the agent has been collecting without the directory all along.
      if (error instanceof KvmeterError && !this.#opened) throw error;
      this.#fail(error);
      return false;
    }
    return true;
  }

  #adopt({ file, batches: recovered, moment }: OpenedFile): void {
    const lastId = Math.max(0, ...Array.from(recovered.values(), (batches) => batches.at(-1)?.id ?? 0));
    const time = new QueueTime(this.#clock, moment);
    this.#file = file;
    this.#shift({ ids: Math.ceil(lastId / ID_STEP) * ID_STEP, ms: time.nowMs() - this.#time.nowMs() });
    this.#time = time;
    this.#unclaimed = recovered;
    for (const [name, queue] of this.#queues) {
      queue.recover(recovered.get(name) ?? []);
      recovered.delete(name);
    }
  }

  /** Makes what was queued before the file could be opened the newer of the two. */
  #shift(by: { readonly ids: number; readonly ms: number }): void {
    const change = new Change();
    for (const batch of this.#change.inserted.values()) {
      change.insert({ ...batch, id: batch.id + by.ids, createdMs: batch.createdMs + by.ms });
    }
    for (const [key, value] of this.#change.values) change.values.set(key, value);
    this.#change = change;
    this.nextId += by.ids;
    for (const queue of this.#queues.values()) queue.shift(by);
  }

  /**
   * What is queued for a destination that the configuration no longer has stays until it is old, for the day on which
   * it is configured again.
   */
  #claimOrphans(): void {
    for (const [name, batches] of this.#unclaimed) {
      this.#log.warn(
        { destination: name, batches: batches.length },
        "The configuration no longer has this destination: what is queued for it is kept for 48 hours",
      );
      this.queue(name, ORPHAN_LIMITS);
    }
    for (const queue of this.#queues.values()) queue.expire();
  }

  #fail(error: unknown): void {
    this.#retryFileMs = this.#clock.uptimeMs() + FILE_RETRY_MS;
    const isNew = this.#problem === undefined;
    this.#problem = messageOf(error);
    if (!isNew) return;
    const limit = `${Math.floor(this.maxMemoryBytes / 2 ** 20)} MiB`;
    this.#log.warn(
      { directory: this.#directory?.path },
      `Cannot write to the state directory: ${this.#problem}: queueing in memory, at most ${limit} for each ` +
        `destination, until it can be written`,
    );
  }

  /** Sets a damaged file aside and goes on with a new one, with everything that could still be read in it. */
  #replaceFile(error: unknown): void {
    this.#file?.close();
    this.#file = undefined;
    if (this.#directory === undefined) return;
    try {
      const { file, batches } = replaceDamagedFile(this.#directory, error);
      this.#file = file;
      const ids = new Set([...batches.values()].flat().map(({ id }) => id));
      for (const queue of this.#queues.values()) queue.reconcile((id) => ids.has(id));
      this.#write();
    } catch (failure) {
      this.#fail(failure);
    }
  }

  #value(key: string): Uint8Array | undefined {
    for (const { values } of [this.#turn, this.#encoding, this.#change]) {
      if (values.has(key)) return values.get(key);
    }
    try {
      return this.#fromFile((file) => file.value(key));
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
  }

  /** Reads, if need be from the file that takes the place of a damaged one. */
  #fromFile<Result>(read: (file: StateFile) => Result): Result | undefined {
    if (this.#file === undefined) return undefined;
    try {
      return read(this.#file);
    } catch (error) {
      if (!isDamaged(error)) throw error;
      this.#replaceFile(error);
      return this.#file === undefined ? undefined : read(this.#file);
    }
  }
}
