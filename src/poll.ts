import type { Clock } from "./clock.ts";
import { KvmeterError, messageOf } from "./errors.ts";
import type { Logger } from "./log.ts";

/** Something that is read once a cycle: a hypervisor, the host. */
export interface Source<Reading> {
  readonly name: string;
  /** One reading. May be slow or never settle: poll() does not wait longer than its deadline. */
  read(signal: AbortSignal): Promise<Reading>;
  close(): Promise<void>;
}

/** ok: everything was read. partial: a reading with problems. failed: no reading in this cycle. */
export type SourceState = "ok" | "partial" | "failed";

/** What became of one source in one cycle. */
export interface SourceOutcome<Reading> {
  readonly source: string;
  readonly state: SourceState;
  readonly durationS: number;
  readonly reading: Reading | undefined;
  /** Why there is no reading. */
  readonly error: Error | undefined;
}

interface Problematic {
  /** What could not be read, and why. */
  readonly problems: readonly Error[];
}

/**
 * Reads sources side by side, each within the deadline. A source that is late is reported as failed and is left
 * alone until its read settles: no second read is started on top of it.
 */
export class Poller<Reading extends Problematic> {
  readonly #sources: readonly Source<Reading>[];
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #busy = new Set<Source<Reading>>();
  readonly #lastProblem = new Map<string, string>();

  constructor(sources: readonly Source<Reading>[], clock: Clock, log: Logger) {
    this.#sources = sources;
    this.#clock = clock;
    this.#log = log;
  }

  /** One round. Never throws; resolves at the deadline at the latest, or when the signal aborts. */
  async poll(deadlineMs: number, signal: AbortSignal): Promise<SourceOutcome<Reading>[]> {
    return Promise.all(this.#sources.map((source) => this.#read(source, deadlineMs, signal)));
  }

  async #read(
    source: Source<Reading>,
    deadlineMs: number,
    signal: AbortSignal,
  ): Promise<SourceOutcome<Reading>> {
    const begun = this.#clock.now().monotonicMs;
    try {
      if (this.#busy.has(source)) {
        throw new KvmeterError(
          "SOURCE_DEADLINE",
          `Cannot read ${source.name}: its previous read is still under way`,
        );
      }
      const reading = await this.#readWithin(source, deadlineMs, signal);
      const state = reading.problems.length === 0 ? "ok" : "partial";
      return this.#outcome(source, begun, { state, reading, error: undefined });
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      return this.#outcome(source, begun, { state: "failed", reading: undefined, error });
    }
  }

  async #readWithin(source: Source<Reading>, deadlineMs: number, signal: AbortSignal): Promise<Reading> {
    this.#busy.add(source);
    const deadline = new AbortController();
    const timer = setTimeout(() => {
      const problem = `Cannot read ${source.name} within ${deadlineMs} ms: still waiting for it`;
      deadline.abort(new KvmeterError("SOURCE_DEADLINE", problem));
    }, deadlineMs);
    const stop = AbortSignal.any([deadline.signal, signal]);
    const { promise: stopped, reject } = Promise.withResolvers<never>();
    stop.addEventListener("abort", () => reject(stop.reason as Error));
    try {
      const read = source.read(stop).finally(() => this.#busy.delete(source));
      return await Promise.race([read, stopped]);
    } finally {
      clearTimeout(timer);
    }
  }

  #outcome(
    source: Source<Reading>,
    begunMs: number,
    result: Pick<SourceOutcome<Reading>, "state" | "reading" | "error">,
  ): SourceOutcome<Reading> {
    return { source: source.name, durationS: (this.#clock.now().monotonicMs - begunMs) / 1000, ...result };
  }

  /** Logs what is new in a round's outcomes: a problem that begins, changes or ends, not one that lasts. */
  report(outcomes: readonly SourceOutcome<Reading>[]): void {
    for (const { source, error, reading } of outcomes) {
      const problems = error === undefined ? (reading?.problems ?? []) : [error];
      const problem = problems.map(messageOf).join("; ");
      const before = this.#lastProblem.get(source) ?? "";
      if (problem === before) continue;
      this.#lastProblem.set(source, problem);
      if (problem === "") this.#log.info({ source }, "source recovered");
      else this.#log.warn({ source, problem }, "source has a problem");
    }
  }
}
