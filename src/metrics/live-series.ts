import type { Integer } from "../integer.ts";
import type { Attributes, NumberPoint, PointColumn, Series } from "./points.ts";

/**
 * A series and its latest point in one object, which every reading writes into: a hundred thousand new points each
 * cycle would be the cycle's main cost. While it has a place in its resource's column, a reading does not even visit
 * it: time and value are there.
 */
export class LiveSeries implements Series, NumberPoint {
  readonly attributes: Attributes;
  readonly series = this;
  /** Of a cumulative sum always the same; a delta's point has another one each time. */
  startTimeNs: bigint | undefined;
  #column: PointColumn | undefined;
  #place = 0;
  /** Of a series without a place. */
  #timeNs = 0n;
  #value: Integer = 0;

  constructor(attributes: Attributes, startTimeNs: bigint | undefined) {
    this.attributes = attributes;
    this.startTimeNs = startTimeNs;
  }

  get timeNs(): bigint {
    const column = this.#column;
    return column?.timesNs[column.groups[this.#place] ?? 0] ?? this.#timeNs;
  }

  get value(): Integer {
    return this.#column?.values[this.#place] ?? this.#value;
  }

  /** The point of another reading; of a series without a place. */
  at(timeNs: bigint, value: Integer): NumberPoint {
    this.#timeNs = timeNs;
    this.#value = value;
    return this;
  }

  /** From now on time and value are what the column has at this place. */
  settle(column: PointColumn, place: number): void {
    this.#column = column;
    this.#place = place;
  }

  /** From now on they are its own: those that the column has now. */
  leave(): void {
    const { timeNs, value } = this;
    this.#column = undefined;
    this.at(timeNs, value);
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
 * What to tell of a counter of which its source takes a little back now and then: the last value until it is reached
 * again. One that lost more than half was set back all the same, such as a CPU's idle time when it was offline.
 */
export function steadied(now: Integer, before: Integer): Integer {
  return now < before && Number(now) >= Number(before) / 2 ? before : now;
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
