import { setTimeout as sleep } from "node:timers/promises";

/** One turn of the schedule. */
export interface Tick {
  /** Turns that passed unused because the one before took too long. */
  readonly skipped: number;
}

/**
 * Turns at a fixed rate, the first at once, the second after `secondMs`, until the signal aborts. Measured on the
 * monotonic clock from the first turn, so the rate does not drift; turns that a slow one overran are skipped and
 * counted, never made up.
 */
export async function* ticks(
  intervalMs: number,
  signal: AbortSignal,
  secondMs: number = intervalMs,
): AsyncGenerator<Tick> {
  const startMs = performance.now() + secondMs - intervalMs;
  let turn = 0;
  while (!signal.aborted) {
    const due = Math.floor((performance.now() - startMs) / intervalMs);
    const skipped = Math.max(0, due - turn);
    turn = Math.max(turn, due);
    yield { skipped };
    turn += 1;
    await sleepUntil(startMs + turn * intervalMs, signal);
  }
}

async function sleepUntil(whenMs: number, signal: AbortSignal): Promise<void> {
  const waitMs = whenMs - performance.now();
  if (waitMs <= 0 || signal.aborted) return;
  await sleep(waitMs, undefined, { signal }).catch(() => undefined);
}
