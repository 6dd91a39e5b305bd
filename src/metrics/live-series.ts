import type { Integer } from "../integer.ts";
import type { Attributes, Series } from "./points.ts";

/** A series with what must be remembered of it from one reading to the next. */
export class LiveSeries implements Series {
  readonly attributes: Attributes;
  readonly startTimeNs: bigint | undefined;
  /** A counter's last value and its time: they show that it was set back, and since when. */
  previous: Integer = 0;
  previousTimeNs = 0n;

  constructor(attributes: Attributes, startTimeNs: bigint | undefined) {
    this.attributes = attributes;
    this.startTimeNs = startTimeNs;
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
  const current =
    value < series.previous
      ? series.restarted(startBefore(timeNs, series.previousTimeNs))
      : begunBy(timeNs, series);
  current.previous = value;
  current.previousTimeNs = timeNs;
  return current;
}
