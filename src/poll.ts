import type { Clock } from "./clock.ts";
import { KvmeterError, messageOf } from "./errors.ts";
import type { Logger } from "./log.ts";
import { errorTypeOf, type HistogramValue, OperationDurations } from "./metrics/operation-durations.ts";
import { within } from "./within.ts";

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

type PollLog = Pick<Logger, "info" | "warn">;

/** A read that was started; it stays until a round has taken over what it brings. */
interface Read<Reading> {
  readonly reading: Promise<Reading>;
  settled: boolean;
  brought?: Reading;
}

/**
 * Reads sources side by side, each within the deadline. A source that is late has failed in this round and holds up
 * nobody; its read goes on, and what it brings is the next round's. No second read is started on top of it.
 */
export class Poller<Reading extends Problematic> {
  readonly #sources: readonly Source<Reading>[];
  readonly #clock: Clock;
  readonly #log: PollLog;
  readonly #underWay = new WeakMap<Source<Reading>, Read<Reading>>();
  readonly #durations = new OperationDurations();
  readonly #lastProblem = new Map<string, string>();

  constructor(sources: readonly Source<Reading>[], clock: Clock, log: PollLog) {
    this.#sources = sources;
    this.#clock = clock;
    this.#log = log;
  }

  /** One round. Never throws; resolves at the deadline at the latest, or when the signal aborts. */
  async poll(deadlineMs: number, signal: AbortSignal): Promise<SourceOutcome<Reading>[]> {
    const begunMs = this.#clock.now().monotonicMs;
    const outcomes = await Promise.all(this.#sources.map((source) => this.#read(source, deadlineMs, signal)));
    const failed = outcomes.find(({ error }) => error !== undefined);
    this.#durations.record((this.#clock.now().monotonicMs - begunMs) / 1000, errorTypeOf(failed?.error));
    return outcomes;
  }

  /** Seconds that rounds took since the start, by the error type of a source that failed. */
  get durations(): ReadonlyMap<string, HistogramValue> {
    return this.#durations.values;
  }

  /** What a late read of a source has brought meanwhile: who does not poll any more has to take it from here. */
  untaken(source: Source<Reading>): Reading | undefined {
    return this.#underWay.get(source)?.brought;
  }

  async #read(
    source: Source<Reading>,
    deadlineMs: number,
    signal: AbortSignal,
  ): Promise<SourceOutcome<Reading>> {
    const begun = this.#clock.now().monotonicMs;
    try {
      const reading = await this.#readWithin(source, deadlineMs, signal);
      const state = reading.problems.length === 0 ? "ok" : "partial";
      return this.#outcome(source, begun, { state, reading, error: undefined });
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      return this.#outcome(source, begun, { state: "failed", reading: undefined, error });
    }
  }

  async #readWithin(source: Source<Reading>, deadlineMs: number, signal: AbortSignal): Promise<Reading> {
    const read = this.#underWay.get(source) ?? this.#start(source, signal);
    try {
      const reading = await within(read.reading, deadlineMs, signal);
      if (reading !== undefined) return reading;
    } finally {
      if (read.settled) this.#underWay.delete(source);
    }
    const problem = `Cannot read ${source.name} within ${deadlineMs} ms: still waiting for it`;
    throw new KvmeterError("SOURCE_DEADLINE", problem);
  }

  #start(source: Source<Reading>, signal: AbortSignal): Read<Reading> {
    const bring = (reading: Reading): Reading => (read.brought = reading);
    const settle = (): void => void (read.settled = true);
    const read: Read<Reading> = { reading: source.read(signal).then(bring).finally(settle), settled: false };
    this.#underWay.set(source, read);
    return read;
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
      const now = withoutAmounts(problem);
      if (now === before) continue;
      this.#lastProblem.set(source, now);
      if (problem === "") this.#log.info({ source }, "source recovered");
      else this.#log.warn({ source, problem }, "source has a problem");
    }
  }
}

/** How long was waited, how many bytes came, how many more domains it was: these differ from cycle to cycle. */
function withoutAmounts(problem: string): string {
  return problem.replaceAll(/(?<![\w-])\d+(?![\w-])/g, "N");
}
