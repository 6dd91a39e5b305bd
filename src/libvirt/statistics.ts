/**
 * What became of a call: a result, the daemon's error, an answer that cannot be decoded, no answer in time, no
 * connection any more, or the caller's own signal.
 */
export type CallOutcome = "ok" | "error" | "protocol" | "deadline" | "disconnected" | "aborted";

/** The calls of one procedure. */
export interface ProcedureStatistics {
  readonly calls: Readonly<Record<CallOutcome, number>>;
  /** From the call to its outcome, waiting for its turn included, of the last one. */
  readonly lastDurationMs: number;
}

/** Counts calls by procedure. One can serve several connections, so that counts survive a reconnect. */
export class LibvirtStatistics {
  readonly #procedures = new Map<string, { calls: Record<CallOutcome, number>; lastDurationMs: number }>();
  #droppedEvents = 0;

  /** By the procedure's name: CONNECT_LIST_ALL_DOMAINS. */
  get procedures(): ReadonlyMap<string, ProcedureStatistics> {
    return this.#procedures;
  }

  /** Event messages that could not be decoded. */
  get droppedEvents(): number {
    return this.#droppedEvents;
  }

  countCall(procedure: string, outcome: CallOutcome, durationMs: number): void {
    let entry = this.#procedures.get(procedure);
    if (entry === undefined) {
      entry = {
        calls: { ok: 0, error: 0, protocol: 0, deadline: 0, disconnected: 0, aborted: 0 },
        lastDurationMs: 0,
      };
      this.#procedures.set(procedure, entry);
    }
    entry.calls[outcome] += 1;
    entry.lastDurationMs = durationMs;
  }

  countDroppedEvent(): void {
    this.#droppedEvents += 1;
  }
}
