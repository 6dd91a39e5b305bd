import type { Codec } from "../compression.ts";
import type { DropReason, ExportRequest } from "../destination.ts";
import { BatchList } from "./batch-list.ts";
import { type Batch, ID_STEP, spaceOf, stepEndOf, type StoredBatch } from "./batch.ts";
import type { EncodedRequest, QueueHost, QueueLimits, SendOrder } from "./contract.ts";
import { DeliveryAccount } from "./delivery-account.ts";
import { encodeRequests } from "./encoded-request.ts";

/** How many of the newest batches that a backend refused are kept, and how much of the queue's space they may take. */
const KEPT_ASIDE = { count: 10, shareOfBytes: 1 / 16 } as const;

/**
 * The batches of one destination, the oldest first, as a list of what is known of them; the bodies are in the store.
 * It keeps the account: a batch leaves it exported or dropped for a reason, and only once.
 */
export class DeliveryQueue {
  readonly name: string;
  readonly account: DeliveryAccount;
  limits: QueueLimits;
  /** Called when there may be something new to send. */
  onChange: () => void = () => {};
  /** Called for every drop. */
  onDrop: (reason: DropReason) => void = () => {};
  /** The batch that is being sent: it is not dropped to make room, nor for its age. */
  inFlight: Batch | undefined;
  readonly #host: QueueHost;
  readonly #batches = new BatchList();
  /** Space of the batches that are not in the file. */
  #memoryBytes = 0;
  /** Points that are being encoded. */
  #encodingPoints = 0;
  /** Batches up to this one are what an outage or an earlier process left behind. */
  #backlogEnd = 0;

  constructor(name: string, limits: QueueLimits, host: QueueHost) {
    this.name = name;
    this.limits = limits;
    this.#host = host;
    this.account = new DeliveryAccount((reason) => this.onDrop(reason));
  }

  get queuedPoints(): number {
    return this.#batches.points + this.#encodingPoints;
  }

  get queuedBatches(): number {
    return this.#batches.length;
  }

  /** The space that the batches take of the limit. */
  get queuedBytes(): number {
    return this.#batches.bytes;
  }

