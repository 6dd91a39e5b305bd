import { Backoff } from "../backoff.ts";
import { messageOf } from "../errors.ts";
import type { HistogramValue } from "../metrics/operation-durations.ts";
import { BatchReader } from "./batch-reader.ts";
import { type Codec, decompress } from "./compression.ts";
import { DeliveryLog, type DestinationLog, THINGS } from "./delivery-log.ts";
import type {
  DeliveryCounts,
  Destination,
  ExportOutcome,
  ExportRequest,
  OtlpTransport,
  Signal,
} from "./destination.ts";
import type { DestinationOptions } from "./options.ts";
import { Pace } from "./pace.ts";
import type { Batch } from "./queue/batch.ts";
import type { SendOrder } from "./queue/contract.ts";
import type { DeliveryQueue } from "./queue/delivery-queue.ts";
import { splitRequest } from "./split.ts";
import { TimedTransport } from "./timed-transport.ts";
import { systemTimers, type Timers } from "./timers.ts";
import { createTransport } from "./transport.ts";

/** How a destination is served. */
export interface DeliveryOptions {
  readonly log: DestinationLog;
  /** The destination's own, whose name it bears. */
  readonly queue: DeliveryQueue;
  /** What its requests carry; metrics where nothing is said. */
  readonly signal?: Signal;
  /** oldest-first for a backend that refuses what is older than what it has. */
  readonly order: SendOrder;
  /** How fast what an outage left behind is sent, in bytes as they travel; undefined is no limit. */
  readonly replayRateBytesPerS?: number | undefined;
  /** Waits between attempts. */
  readonly backoff?: { readonly firstMs: number; readonly limitMs: number };
  readonly timers?: Timers;
  /** For the jitter of waits. */
  readonly random?: () => number;
}

/** The limit is short: what waits is a backend that has come back. */
const BACKOFF = { firstMs: 1000, limitMs: 30_000 } as const;

/** The least wait where a backend says when to come again, and the share of the wait by which agents spread. */
const MIN_RETRY_AFTER_MS = 100;
const RETRY_AFTER_JITTER = 0.1;

/** How long a size counts as too large: a limit can be raised, and a proxy can for a while find everything too large. */
const TOO_LARGE_FOR_MS = 600_000;

/**
 * A destination that sends what is in its queue, one request at a time, until the backend takes it, refuses it for
 * good, or it is too old.
 *
 * @throws KvmeterError CONFIG_INVALID where the options cannot work
 */
export function createQueuedDestination(options: DestinationOptions & DeliveryOptions): Destination {
  return new QueuedDestination(createTransport(options), options);
}

/** {@link createQueuedDestination} on any transport. */
export class QueuedDestination implements Destination {
  readonly signal: Signal;
  readonly #options: DeliveryOptions;
  readonly #queue: DeliveryQueue;
  readonly #transport: TimedTransport;
  readonly #timers: Timers;
  readonly #random: () => number;
  readonly #log: DeliveryLog;
  readonly #backoff: Backoff;
  readonly #pace: Pace;
  readonly #reader: BatchReader;
  /** How bodies are stored. */
  readonly #storedCodec: Codec;
  #retryAtMs = 0;
  /** The least size, before compression, that the backend has found too large, until when that counts. */
  #tooLargeBytes = Number.POSITIVE_INFINITY;
  #tooLargeUntilMs = 0;
  #lastError: string | undefined;
  readonly #first = Promise.withResolvers<Error | undefined>();
  readonly #running: Promise<void>;
  #wake: () => void = () => {};
  /** No more is taken over. */
  #closing = false;
  /** What cannot be sent at once is not waited for. */
  #draining = false;
  #closed = false;

  constructor(
    transport: OtlpTransport,
    options: DeliveryOptions & Pick<DestinationOptions, "protocol" | "compression">,
  ) {
    const { queue, log, protocol, compression, timers = systemTimers, random = Math.random } = options;
    this.signal = options.signal ?? "metrics";
    this.#options = options;
    this.#queue = queue;
    this.#transport = new TimedTransport(transport);
    this.#timers = timers;
    this.#random = random;
    this.#log = new DeliveryLog({ name: queue.name, signal: this.signal, log, timers });
    this.#backoff = new Backoff({ ...(options.backoff ?? BACKOFF), random });
    this.#pace = new Pace(options.replayRateBytesPerS);
    const sentCodec = protocol === "http/protobuf" && compression !== "none" ? compression : undefined;
    this.#storedCodec = sentCodec ?? "zstd";
    this.#reader = new BatchReader({ queue, sentCodec, timers });
    queue.onChange = () => this.#wake();
    queue.onDrop = (reason) => this.#log.dropped(reason);
    this.#running = this.#run();
  }

  get name(): string {
    return this.#queue.name;
  }

  get counts(): DeliveryCounts {
    const queue = this.#queue;
    const { account } = queue;
    return {
      handedOverPoints: account.handedOverPoints,
      recoveredPoints: account.recoveredPoints,
      exportedPoints: account.exportedPoints,
      droppedPoints: account.droppedPoints,
      queuedPoints: queue.queuedPoints,
      queuedBatches: queue.queuedBatches,
      queuedBytes: queue.queuedBytes,
      queueLimitBytes: queue.limitBytes,
      oldestAgeMs: queue.oldestAgeMs,
      inFlightPoints: queue.inFlightPoints,
      lastError: this.#lastError,
    };
  }

  get requestDurations(): ReadonlyMap<string, HistogramValue> {
    return this.#transport.durations;
  }

  get firstError(): Promise<Error | undefined> {
    return this.#first.promise;
  }

