/** Procedures of the keepalive program (virkeepaliveprotocol.x). */
export const KeepaliveProcedure = { ping: 1, pong: 2 } as const;

/** When to ask whether the daemon is still there, and when to give it up. */
export interface KeepaliveOptions {
  /** A ping goes out after so long a silence. */
  readonly intervalMs: number;
  /** The connection is given up after so many silent intervals, each but the last with an unanswered ping. */
  readonly silentIntervals: number;
}

/** libvirtd's own: a ping every 5 s, the end after 30 s. */
export const DEFAULT_KEEPALIVE: KeepaliveOptions = { intervalMs: 5000, silentIntervals: 6 };

/**
 * Counts silence in intervals that this process has really lived through, not by the clock: after a suspend the
 * daemon is asked before it is given up.
 */
export class Keepalive {
  readonly #options: KeepaliveOptions;
  readonly #actions: { ping(): void; giveUp(silentMs: number): void };
  #timer: NodeJS.Timeout | undefined;
  #silentIntervals = 0;

  constructor(options: KeepaliveOptions, actions: { ping(): void; giveUp(silentMs: number): void }) {
    this.#options = options;
    this.#actions = actions;
  }

  start(): void {
    this.#timer ??= setTimeout(() => this.#intervalEnded(), this.#options.intervalMs).unref();
  }

  /** Anything that arrives proves the daemon alive. */
  received(): void {
    this.#silentIntervals = 0;
    this.#timer?.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #intervalEnded(): void {
    this.#silentIntervals += 1;
    if (this.#silentIntervals >= this.#options.silentIntervals) {
      this.stop();
      this.#actions.giveUp(this.#silentIntervals * this.#options.intervalMs);
      return;
    }
    this.#actions.ping();
    this.#timer?.refresh();
  }
}
