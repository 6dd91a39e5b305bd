import type { Instant } from "../clock.ts";
import type { Integer } from "../integer.ts";
import { DeltaSeries } from "./delta-series.ts";
import { advance, begunBy, LiveSeries, startBefore } from "./live-series.ts";
import type {
  Attributes,
  MetricDescriptor,
  MetricPoints,
  NumberPoint,
  Resource,
  ResourcePoints,
  Temporality,
} from "./points.ts";
import { attributesKey } from "./resources.ts";
import type { ToldRow } from "./rows.ts";
import { CONVERSIONS } from "./units.ts";

/** Takes one value of a metric, with the attributes that its row has; lets fall what no wanted row has. */
export type TellerOf<Row extends ToldRow> = <Name extends Row["name"]>(
  name: Name,
  attributes: Readonly<Record<Extract<Row, { readonly name: Name }>["attributes"][number], string>>,
  value: Integer,
) => void;

export interface ToldMeterOptions {
  /** The rows to export. */
  readonly rows: readonly ToldRow[];
  /** Since when sums count, nanoseconds since the epoch. */
  readonly startedAtNs: bigint;
  /** Of counters; cumulative unless given. */
  readonly temporality?: Temporality | undefined;
}

/** What is told is told in the metrics' own units. */
const AS_IT_IS = CONVERSIONS.ratio;

/** Turns values that are told one by one into points of one resource. Series that are not told any more are forgotten. */
export class ToldMeter {
  readonly #startedAtNs: bigint;
  readonly #metrics: ReadonlyMap<string, MetricDescriptor & { readonly kind: ToldRow["kind"] }>;
  #resource: Resource = { attributes: {} };
  #series = new Map<string, LiveSeries>();

  constructor({ rows, startedAtNs, temporality }: ToldMeterOptions) {
    this.#startedAtNs = startedAtNs;
    this.#metrics = new Map(
      rows.map(({ name, kind, unit, description, valueType }) => [
        name,
        {
          name,
          kind,
          unit,
          description,
          valueType,
          ...(kind === "counter" && temporality === "delta" && { temporality }),
        },
      ]),
    );
  }

  /** Who the points are about; another resource has series of its own. */
  set resource(attributes: Attributes) {
    if (attributesKey(attributes) === attributesKey(this.#resource.attributes)) return;
    this.#resource = { attributes };
    this.#series = new Map();
  }

  /** The points of what `tell` tells. */
  update(
    at: Instant,
    tell: (value: (name: string, attributes: Attributes, value: Integer) => void) => void,
  ): ResourcePoints {
    const points = new Map<string, NumberPoint[]>();
    const alive = new Map<string, LiveSeries>();
    const timeNs = at.wallNs;
    tell((name, attributes, value) => {
      const metric = this.#metrics.get(name);
      if (metric === undefined) return;
      const key = `${name} ${attributesKey(attributes)}`;
      const known = this.#series.get(key) ?? this.#newSeries(metric, attributes, timeNs);
      const { series, point } = nextPoint(metric, known, { value, timeNs });
      alive.set(key, series);
      if (point === undefined) return;
      const others = points.get(name);
      if (others === undefined) points.set(name, [point]);
      else others.push(point);
    });
    this.#series = alive;
    const metrics: MetricPoints[] = [];
    for (const [name, metric] of this.#metrics) {
      const made = points.get(name);
      if (made !== undefined) metrics.push({ metric, points: made });
    }
    return { resource: this.#resource, metrics };
  }

  /** All that is counted began with this process, so that a first value is a delta too. */
  #newSeries(
    { name, kind, temporality }: MetricDescriptor,
    attributes: Attributes,
    timeNs: bigint,
  ): LiveSeries {
    const startNs = this.#startedAtNs;
    if (temporality === "delta") return new DeltaSeries(name, attributes, { startNs, told: undefined });
    return new LiveSeries(attributes, kind === "gauge" ? undefined : startBefore(timeNs, startNs));
  }
}

/** The series that goes on, with its point if there is something to tell. */
function nextPoint(
  { kind }: MetricDescriptor,
  known: LiveSeries,
  { value, timeNs }: { readonly value: Integer; readonly timeNs: bigint },
): { readonly series: LiveSeries; readonly point: NumberPoint | undefined } {
  if (known instanceof DeltaSeries) return { series: known, point: known.next(value, timeNs, AS_IT_IS) };
  const series = kind === "counter" ? advance(known, value, timeNs) : begunBy(timeNs, known);
  return { series, point: series.at(timeNs, value) };
}
