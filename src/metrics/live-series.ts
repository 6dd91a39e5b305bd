import type { Integer } from "../integer.ts";
import type { Attributes, NumberPoint, Series } from "./points.ts";

/**
 * A series and its latest point in one object, which every reading writes into: a hundred thousand new points each
 * cycle would be the cycle's main cost.
 */
export class LiveSeries implements Series, NumberPoint {
  readonly attributes: Attributes;
  readonly series = this;
  /** Of a cumulative sum always the same; a delta's point has another one each time. */
  startTimeNs: bigint | undefined;
  timeNs = 0n;
  value: Integer = 0;

  constructor(attributes: Attributes, startTimeNs: bigint | undefined) {
    this.attributes = attributes;
    this.startTimeNs = startTimeNs;
  }

  /** The point of another reading. */
  at(timeNs: bigint, value: Integer): NumberPoint {
    this.timeNs = timeNs;
    this.value = value;
    return this;
  }

  /** The series that follows when what it counts was set back. */
  restarted(startTimeNs: bigint): LiveSeries {
    return new LiveSeries(this.attributes, startTimeNs);
  }
}

/** A sum never starts after its first point, whatever the clocks say. */
export function startBefore(timeNs: bigint, startTimeNs: bigint | undefined): bigint {
  return startTimeNs === undefined || startTimeNs > timeNs ? timeNs : startTimeNs;
}

/** The series to use for a point at this time: anew when the wall clock was set to before the series' start. */
export function begunBy(timeNs: bigint, series: LiveSeries): LiveSeries {
  const { startTimeNs } = series;
  return startTimeNs === undefined || startTimeNs <= timeNs ? series : series.restarted(timeNs);
}

/**
 * The series to use for a counter's next value. A counter that went down was set back somewhere between its last
 * point and this one: it starts anew at the last point, as a new series.
 */
export function advance(series: LiveSeries, value: Integer, timeNs: bigint): LiveSeries {
  return value < series.value
    ? series.restarted(startBefore(timeNs, series.timeNs))
    : begunBy(timeNs, series);
}
