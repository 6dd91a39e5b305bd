import type { MetricPoints, PointColumn, ResourcePoints } from "../metrics/points.ts";
import { BackwardWriter } from "./backward-writer.ts";
import { ColumnTemplate } from "./column-template.ts";
import { writeEnvelope } from "./envelope.ts";
import type { Output } from "./output.ts";
import { PointTemplate } from "./point-template.ts";
import type { Scope } from "./scope.ts";

/** Shared: what is written is copied out of it at once. */
const writer = new BackwardWriter(64 * 1024);

/** What stands around a resource's metrics. */
interface Frame {
  readonly head: Buffer;
  readonly tail: Buffer;
  /** Length of the metrics. */
  readonly inside: number;
}

/**
 * A resource's encoded message without times and values: its column's metrics, and behind them the others, of which a
 * change costs the encoding of these alone.
 */
export class Template {
  readonly #scope: Scope;
  readonly #column: PointColumn | undefined;
  readonly #inColumn: ColumnTemplate | undefined;
  #others: readonly MetricPoints[];
  #points: PointTemplate;
  #frame: Frame;
  /** What it was last made to fit. */
  #source: ResourcePoints;

  constructor(source: ResourcePoints, scope: Scope) {
    const { metrics, column } = source;
    this.#scope = scope;
    this.#source = source;
    this.#column = column;
    this.#inColumn = column && new ColumnTemplate(column, writer);
    this.#others = this.#inColumn?.pick(metrics) ?? metrics;
    this.#points = new PointTemplate(this.#others, writer);
    this.#frame = this.#makeFrame();
  }

  /** Length of the message. */
  get size(): number {
    const { head, inside, tail } = this.#frame;
    return head.length + inside + tail.length;
  }

  get pointCount(): number {
    return (this.#inColumn?.pointCount ?? 0) + this.#points.pointCount;
  }

  /** Makes it fit the next points of the resource; false where it would have to be another one. */
  follow(source: ResourcePoints, scope: Scope): boolean {
    if (this.#scope !== scope || this.#column !== source.column) return false;
    if (source === this.#source && this.#points.isReusable) return true;
    this.#source = source;
    this.#others = this.#inColumn?.pick(source.metrics) ?? source.metrics;
    if (!this.#points.fits(this.#others)) this.#points = new PointTemplate(this.#others, writer);
    if (this.#inside() !== this.#frame.inside) this.#frame = this.#makeFrame();
    return true;
  }

  /** Writes the message, beginning at `start`; gives its end. */
  write(output: Output, start: number): number {
    const { head, tail } = this.#frame;
    output.bytes.set(head, start);
    let at = start + head.length;
    if (this.#inColumn !== undefined) at = this.#inColumn.write(output, at);
    if (this.#others.length > 0) at = this.#points.write(this.#others, output, at);
    output.bytes.set(tail, at);
    return at + tail.length;
  }

  #inside(): number {
    return (this.#inColumn?.size ?? 0) + this.#points.size;
  }

  #makeFrame(): Frame {
    const inside = this.#inside();
    let tailLength = 0;
    writeEnvelope(writer, { resource: this.#source.resource, scope: this.#scope }, () => {
      tailLength = writer.size;
      writer.skip(inside);
    });
    const around = writer.take();
    const end = around.length - tailLength;
    return { head: around.subarray(0, end), tail: around.subarray(end), inside };
  }
}
