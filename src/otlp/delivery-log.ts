import type { Logger } from "../log.ts";
import type { DropReason, Signal } from "./destination.ts";
import type { Timers } from "./timers.ts";

export type DestinationLog = Pick<Logger, "info" | "warn">;

/** What can be wrong with delivery while it goes on. */
export type Problem = "unavailable" | "refused" | "rejected" | "too_large";

/** Delivery is well again when nothing has been wrong for so long: a backend may be so again and again. */
const WELL_AFTER_MS: Readonly<Record<Problem, number>> = {
  unavailable: 10_000,
  refused: 60_000,
  rejected: 60_000,
  too_large: 60_000,
};

/** What a signal is made of. */
export const THINGS: Readonly<Record<Signal, string>> = { metrics: "points", logs: "log records" };

/** What to say of things that are lost before anybody has refused them. */
const DROP_WORDS: Readonly<Partial<Record<DropReason, (things: string) => string>>> = {
  queue_full: (things) => `The queue is full: the oldest ${things} are dropped to make room for new ones`,
  too_old: (things) => `Some ${things} have waited longer than the queue's age limit and are dropped`,
  unreadable: (things) => `Some ${things} in the queue's file cannot be read any more and are dropped`,
};

interface DeliveryLogOptions {
  readonly name: string;
  readonly signal: Signal;
  readonly log: DestinationLog;
  readonly timers: Timers;
}

/** Tells the log of one destination's changes of state, each once, however many batches it is about. */
export class DeliveryLog {
  readonly #fields: { readonly destination: string };
  readonly #log: DestinationLog;
  readonly #timers: Timers;
  readonly #things: string;
  /** Undefined until something has been sent or has failed. */
  #state: "well" | Problem | undefined;
  #wrongAtMs = 0;
  readonly #dropping = new Set<DropReason>();

  constructor({ name, signal, log, timers }: DeliveryLogOptions) {
    this.#fields = { destination: name };
    this.#log = log;
    this.#timers = timers;
    this.#things = THINGS[signal];
  }

  /** The backend took a request. `waiting`: batches that are still queued. */
  well(waiting: number): void {
    if (this.#state === "well") return;
    if (this.#state === undefined) {
      this.#log.info(this.#fields, "Export works");
    } else {
      if (this.#timers.nowMs() - this.#wrongAtMs < WELL_AFTER_MS[this.#state]) return;
      this.#log.info({ ...this.#fields, waiting }, "Export works again");
    }
    this.#state = "well";
    this.#dropping.clear();
  }

  wrong(problem: Problem, message: string): void {
    this.#wrongAtMs = this.#timers.nowMs();
    if (this.#state === problem) return;
    this.#state = problem;
    this.#log.warn(this.#fields, message);
  }

  dropped(reason: DropReason): void {
    const words = DROP_WORDS[reason];
    if (words === undefined || this.#dropping.has(reason)) return;
    this.#dropping.add(reason);
    this.#log.warn({ ...this.#fields, reason }, words(this.#things));
  }
}
