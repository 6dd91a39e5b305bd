import type {
  HistogramPoint,
  MetricDescriptor,
  MetricPoints,
  NumberPoint,
  ResourcePoints,
  Series,
} from "../metrics/points.ts";
import { BackwardWriter } from "./backward-writer.ts";
import { fitsInt64, writeFixed64 } from "./fixed64.ts";
import type { Scope } from "./scope.ts";
import { writeSkeleton } from "./skeleton.ts";

/** From a delta's blank start time back from its time: the start's eight bytes and the time's tag. */
const START_BEFORE_TIME = 9;
const TAG_AS_DOUBLE = 0x21;
const TAG_AS_INT = 0x31;

/** Shared: a skeleton is copied out of it as soon as it is written. */
const writer = new BackwardWriter(64 * 1024);

/** Where messages are put together. */
export interface Output {
  readonly bytes: Buffer;
  /** Of the same bytes. */
  readonly view: DataView;
}

/** What a metric looked like when the template was made. */
interface MetricShape {
  readonly metric: MetricDescriptor;
  readonly series: readonly Series[];
  /** Of a histogram its points: their buckets decide widths. */
  readonly histogram: readonly HistogramPoint[];
}

/**
 * A resource's encoded message without times and values. From one cycle to the next a resource nearly always
 * has the same series in the same order; then its message is this one with other times and values, which
 * costs one copy and two small writes a point instead of encoding some hundred names again.
 */
export class Template {
  readonly #bytes: Buffer;
  /** Where each point's eight bytes of time begin. */
  readonly #timeOffsets: Uint32Array;
  readonly #scope: Scope;
  /** What was last found to fit. */
  #source: ResourcePoints;
  readonly #shapes: readonly MetricShape[];
  /** Points without a value are the last of their series: no later cycle looks the same. */
  readonly #reusable: boolean;

  constructor(source: ResourcePoints, scope: Scope) {
    const timeSizes: number[] = [];
    writeSkeleton({ writer, scope, timeSizes }, source);
    this.#bytes = writer.take();
    this.#timeOffsets = Uint32Array.from(timeSizes.toReversed(), (size) => this.#bytes.length - size);
    this.#scope = scope;
    this.#source = source;
    this.#shapes = source.metrics.map(shapeOf);
    this.#reusable = source.metrics.every((entry) => entry.points.every((point) => !point.noRecordedValue));
  }

  /** Length of the message. */
  get size(): number {
    return this.#bytes.length;
  }

  get pointCount(): number {
    return this.#timeOffsets.length;
  }

  /** Does the message of these points differ in nothing but times and values? */
  fits(source: ResourcePoints, scope: Scope): boolean {
    if (!this.#reusable || this.#scope !== scope) return false;
    if (source === this.#source) return true;
    const { metrics } = source;
    if (metrics.length !== this.#shapes.length) return false;
    for (const [index, shape] of this.#shapes.entries()) {
      const entry = metrics[index];
      if (entry === undefined || entry.metric !== shape.metric || !sameShape(entry, shape)) return false;
    }
    this.#source = source;
    return true;
  }

  /** Writes the message of points that fit, beginning at `start`. */
  write({ metrics }: ResourcePoints, output: Output, start: number): void {
    output.bytes.set(this.#bytes, start);
    const { view } = output;
    const offsets = this.#timeOffsets;
    let index = 0;
    for (const { metric, points } of metrics) {
      const whole = metric.valueType === "int";
      const isDelta = metric.temporality === "delta";
      for (const point of points) {
        const at = start + (offsets[index++] ?? 0);
        writeFixed64(view, at, point.timeNs);
        if (isDelta) writeFixed64(view, at - START_BEFORE_TIME, point.startTimeNs ?? point.timeNs);
        if (point.noRecordedValue === true) continue;
        if ("bounds" in point) {
          writeHistogram(view, at + 8, point);
        } else if (whole && fitsInt64(point.value)) {
          view.setUint8(at + 8, TAG_AS_INT);
          writeFixed64(view, at + 9, point.value);
        } else {
          view.setUint8(at + 8, TAG_AS_DOUBLE);
          view.setFloat64(at + 9, Number(point.value), true);
        }
      }
    }
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