  /** The space that they may take: as configured, as far as the store's memory has room for what it cannot write. */
  get limitBytes(): number {
    const { maxBytes } = this.limits;
    if (this.isDurable) return maxBytes;
    const writtenBytes = this.queuedBytes - this.#memoryBytes;
    return Math.min(maxBytes, writtenBytes + this.#host.maxMemoryBytes);
  }

  get inFlightPoints(): number {
    return this.inFlight?.pointCount ?? 0;
  }

  /** Does what is queued survive the process? */
  get isDurable(): boolean {
    return this.#host.isDurable;
  }

  get oldestAgeMs(): number {
    const oldest = this.#batches.first;
    return oldest === undefined ? 0 : this.#host.nowMs() - oldest.createdMs;
  }

  /** Takes requests over, to be stored in the order given; `onTaken` is called when their bodies are not read any more. */
  append(requests: readonly ExportRequest[], codec: Codec, onTaken?: () => void): void {
    for (const { pointCount } of requests) {
      this.account.handedOverPoints += pointCount;
      this.#encodingPoints += pointCount;
    }
    this.#host.append(this, { requests, codec, onTaken });
  }

  /** Queues what {@link append} took over, now that it is encoded; the oldest make room where they must. */
  admit(requests: readonly EncodedRequest[]): void {
    const createdMs = this.#host.nowMs();
    for (const request of requests) {
      this.#encodingPoints -= request.pointCount;
      const id = this.#host.nextId;
      this.#host.nextId += ID_STEP;
      this.#insert({ ...request, id, createdMs, destination: this.name });
    }
    this.expire();
    this.makeRoom();
    this.onChange();
  }

  /** Drops requests that cannot be queued any more. */
  refuse(requests: readonly ExportRequest[], reason: DropReason): void {
    for (const { pointCount } of requests) {
      this.account.handedOverPoints += pointCount;
      this.account.drop(reason, pointCount);
    }
  }

  /** Drops requests that {@link append} took over and that were not encoded. */
  giveUp(requests: readonly ExportRequest[], reason: DropReason): void {
    for (const { pointCount } of requests) {
      this.#encodingPoints -= pointCount;
      this.account.drop(reason, pointCount);
    }
  }

  /** Takes over what the file holds: batches older than all that are here. */
  recover(batches: readonly Batch[]): void {
    for (const batch of batches) {
      this.#batches.add(batch);
      this.account.recoveredPoints += batch.pointCount;
    }
    this.#backlogEnd = Math.max(this.#backlogEnd, batches.at(-1)?.id ?? 0);
    this.expire();
    this.makeRoom();
    this.onChange();
  }

  /** Resolves when everything appended so far can be sent. */
  settled(): Promise<void> {
    return this.#host.settled();
  }

  /** The batch to be sent next. */
  next(order: SendOrder): Batch | undefined {
    this.expire();
    const fresh = order === "fresh-first" ? this.#batches.after(this.#backlogEnd) : undefined;
    return fresh ?? this.#batches.first;
  }

  /** Was the batch left behind by an outage or an earlier process? */
  isBacklog(batch: Batch): boolean {
    return batch.id <= this.#backlogEnd;
  }

  /** Everything that is queued now is left behind by an outage. */
  leaveBehind(): void {
    this.#backlogEnd = this.#batches.last?.id ?? this.#backlogEnd;
  }

  /** The body as it is stored; undefined where that is damaged. */
  read(batch: Batch): Promise<Uint8Array | undefined> {
    return this.#host.read(batch.id);
  }

  /** The backend took the batch, without so many of its points. */
  acknowledge(batch: Batch, rejectedPoints = 0): void {
    if (!this.#take(batch)) return;
    this.account.exportedPoints += batch.pointCount - rejectedPoints;
    this.account.drop("rejected", rejectedPoints);
    this.#delete(batch);
  }

  /** The backend will never take the batch: kept aside with its words for whoever wants to know why. */
  setAside(batch: Batch, reason: "refused" | "too_large", words: string): void {
    if (!this.#take(batch)) return;
    this.account.drop(reason, batch.pointCount);
    const bytes = this.limits.maxBytes * KEPT_ASIDE.shareOfBytes;
    const keep = { count: KEPT_ASIDE.count, bytes };
    this.#host.change.putAside(batch.id, { destination: this.name, words: this.#host.hide(words), keep });
    this.#host.commitSoon();
  }

  /** Drops one batch. */
  drop(batch: Batch, reason: DropReason): void {
    if (!this.#take(batch)) return;
    this.account.drop(reason, batch.pointCount);
    this.#delete(batch);
  }

  /** Drops what ends with the process. */
  dropUnwritten(reason: DropReason): void {
    const { inserted } = this.#host.change;
    for (const batch of this.#batches.snapshot()) if (inserted.has(batch.id)) this.drop(batch, reason);
  }

  /**
   * Puts the pieces in the batch's place, the first under its id. False where there is no room up to the next one: no
   * batch is ever cut so often.
   */
  async replace(batch: Batch, pieces: readonly ExportRequest[], codec: Codec): Promise<boolean> {
    const encoded = await encodeRequests(pieces, codec);
    if (!this.#batches.has(batch)) return true;
    // What was queued next can be another destination's.
    const endId = Math.min(this.#batches.after(batch.id)?.id ?? Infinity, stepEndOf(batch));
    const step = Math.floor((endId - batch.id) / encoded.length);
    if (step < 1) return false;
    const lastId = batch.id + step * (encoded.length - 1);
    if (this.isBacklog(batch)) this.#backlogEnd = Math.max(this.#backlogEnd, lastId);
    this.#take(batch);
    this.#delete(batch);
    for (const [index, piece] of encoded.entries()) {
      const id = batch.id + step * index;
      this.#insert({ ...piece, id, createdMs: batch.createdMs, destination: this.name });
    }
    this.makeRoom();
    return true;
  }

  /** Drops what has become too old. */
  expire(): void {
    const bornMs = this.#host.nowMs() - this.limits.maxAgeMs;
    let oldest = this.#batches.first;
    while (oldest !== undefined && oldest.createdMs < bornMs && oldest !== this.inFlight) {
      this.drop(oldest, "too_old");
      oldest = this.#batches.first;
    }
  }

  /**
   * Drops what there is no room for, the oldest first; where it is memory that is short, the oldest of those that are
   * there. What will be in the file in a moment is not short of it, however much came at once.
   */
  makeRoom(): void {
    const { inserted } = this.#host.change;
    while (this.queuedBytes > this.limits.maxBytes && this.#dropOldest(() => true));
    if (this.isDurable) return;
    while (this.#memoryBytes > this.#host.maxMemoryBytes && this.#dropOldest(({ id }) => inserted.has(id)));
  }

  /** The store has written everything to the file. */
  written(): void {
    this.#memoryBytes = 0;
  }

  /** Brings what is in the file back into memory, as far as there is room: what is being sent, then the newest first. */
  takeBack(read: (id: number) => Uint8Array | undefined): void {
    const { change, maxMemoryBytes } = this.#host;
    const newestFirst = this.#batches.snapshot().toReversed();
    const sent = newestFirst.filter((batch) => batch === this.inFlight);
    for (const batch of [...sent, ...newestFirst]) {
      if (change.inserted.has(batch.id)) continue;
      const hasRoom = this.#memoryBytes + spaceOf(batch) <= maxMemoryBytes;
      const body = hasRoom ? read(batch.id) : undefined;
      if (body === undefined) {
        this.drop(batch, hasRoom ? "unreadable" : "queue_full");
      } else {
        change.insert({ ...batch, body, destination: this.name });
        this.#memoryBytes += spaceOf(batch);
      }
    }
  }

  /** Drops the batches that were in the file and are no longer. */
  reconcile(isThere: (id: number) => boolean): void {
    for (const batch of this.#batches.snapshot()) {
      if (!this.#host.change.inserted.has(batch.id) && !isThere(batch.id)) this.drop(batch, "unreadable");
    }
  }

  /** Renames and redates the batches, which were all queued without knowing of those in the file. */
  shift({ ids, ms }: { readonly ids: number; readonly ms: number }): void {
    for (const batch of this.#batches.snapshot()) {
      Object.assign(batch, { id: batch.id + ids, createdMs: batch.createdMs + ms });
    }
    this.#backlogEnd += ids;
  }

  #insert({ body, destination, ...batch }: StoredBatch): void {
    this.#host.change.insert({ ...batch, body, destination });
    this.#batches.add(batch);
    this.#memoryBytes += spaceOf(batch);
    this.#host.commitSoon();
  }

  /** Takes the batch out of the list; false where it is not in it. */
  #take(batch: Batch): boolean {
    if (!this.#batches.remove(batch)) return false;
    if (this.#host.change.inserted.has(batch.id)) this.#memoryBytes -= spaceOf(batch);
    return true;
  }

  #delete(batch: Batch): void {
    this.#host.change.delete(batch.id);
    this.#host.commitSoon();
  }

  #dropOldest(isMeant: (batch: Batch) => boolean): boolean {
    const oldest = this.#batches.find((batch) => batch !== this.inFlight && isMeant(batch));
    if (oldest !== undefined) this.drop(oldest, "queue_full");
    return oldest !== undefined;
  }
}
