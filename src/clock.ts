/** A moment on both clocks: the wall clock dates a point, the monotonic clock measures between readings. */
export interface Instant {
  /** Nanoseconds since the Unix epoch. */
  readonly wallNs: bigint;
  /** Milliseconds of a clock that no operator and no NTP sets back. */
  readonly monotonicMs: number;
}

/** Where time comes from; tests give their own. */
export interface Clock {
  now(): Instant;
}

/** The machine's clocks. Wall time has millisecond steps, which is what JavaScript offers. */
export const systemClock: Clock = {
  now: () => ({ wallNs: BigInt(Date.now()) * 1_000_000n, monotonicMs: performance.now() }),
};
