import { add, type Integer, scaleDown } from "../integer.ts";
import {
  type Baseline,
  type DeltaOrigin,
  type DeltaState,
  difference,
  firstBaseline,
  seriesKey,
} from "./delta-series.ts";
import { advance, LiveSeries, startBefore } from "./live-series.ts";
import type { Attributes, HistogramPoint } from "./points.ts";

/** The bins of a histogram of durations. */
export interface HistogramShape {
  /** Where each bin starts, ascending. */
  readonly startsNs: readonly Integer[];
  /** Upper bounds of all buckets but the last, seconds. */
  readonly bounds: readonly number[];
}

/** What libvirt says of a histogram at one reading. */
export interface HistogramReading {
  readonly timeNs: bigint;
  /** Of each bin. */
  readonly counts: readonly Integer[];
  /** What all operations took together; undefined where nobody counts it. */
  readonly totalNs: Integer | undefined;
}

const SECOND_DIGITS = 9;

/** A histogram's series with its bins: other bins are another series. */
export class LiveHistogram extends LiveSeries {
  readonly shape: HistogramShape;
  /** Its latest point, for who asks for it again; of one that is told in deltas undefined. */
  latest: HistogramPoint | undefined;

  constructor(attributes: Attributes, startTimeNs: bigint | undefined, shape: HistogramShape) {
    super(attributes, startTimeNs);
    this.shape = shape;
  }

  override restarted(startTimeNs: bigint): LiveHistogram {
    return new LiveHistogram(this.attributes, startTimeNs, this.shape);
  }

  /** The point of a reading, and the series that it belongs to: another one where the histogram was set back. */
  next(reading: HistogramReading): { readonly series: LiveHistogram; readonly point?: HistogramPoint } {
    const count = reading.counts.reduce(add, 0);
    const series = advance(this, count, reading.timeNs) as LiveHistogram;
    series.at(reading.timeNs, count);
    series.latest = pointOf(series, reading);
    return { series, point: series.latest };
  }
}

/** A histogram that is told in deltas. */
export class DeltaHistogram extends LiveHistogram implements DeltaState {
  readonly key: bigint;
  /** The counts of the bins, and behind them the total where there is one. */
  baseline: Baseline | undefined;

  constructor(
    metricName: string,
    { attributes, shape }: { readonly attributes: Attributes; readonly shape: HistogramShape },
    origin: DeltaOrigin,
  ) {
    super(attributes, undefined, shape);
    this.key = seriesKey(metricName, attributes, shape.startsNs);
    this.baseline = firstBaseline(origin, this);
  }

  /** Begins empty after the last point of other bins; the total goes on. */
  follow({ baseline, shape }: DeltaHistogram): void {
    if (baseline === undefined) return;
    const counts = this.shape.startsNs.map(() => 0);
    this.baseline = {
      timeNs: baseline.timeNs,
      values: [...counts, ...baseline.values.slice(shape.startsNs.length)],
    };
  }

  /** The same as `DeltaSeries.next` for all that a histogram counts; when one bin went down, all of it was set back. */
  override next({ timeNs, counts, totalNs }: HistogramReading): ReturnType<LiveHistogram["next"]> {
    const { baseline } = this;
    this.baseline = { timeNs, values: totalNs === undefined ? counts : [...counts, totalNs] };
    if (baseline === undefined) return { series: this };
    const before = counts.map((_, bin) => baseline.values[bin] ?? 0);
    const wasSetBack = counts.some((count, bin) => count < (before[bin] ?? 0));
    const point = pointOf(this, {
      timeNs,
      counts: wasSetBack ? counts : counts.map((count, bin) => difference(count, before[bin] ?? 0)),
      totalNs: totalNs === undefined ? undefined : difference(totalNs, baseline.values[counts.length] ?? 0),
    });
    return { series: this, point: { ...point, startTimeNs: startBefore(timeNs, baseline.timeNs) } };
  }
}

function pointOf(series: LiveHistogram, { timeNs, counts, totalNs }: HistogramReading): HistogramPoint {
  const { startsNs, bounds } = series.shape;
  return {
    series,
    timeNs,
    count: counts.reduce(add, 0),
    sum: totalNs === undefined ? undefined : scaleDown(totalNs, SECOND_DIGITS),
    bounds,
    bucketCounts: Number(startsNs[0]) === 0 ? counts : [0, ...counts],
  };
}

/** The shape of bins that start at these durations. */
export function shapeOf(startsNs: readonly Integer[]): HistogramShape {
  const upper = Number(startsNs[0]) === 0 ? startsNs.slice(1) : startsNs;
  return { startsNs, bounds: upper.map((ns) => scaleDown(ns, SECOND_DIGITS)) };
}

/** Do these bins start at the same durations as those of the shape? */
export function hasShape({ startsNs }: HistogramShape, others: readonly Integer[]): boolean {
  return startsNs.length === others.length && startsNs.every((start, index) => start === others[index]);
}
