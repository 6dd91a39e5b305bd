/** Time as delivery uses it; tests give their own. */
export interface Timers {
  /** Milliseconds of a clock that nobody sets. */
  nowMs(): number;
  /** Calls back once; what it returns calls that off. */
  after(waitMs: number, callback: () => void): () => void;
}

/** Node's. */
export const systemTimers: Timers = {
  nowMs: () => performance.now(),
  after: (waitMs, callback) => {
    const timer = setTimeout(callback, waitMs);
    return () => clearTimeout(timer);
  },
};
