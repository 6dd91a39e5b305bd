import type { Integer } from "../integer.ts";

/** Attributes of a resource or a series. Numbers are whole. */
export type Attributes = Readonly<Record<string, string | number | boolean>>;

/** counter: monotonic cumulative sum. updowncounter: cumulative sum that can fall. */
export type MetricKind = "counter" | "updowncounter" | "gauge" | "histogram";

/**
 * What a point of a sum or a histogram counts from. cumulative: from the start of its series. delta: from the point
 * before it.
 */
export type Temporality = "cumulative" | "delta";

/** What all points of one metric share. One object for the life of the program. */
export interface MetricDescriptor {
  readonly name: string;
  readonly description: string;
  /** UCUM. */
  readonly unit: string;
  readonly kind: MetricKind;
  /** Whole numbers travel as int64, everything else as double; one metric never mixes the two. */
  readonly valueType: "int" | "double";
  /** Of counters and histograms; cumulative unless given. Up-down counters are cumulative, gauges are neither. */
  readonly temporality?: Temporality;
}

/** Who the points are about. The object is the same in every cycle as long as its attributes are. */
export interface Resource {
  readonly attributes: Attributes;
}

/**
 * One time series of one resource. The object lives as long as the series and never changes: a sum that starts
 * anew is a new object. Encoders take the same object for the same attributes and start time.
 */
export interface Series {
  readonly attributes: Attributes;
  /** Since when a cumulative sum counts, nanoseconds since the epoch; undefined for gauges and deltas. */
  readonly startTimeNs: bigint | undefined;
}

export interface NumberPoint {
  readonly series: Series;
  /** When the value was read, nanoseconds since the epoch. */
  readonly timeNs: bigint;
  /** Since when a delta counts. */
  readonly startTimeNs?: bigint | undefined;
  readonly value: Integer;
  /** The series ends here: the point says so to the backend and carries no value. */
  readonly noRecordedValue?: boolean;
}

export interface HistogramPoint {
  readonly series: Series;
  readonly timeNs: bigint;
  /** As in NumberPoint. */
  readonly startTimeNs?: bigint | undefined;
  readonly count: Integer;
  readonly sum: number | undefined;
  /** Upper bounds of all buckets but the last, ascending, in the metric's unit. */
  readonly bounds: readonly number[];
  /** One more than there are bounds. */
  readonly bucketCounts: readonly Integer[];
  /** As in NumberPoint. */
  readonly noRecordedValue?: boolean;
}

export type MetricPoints =
  | {
      readonly metric: MetricDescriptor & { readonly kind: "histogram" };
      readonly points: readonly HistogramPoint[];
    }
  | {
      readonly metric: MetricDescriptor & { readonly kind: Exclude<MetricKind, "histogram"> };
      readonly points: readonly NumberPoint[];
    };

/**
 * Times and values of a resource's points side by side, each in its place: who wants them all need not visit an object
 * for each. The same object as long as every place has the same series.
 */
export interface PointColumn {
  /** Whose points these are: those of each are in the column all together. */
  readonly metrics: readonly MetricPoints[];
  /** The places of these points, in their order. */
  readonly places: Uint32Array;
  /** By place. Whole numbers are safe integers. */
  readonly values: Float64Array;
  /** By place: which of the times is its own. */
  readonly groups: Uint8Array;
  /** Nanoseconds since the epoch. */
  readonly timesNs: BigInt64Array;
}

/**
 * All points of one resource in one cycle. Metrics without points are left out. A meter gives the same object again
 * in the next cycle, with other times and values in its points, as long as nothing else of it changes.
 */
export interface ResourcePoints {
  readonly resource: Resource;
  readonly metrics: readonly MetricPoints[];
  /** Where the points of most of these metrics stand once more; of others too, that are not among these in this cycle. */
  readonly column?: PointColumn | undefined;
}
