/** One sine of a load. */
export interface Wave {
  readonly periodS: number;
  /** Share of the mean by which the load swings; all of a load's together stay below 1. */
  readonly amplitude: number;
  /** Seconds at which the sine peaks. */
  readonly peakS: number;
}

/**
 * A load over time with mean 1: a sum of sines, because their integral is known exactly. A counter is such an
 * integral, so it is monotonic and the same whenever and however often it is asked.
 */
export class Load {
  readonly #waves: readonly { omega: number; amplitude: number; peakS: number }[];
  /** The greatest that the load ever is. */
  readonly peak: number;

  constructor(waves: readonly Wave[]) {
    this.#waves = waves.map(({ periodS, amplitude, peakS }) => ({
      omega: (2 * Math.PI) / periodS,
      amplitude,
      peakS,
    }));
    this.peak = waves.reduce((sum, { amplitude }) => sum + amplitude, 1);
  }

  /** The load at `tS`. */
  level(tS: number): number {
    let level = 1;
    for (const { omega, amplitude, peakS } of this.#waves)
      level += amplitude * Math.cos(omega * (tS - peakS));
    return level;
  }

  /** The integral of the load; the difference of two is what happened between them. */
  integral(tS: number): number {
    let sum = tS;
    for (const { omega, amplitude, peakS } of this.#waves) {
      sum += (amplitude / omega) * Math.sin(omega * (tS - peakS));
    }
    return sum;
  }
}

/**
 * What `count` things add up to when each takes `mean` give or take a fifth, in long swings: bytes of packets,
 * nanoseconds of requests. A function of the count, so nothing is added without a thing that happened.
 */
export function sumOf(count: number, mean: number): number {
  return mean * (count + 0.2 * SWING * Math.sin(count / SWING));
}

const SWING = 700;