  deliver(requests: readonly ExportRequest[], onTaken?: () => void): void {
    if (requests.length === 0) onTaken?.();
    else if (this.#closing) this.#queue.refuse(requests, "shutdown");
    else this.#queue.append(requests, this.#storedCodec, onTaken);
  }

  /** An attempt goes on until the time is over or the backend does not take one. */
  async close(timeoutMs: number): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    const timeout = Promise.withResolvers<void>();
    const cancel = this.#timers.after(timeoutMs, timeout.resolve);
    await Promise.race([this.#drain(), timeout.promise]);
    cancel();
    this.#closed = true;
    this.#wake();
    await this.#queue.settled();
    this.#queue.dropUnwritten("shutdown");
    await this.#transport.close();
  }

  async #drain(): Promise<void> {
    await this.#queue.settled();
    this.#draining = true;
    this.#retryAtMs = 0;
    this.#wake();
    await this.#running;
  }

  async #run(): Promise<void> {
    // Whoever makes the destination is done before anything is sent.
    await Promise.resolve();
    while (!this.#closed) {
      const batch = this.#queue.next(this.#options.order);
      const waitMs = batch === undefined ? Number.POSITIVE_INFINITY : this.#waitMs(batch);
      if (batch !== undefined && waitMs === 0) await this.#serve(batch);
      else if (this.#draining) return;
      else await this.#sleep(waitMs);
    }
  }

  #waitMs(batch: Batch): number {
    const nowMs = this.#timers.nowMs();
    // At the end the pace only holds back what stays on disk.
    const isPaced = this.#queue.isBacklog(batch) && !(this.#draining && !this.#queue.isDurable);
    return Math.max(0, this.#retryAtMs - nowMs, isPaced ? this.#pace.waitMs(nowMs) : 0);
  }

  async #serve(batch: Batch): Promise<void> {
    this.#queue.inFlight = batch;
    try {
      await this.#send(batch);
    } catch (error) {
      this.#retryLater(batch, { status: "retry", retryAfterMs: undefined, error: error as Error });
    } finally {
      this.#queue.inFlight = undefined;
    }
  }

  async #send(batch: Batch): Promise<void> {
    const request = await this.#reader.requestOf(batch);
    if (request === undefined) {
      this.#queue.drop(batch, "unreadable");
      return;
    }
    if (this.#timers.nowMs() >= this.#tooLargeUntilMs) this.#tooLargeBytes = Number.POSITIVE_INFINITY;
    if (batch.rawBytes >= this.#tooLargeBytes && (await this.#cut(batch, request))) return;
    if (this.#queue.isBacklog(batch)) this.#pace.spend(batch.storedBytes, this.#timers.nowMs());
    const outcome = await this.#transport.export(request);
    // What arrives after the end does not change the account any more.
    if (this.#closed) return;
    this.#first.resolve(outcome.status === "accepted" ? undefined : outcome.error);
    if (outcome.status === "too-large") {
      if (await this.#cut(batch, request)) {
        this.#tooLargeBytes = Math.min(this.#tooLargeBytes, batch.rawBytes);
        this.#tooLargeUntilMs = this.#timers.nowMs() + TOO_LARGE_FOR_MS;
      } else {
        this.#refuse(batch, "too_large", outcome.error.message);
      }
    } else {
      this.#settle(batch, outcome);
    }
  }

  #settle(batch: Batch, outcome: Exclude<ExportOutcome, { status: "too-large" }>): void {
    switch (outcome.status) {
      case "accepted":
        this.#backoff.reset();
        this.#accept(batch, outcome);
        break;
      case "refused":
        this.#backoff.reset();
        this.#refuse(batch, "refused", outcome.error.message);
        break;
      case "retry":
        this.#retryLater(batch, outcome);
    }
  }

  #accept(batch: Batch, { rejectedPoints, message }: ExportOutcome & { status: "accepted" }): void {
    this.#queue.acknowledge(batch, rejectedPoints);
    if (rejectedPoints === 0) {
      this.#log.well(this.#queue.queuedBatches);
      return;
    }
    const things = THINGS[this.signal];
    this.#lastError = `The backend rejected ${rejectedPoints} of ${batch.pointCount} ${things}: ${message}`;
    this.#log.wrong("rejected", this.#lastError);
  }

  #refuse(batch: Batch, reason: "refused" | "too_large", words: string): void {
    this.#lastError = words;
    this.#queue.setAside(batch, reason, words);
    this.#log.wrong(reason, words);
  }

  #retryLater(batch: Batch, { retryAfterMs, error }: ExportOutcome & { status: "retry" }): void {
    const waitMs =
      retryAfterMs === undefined
        ? this.#backoff.nextMs()
        : Math.max(retryAfterMs, MIN_RETRY_AFTER_MS) * (1 + RETRY_AFTER_JITTER * this.#random());
    this.#retryAtMs = this.#timers.nowMs() + waitMs;
    this.#lastError = messageOf(error);
    this.#log.wrong("unavailable", this.#lastError);
    // A batch of the backlog that fails says nothing of what is new.
    if (!this.#queue.isBacklog(batch)) this.#queue.leaveBehind();
  }

  /** Puts two smaller requests in the batch's place; false where it cannot be cut. */
  async #cut(batch: Batch, { body, codec = "none" }: ExportRequest): Promise<boolean> {
    const halves = splitRequest(await decompress(body, codec, batch.rawBytes), batch.signal);
    return halves !== undefined && (await this.#queue.replace(batch, halves, this.#storedCodec));
  }

  /** Until the time is over or something has changed. */
  async #sleep(waitMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = Number.isFinite(waitMs) ? this.#timers.after(waitMs, resolve) : undefined;
    this.#wake = resolve;
    await promise;
    cancel?.();
  }
}
