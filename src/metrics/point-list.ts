import type { HistogramPoint, MetricDescriptor, MetricPoints, NumberPoint } from "./points.ts";

type Point = NumberPoint | HistogramPoint;

/** The points of one row of the catalogue of one domain, filled anew at every reading. */
export class PointList {
  /** Always the same object. */
  readonly entry: MetricPoints;
  readonly #points: Point[] = [];
  #count = 0;
  #changed = false;

  constructor(metric: MetricDescriptor) {
    this.entry = { metric, points: this.#points } as unknown as MetricPoints;
  }

  /**
   * Begins to fill. Gives the points of the last reading, until they are overwritten: the first point that is added
   * takes the place of the first.
   */
  begin(): readonly Point[] {
    this.#count = 0;
    this.#changed = false;
    return this.#points;
  }

  add(point: Point): void {
    if (this.#points[this.#count] !== point) {
      this.#points[this.#count] = point;
      this.#changed = true;
    }
    this.#count += 1;
  }

  /** Makes these the points, in this order. */
  become(points: readonly Point[]): void {
    this.#points.length = 0;
    for (const point of points) this.#points.push(point);
  }

  /** Ends the filling; are these other points than those of the last reading, or in another order? */
  end(): boolean {
    if (this.#points.length === this.#count) return this.#changed;
    this.#points.length = this.#count;
    return true;
  }
}
