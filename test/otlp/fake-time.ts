import type { QueueClock } from "../../src/otlp/queue/queue-time.ts";
import type { Timers } from "../../src/otlp/timers.ts";

interface Waiting {
  readonly atMs: number;
  readonly callback: () => void;
}

/** Time that passes when a test says so, for the sender and the queue alike. */
export class FakeTime implements Timers, QueueClock {
  readonly bootId = "boot";
  #nowMs = 1_000_000;
  readonly #waiting = new Set<Waiting>();
  /** What goes on in other threads, as compression does, takes no time of this clock: it is waited for. */
  readonly busy: { settled(): Promise<void> }[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  uptimeMs(): number {
    return this.#nowMs;
  }

  after(waitMs: number, callback: () => void): () => void {
    const entry = { atMs: this.#nowMs + waitMs, callback };
    this.#waiting.add(entry);
    return () => void this.#waiting.delete(entry);
  }

  /** Lets so much time pass, and everything happen that is due meanwhile, at its own moment. */
  async pass(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await this.settle();
    for (let next = this.#next(endMs); next !== undefined; next = this.#next(endMs)) {
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      this.#waiting.delete(next);
      next.callback();
      await this.settle();
    }
    this.#nowMs = endMs;
  }

  /** Lets everything happen that needs no time. */
  async settle(): Promise<void> {
    await turns();
    for (const each of this.busy) await each.settled();
    await turns();
  }

  #next(endMs: number): Waiting | undefined {
    const due = [...this.#waiting].filter(({ atMs }) => atMs <= endMs);
    return due.toSorted((a, b) => a.atMs - b.atMs)[0];
  }
}

/** A few turns of the event loop: what waits for nothing but other callbacks happens. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 8; turn += 1) await new Promise(setImmediate);
}
