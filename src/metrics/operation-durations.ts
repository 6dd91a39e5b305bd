import { KvmeterError } from "../errors.ts";
import { add, type Integer } from "../integer.ts";
import { type HistogramReading, type HistogramShape, shapeOf } from "./live-histogram.ts";

/** A histogram at one moment, as it has been counting since its start. */
export interface HistogramValue extends Omit<HistogramReading, "timeNs"> {
  /** One object for all values of a series. */
  readonly shape: HistogramShape;
}

/** Seconds: the bounds that the semantic conventions advise for HTTP, the only advice that they have for durations. */
const BOUNDS_S: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
];

const NS_PER_S = 1e9;

const SHAPE = shapeOf([0, ...BOUNDS_S.map((bound) => Math.round(bound * NS_PER_S))]);

/** The key of operations that succeeded; the others are under their error's type. */
export const SUCCESS = "";

/** How long operations of one kind took, by how they ended. */
export class OperationDurations {
  readonly #histograms = new Map<string, { totalNs: Integer; readonly counts: number[] }>();

  /** Counts an operation; `errorType` is {@link SUCCESS} or one of a small number of words. */
  record(durationS: number, errorType: string): void {
    let histogram = this.#histograms.get(errorType);
    if (histogram === undefined) {
      histogram = { totalNs: 0, counts: SHAPE.startsNs.map(() => 0) };
      this.#histograms.set(errorType, histogram);
    }
    const index = BOUNDS_S.findIndex((bound) => durationS <= bound);
    const bucket = index < 0 ? BOUNDS_S.length : index;
    histogram.counts[bucket] = (histogram.counts[bucket] ?? 0) + 1;
    histogram.totalNs = add(histogram.totalNs, Math.round(durationS * NS_PER_S));
  }

  /** By error type; does not change afterwards. */
  get values(): ReadonlyMap<string, HistogramValue> {
    return new Map(
      Array.from(this.#histograms, ([errorType, { totalNs, counts }]) => [
        errorType,
        { shape: SHAPE, counts: [...counts], totalNs },
      ]),
    );
  }
}

/** `error.type` of the conventions: our own code where it is our own error, {@link SUCCESS} without one. */
export function errorTypeOf(error: Error | undefined): string {
  if (error === undefined) return SUCCESS;
  return error instanceof KvmeterError ? error.code : error.name;
}
