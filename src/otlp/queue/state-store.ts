import { type Batch, ID_STEP } from "./batch.ts";
import { Change } from "./change.ts";
import type {
  Appended,
  EncodedRequest,
  KeyValue,
  QueueHost,
  QueueLimits,
  StateStore,
  StoreOptions,
} from "./contract.ts";
import { DeliveryQueue } from "./delivery-queue.ts";
import { encodeRequests } from "./encoded-request.ts";
import { FileAccess } from "./file-access.ts";
import { type QueueClock, QueueTime, systemQueueClock } from "./queue-time.ts";
import { type OpenedFile, type StateDirectory, TIME_KEY } from "./state-directory.ts";

/**
 * Space in memory for the batches of one destination, where there is no file or while it cannot be written: an outage
 * may not cost a host of 100 VMs more than 20 MB.
 */
export const MEMORY_LIMIT_BYTES = 16 * 1024 * 1024;

/** How long what a destination left behind is kept that is no longer configured. */
const ORPHAN_LIMITS: QueueLimits = { maxBytes: Number.MAX_SAFE_INTEGER, maxAgeMs: 48 * 3_600_000 };

/** Cycles of one destination that may wait to be encoded: more of them wait only if something hangs. */
const WAITING_LIMIT = 8;

interface Append extends Appended {
  readonly queue: DeliveryQueue;
}

/** What came within one turn of the event loop. */
class Turn {
  readonly appends: Append[] = [];
  readonly values = new Map<string, Uint8Array | undefined>();
}

/** {@link StateStore} on a directory, or without one in memory alone: then the change is never written. */
export class Store implements StateStore, QueueHost {
  readonly maxMemoryBytes: number;
  readonly hide: (text: string) => string;
  readonly keyValue: KeyValue = {
    get: (key) => this.#value(key),
    put: (key, value) => {
      this.#turn.values.set(key, value);
      this.commitSoon();
    },
  };
  nextId = ID_STEP;
  readonly #log: StoreOptions["log"];
  readonly #clock: QueueClock;
  #time: QueueTime;
  readonly #file: FileAccess | undefined;
  #change = new Change();
  #turn = new Turn();
  /** The turn that is being encoded. */
  #encoding = new Turn();
  readonly #queues = new Map<string, DeliveryQueue>();
  /** What the file holds for names that no queue has asked for. */
  #unclaimed = new Map<string, Batch[]>();
  #working: Promise<void> | undefined;
  #hasWork = false;
  #closed = false;

  constructor(directory: StateDirectory | undefined, options: StoreOptions) {
    this.maxMemoryBytes = options.memoryLimitBytes ?? MEMORY_LIMIT_BYTES;
    this.hide = options.hide ?? ((text) => text);
    this.#log = options.log;
    this.#clock = options.clock ?? systemQueueClock();
    this.#time = new QueueTime(this.#clock);
    if (directory === undefined) return;
    const [log, clock, maxMemoryBytes] = [this.#log, this.#clock, this.maxMemoryBytes];
    const onReplaced = (batches: OpenedFile["batches"]) => this.#reconcile(batches);
    this.#file = new FileAccess(directory, { log, clock, maxMemoryBytes, onReplaced });
    this.#openFile(this.#file);
  }

  get isDurable(): boolean {
    return this.#file?.isWell === true;
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

  append(queue: DeliveryQueue, appended: Appended): void {
    const { appends } = this.#turn;
    const waiting = appends.filter((append) => append.queue === queue);
    const [oldest] = waiting;
    if (oldest !== undefined && waiting.length >= WAITING_LIMIT) {
      appends.splice(appends.indexOf(oldest), 1);
      queue.giveUp(oldest.requests, "queue_full");
      oldest.onTaken?.();
    }
    appends.push({ queue, ...appended });
    this.commitSoon();
  }

  async read(id: number): Promise<Uint8Array | undefined> {
    const pending = this.#change.inserted.get(id);
    if (pending !== undefined) return pending.body;
    return this.#file?.use((file) => file.read(id));
  }

  commitSoon(): void {
    this.#hasWork = true;
    this.#working ??= this.#work();
  }

  async settled(): Promise<void> {
    while (this.#working !== undefined) await this.#working;
    this.#file?.hurry();
    this.#commit();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    await this.settled();
    this.#closed = true;
    this.#file?.close();
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
    for (const { queue, requests, codec, onTaken } of turn.appends) {
      admitted.push([queue, await encodeRequests(requests, codec)]);
      // A body that is stored as it came is still the same bytes.
      if (codec !== "none") onTaken?.();
    }
    for (const [queue, requests] of admitted) queue.admit(requests);
    for (const [key, value] of turn.values) this.#change.values.set(key, value);
    this.#encoding = new Turn();
  }

  #commit(): void {
    const file = this.#file;
    if (file === undefined || this.#change.isEmpty || file.isWaiting) return;
    // What is written to a file that is gone ends with the process.
    if (file.isGone) file.leave((read) => this.#takeBack(read));
    if (!file.isOpen && !this.#openFile(file)) return;
    this.#claimOrphans();
    this.#change.values.set(TIME_KEY, Buffer.from(JSON.stringify(this.#time.moment())));
    if (!file.write((open) => open.commit(this.#change))) {
      for (const queue of this.#queues.values()) queue.makeRoom();
      return;
    }
    this.#change = new Change();
    for (const queue of this.#queues.values()) queue.written();
  }

  /** Opens the file and takes over what it holds. Without one all goes on in memory. */
  #openFile(file: FileAccess): boolean {
    const opened = file.open();
    if (opened !== undefined) this.#adopt(opened);
    return opened !== undefined;
  }

  #adopt({ batches: recovered, moment }: OpenedFile): void {
    const lastId = Math.max(0, ...Array.from(recovered.values(), (batches) => batches.at(-1)?.id ?? 0));
    const time = new QueueTime(this.#clock, moment);
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

  #takeBack(read: (id: number) => Uint8Array | undefined): void {
    for (const queue of this.#queues.values()) queue.takeBack(read);
  }

  /** What a damaged file has lost is dropped. */
  #reconcile(batches: OpenedFile["batches"]): void {
    const ids = new Set([...batches.values()].flat().map(({ id }) => id));
    for (const queue of this.#queues.values()) queue.reconcile((id) => ids.has(id));
  }

  #value(key: string): Uint8Array | undefined {
    for (const { values } of [this.#turn, this.#encoding, this.#change]) {
      if (values.has(key)) return values.get(key);
    }
    try {
      return this.#file?.use((file) => file.value(key));
    } catch (error) {
      this.#file?.fail(error);
      return undefined;
    }
  }
}
