import type { HistogramPoint, MetricPoints, NumberPoint, Series } from "../metrics/points.ts";
import type { BackwardWriter } from "./backward-writer.ts";
import { writeAttributes, writeByteField } from "./envelope.ts";

const TEMPORALITIES = { delta: 1, cumulative: 2 } as const;
const NO_RECORDED_VALUE = 1;

/** Tags of a number's value. */
export const TAG_AS_DOUBLE = 0x21;
export const TAG_AS_INT = 0x31;

/** What a skeleton is written with. */
export interface SkeletonContext {
  readonly writer: BackwardWriter;
  /** Gets the writer's size before each point's blank time, the last point first. */
  readonly timeSizes: number[];
}

/**
 * Writes a Metric as a field of ScopeMetrics (opentelemetry/proto/metrics/v1), with all that stays the same from cycle
 * to cycle; what changes is left blank and has a fixed width: the time of a point and, directly behind it, the number's
 * value or the histogram's count, sum and buckets. Of a delta the start changes too; it stands directly before the time.
 *
 * Metric: name = 1, description = 2, unit = 3, gauge = 5, sum = 7, histogram = 9.
 */
export function writeMetric(context: SkeletonContext, entry: MetricPoints): void {
  const { writer } = context;
  const { metric } = entry;
  const start = writer.size;
  switch (metric.kind) {
    case "gauge":
      writeNumberPoints(context, entry);
      writer.message(0x2a, start);
      break;
    case "counter":
    case "updowncounter":
      if (metric.kind === "counter") writeByteField(writer, 0x18, 1);
      writeByteField(writer, 0x10, TEMPORALITIES[metric.temporality ?? "cumulative"]);
      writeNumberPoints(context, entry);
      writer.message(0x3a, start);
      break;
    case "histogram":
      writeByteField(writer, 0x10, TEMPORALITIES[metric.temporality ?? "cumulative"]);
      for (const point of (entry.points as readonly HistogramPoint[]).toReversed()) {
        writeHistogramPoint(context, point, metric.temporality === "delta");
      }
      writer.message(0x4a, start);
      break;
  }
  writer.string(0x1a, metric.unit);
  writer.string(0x12, metric.description);
  writer.string(0x0a, metric.name);
  writer.message(0x12, start);
}

/** NumberDataPoint: start = 2, time = 3, as_double = 4, as_int = 6, attributes = 7, flags = 8. */
function writeNumberPoints(context: SkeletonContext, { metric, points }: MetricPoints): void {
  const { writer } = context;
  const isDelta = metric.temporality === "delta";
  for (let index = points.length - 1; index >= 0; index -= 1) {
    const point = points[index] as NumberPoint;
    const start = writer.size;
    if (point.noRecordedValue === true) writeByteField(writer, 0x40, NO_RECORDED_VALUE);
    writeAttributes(writer, 0x3a, point.series.attributes);
    // A value that has to travel otherwise than its metric's values do brings its own tag.
    if (point.noRecordedValue !== true) {
      writer.blank(8);
      writer.byte(metric.valueType === "int" ? TAG_AS_INT : TAG_AS_DOUBLE);
    }
    writeTimes(context, point.series, isDelta);
    writer.message(0x0a, start);
  }
}

/**
 * HistogramDataPoint: start = 2, time = 3, count = 4, sum = 5, bucket_counts = 6, explicit_bounds = 7,
 * attributes = 9, flags = 10.
 */
function writeHistogramPoint(context: SkeletonContext, point: HistogramPoint, isDelta: boolean): void {
  const { writer } = context;
  const start = writer.size;
  if (point.noRecordedValue === true) writeByteField(writer, 0x50, NO_RECORDED_VALUE);
  writeAttributes(writer, 0x4a, point.series.attributes);
  // A series that ends has its buckets all the same, empty: a backend makes a series of each of them.
  if (point.noRecordedValue !== true || point.bucketCounts.length > 0) {
    const boundsStart = writer.size;
    for (const bound of point.bounds.toReversed()) writer.double(bound);
    writer.message(0x3a, boundsStart);
    // Counts first, sum and count behind them: the packed field's tag and length stay in front of the counts.
    const countsStart = writer.size;
    writer.blank(8 * point.bucketCounts.length);
    writer.message(0x32, countsStart);
    if (point.sum !== undefined && point.noRecordedValue !== true) {
      writer.blank(8);
      writer.byte(0x29);
    }
    writer.blank(8);
    writer.byte(0x21);
  }
  writeTimes(context, point.series, isDelta);
  writer.message(0x0a, start);
}

/** start_time_unix_nano = 2, time_unix_nano = 3 in both kinds of point. */
function writeTimes({ writer, timeSizes }: SkeletonContext, series: Series, isDelta: boolean): void {
  writer.blank(8);
  timeSizes.push(writer.size);
  writer.byte(0x19);
  if (isDelta) {
    writer.blank(8);
    writer.byte(0x11);
  } else if (series.startTimeNs !== undefined) {
    writer.fixed64(series.startTimeNs);
    writer.byte(0x11);
  }
}
