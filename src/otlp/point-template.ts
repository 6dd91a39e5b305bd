import type {
  HistogramPoint,
  MetricDescriptor,
  MetricPoints,
  NumberPoint,
  Series,
} from "../metrics/points.ts";
import type { BackwardWriter } from "./backward-writer.ts";
import { writeFixed64 } from "./fixed64.ts";
import { type Output, writeNumber } from "./output.ts";
import { writeMetric } from "./skeleton.ts";

/** From a delta's blank start time back from its time: the start's eight bytes and the time's tag. */
const START_BEFORE_TIME = 9;

/** What a metric looked like when the template was made. */
interface MetricShape {
  readonly metric: MetricDescriptor;
  readonly series: readonly Series[];
  /** Of a histogram its points: their buckets decide widths. */
  readonly histogram: readonly HistogramPoint[];
}

/**
 * Encoded metrics without times and values, which are written point by point. From one cycle to the next they nearly
 * always have the same series in the same order; then they are these with other times and values, which costs one copy
 * and two small writes a point instead of encoding some hundred names again.
 */
export class PointTemplate {
  readonly #bytes: Buffer;
  /** Where each point's eight bytes of time begin. */
  readonly #timeOffsets: Uint32Array;
  readonly #shapes: readonly MetricShape[];
  /** Points without a value are the last of their series: no later cycle looks the same. */
  readonly isReusable: boolean;

  constructor(metrics: readonly MetricPoints[], writer: BackwardWriter) {
    const timeSizes: number[] = [];
    for (const entry of metrics.toReversed()) {
      if (entry.points.length > 0) writeMetric({ writer, timeSizes }, entry);
    }
    this.#bytes = writer.take();
    this.#timeOffsets = Uint32Array.from(timeSizes.toReversed(), (size) => this.#bytes.length - size);
    this.#shapes = metrics.map(shapeOf);
    this.isReusable = metrics.every((entry) => entry.points.every((point) => point.noRecordedValue !== true));
  }

  /** Length of the metrics. */
  get size(): number {
    return this.#bytes.length;
  }

  get pointCount(): number {
    return this.#timeOffsets.length;
  }

  /** Do these metrics differ in nothing but times and values? */
  fits(metrics: readonly MetricPoints[]): boolean {
    if (!this.isReusable || metrics.length !== this.#shapes.length) return false;
    for (let index = 0; index < metrics.length; index += 1) {
      const entry = metrics[index];
      const shape = this.#shapes[index];
      if (entry === undefined || shape === undefined) return false;
      if (entry.metric !== shape.metric || !sameShape(entry, shape)) return false;
    }
    return true;
  }

  /** Writes metrics that fit, beginning at `start`; gives their end. */
  write(metrics: readonly MetricPoints[], output: Output, start: number): number {
    output.bytes.set(this.#bytes, start);
    const { view } = output;
    const offsets = this.#timeOffsets;
    let index = 0;
    for (const { metric, points } of metrics) {
      const isDelta = metric.temporality === "delta";
      for (const point of points) {
        const at = start + (offsets[index++] ?? 0);
        writeFixed64(view, at, point.timeNs);
        if (isDelta) writeFixed64(view, at - START_BEFORE_TIME, point.startTimeNs ?? point.timeNs);
        if (point.noRecordedValue === true) continue;
        if ("bounds" in point) writeHistogram(view, at + 8, point);
        else writeNumber(output, at + 8, point.value);
      }
    }
    return start + this.#bytes.length;
  }
}

function shapeOf({ metric, points }: MetricPoints): MetricShape {
  return {
    metric,
    series: points.map(({ series }) => series),
    // A copy: a meter fills the same array again.
    histogram: metric.kind === "histogram" ? [...(points as readonly HistogramPoint[])] : [],
  };
}

function sameShape({ points }: MetricPoints, { series, histogram }: MetricShape): boolean {
  if (points.length !== series.length) return false;
  for (let index = 0; index < points.length; index += 1) {
    const point = points[index] as NumberPoint | HistogramPoint;
    if (point.series !== series[index] || point.noRecordedValue === true) return false;
  }
  return histogram.every((known, index) => sameBuckets(known, points[index] as HistogramPoint));
}

function sameBuckets(a: HistogramPoint, b: HistogramPoint): boolean {
  return (
    (a.sum === undefined) === (b.sum === undefined) &&
    a.bucketCounts.length === b.bucketCounts.length &&
    a.bounds.length === b.bounds.length &&
    (a.bounds === b.bounds || a.bounds.every((bound, index) => Object.is(bound, b.bounds[index])))
  );
}

/** Count, sum and bucket counts; `at` is count's tag. The tags and the packed field's length are there already. */
function writeHistogram(view: DataView, at: number, point: HistogramPoint): void {
  writeFixed64(view, at + 1, point.count);
  let next = at + 9;
  if (point.sum !== undefined) {
    view.setFloat64(next + 1, point.sum, true);
    next += 9;
  }
  next += 1;
  while (view.getUint8(next) >= 0x80) next += 1;
  for (const [index, count] of point.bucketCounts.entries()) writeFixed64(view, next + 1 + 8 * index, count);
}
