/** When the first cycle has begun, and how long it is from one to the next. */
export interface FirstCycle {
  readonly intervalMs: number;
  /** Wall time of the first cycle, milliseconds since the Unix epoch. */
  readonly wallMs: number;
}

/**
 * Milliseconds from an agent's first cycle to its second, from one interval to two: what was read less than an interval
 * ago is not read again. The cycles that follow lie at a place within the interval that `identity` alone decides, the
 * same after every restart and another one for every agent: the agents of a fleet that were started in the same second
 * do not go on sending in the same second. The wall clocks of the hosts need not agree for that.
 */
export function secondCycleMs(identity: string, { intervalMs, wallMs }: FirstCycle): number {
  const phaseMs = fraction(identity) * intervalMs;
  return intervalMs + modulo(phaseMs - wallMs, intervalMs);
}

/** From 0 up to 1, spread evenly over names that differ in a digit only: FNV-1a, and MurmurHash3's last mix. */
function fraction(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}

function modulo(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor;
}
