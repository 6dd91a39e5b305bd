import type { MetricPoints, PointColumn } from "../metrics/points.ts";
import type { BackwardWriter } from "./backward-writer.ts";
import { type Output, writeNumber } from "./output.ts";
import { writeMetric } from "./skeleton.ts";

/** Neighbouring metrics: their bytes, and the numbers of their points in the column's order. */
interface Run {
  readonly start: number;
  end: number;
  readonly firstPoint: number;
  endPoint: number;
}

/**
 * The encoded metrics of a column without times and values, which are copied out of the column. Of metrics that are not
 * told in every cycle, those of a cycle are picked out.
 */
export class ColumnTemplate {
  readonly #column: PointColumn;
  readonly #bytes: Buffer;
  /** Where each point's eight bytes of time begin, in the order of the column's places. */
  readonly #timeOffsets: Uint32Array;
  readonly #runs = new Map<MetricPoints, Readonly<Run>>();
  #picked: readonly Run[] = [];

  constructor(column: PointColumn, writer: BackwardWriter) {
    this.#column = column;
    const timeSizes: number[] = [];
    const sizes: number[] = [];
    for (const entry of column.metrics.toReversed()) {
      sizes.push(writer.size);
      writeMetric({ writer, timeSizes }, entry);
    }
    this.#bytes = writer.take();
    const { length } = this.#bytes;
    this.#timeOffsets = Uint32Array.from(timeSizes.toReversed(), (size) => length - size);
    let start = 0;
    let firstPoint = 0;
    for (const entry of column.metrics) {
      // Of the last metric the size is 0: it ends where the bytes do.
      const end = length - (sizes.pop() ?? 0);
      const endPoint = firstPoint + entry.points.length;
      this.#runs.set(entry, { start, end, firstPoint, endPoint });
      start = end;
      firstPoint = endPoint;
    }
  }

  /** Takes those of a resource's metrics that are in the column; gives the others. */
  pick(metrics: readonly MetricPoints[]): MetricPoints[] {
    const picked: Run[] = [];
    const others: MetricPoints[] = [];
    for (const entry of metrics) {
      const run = this.#runs.get(entry);
      const last = picked.at(-1);
      if (run === undefined) {
        others.push(entry);
      } else if (last?.end === run.start) {
        last.end = run.end;
        last.endPoint = run.endPoint;
      } else {
        picked.push({ ...run });
      }
    }
    this.#picked = picked;
    return others;
  }

  /** Length of the metrics that were picked. */
  get size(): number {
    return this.#picked.reduce((size, { start, end }) => size + end - start, 0);
  }

  get pointCount(): number {
    return this.#picked.reduce((count, { firstPoint, endPoint }) => count + endPoint - firstPoint, 0);
  }

  /** Writes the metrics that were picked, beginning at `start`; gives their end. */
  write(output: Output, start: number): number {
    let at = start;
    for (const run of this.#picked) {
      this.#bytes.copy(output.bytes, at, run.start, run.end);
      this.#writePoints(output, run, at - run.start);
      at += run.end - run.start;
    }
    return at;
  }

  #writePoints(output: Output, { firstPoint, endPoint }: Run, shift: number): void {
    const { places, groups, values, timesNs } = this.#column;
    const offsets = this.#timeOffsets;
    const { view } = output;
    for (let index = firstPoint; index < endPoint; index += 1) {
      const place = places[index] ?? 0;
      const at = shift + (offsets[index] ?? 0);
      view.setBigInt64(at, timesNs[groups[place] ?? 0] ?? 0n, true);
      writeNumber(output, at + 8, values[place] ?? 0);
    }
  }
}
