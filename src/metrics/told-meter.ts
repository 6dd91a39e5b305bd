import type { Instant } from "../clock.ts";
import type { Integer } from "../integer.ts";
import { DeltaSeries } from "./delta-series.ts";
import { lastPoints, type MetricSeries } from "./ended-points.ts";
import { DeltaHistogram, LiveHistogram } from "./live-histogram.ts";
import { advance, begunBy, LiveSeries, startBefore } from "./live-series.ts";
import type { HistogramValue } from "./operation-durations.ts";
import type {
  Attributes,
  HistogramPoint,
  MetricDescriptor,
  MetricPoints,
  NumberPoint,
  Resource,
  ResourcePoints,
  Temporality,
} from "./points.ts";
import { attributesKey, type ResourceOptions } from "./resources.ts";
import type { ToldRow } from "./rows.ts";
import { CONVERSIONS } from "./units.ts";

type RowNamed<Row extends ToldRow, Name> = Extract<Row, { readonly name: Name }>;

type AttributesOf<Row extends ToldRow> = Readonly<
  Record<Row["attributes"][number], string> &
    (Row extends { readonly optionalAttributes: readonly (infer Optional extends string)[] }
      ? Partial<Record<Optional, string>>
      : unknown)
>;

type ValueOf<Row extends ToldRow> = Row extends { readonly kind: "histogram" } ? HistogramValue : Integer;

/** Takes one value of a metric, with the attributes that its row has; lets fall what no wanted row has. */
export type TellerOf<Row extends ToldRow> = <Name extends Row["name"]>(
  name: Name,
  attributes: AttributesOf<RowNamed<Row, Name>>,
  value: ValueOf<RowNamed<Row, Name>>,
) => void;

/** Takes the names of metrics of which nothing is known at the moment: their series wait. */
export type WaiterOf<Row extends ToldRow> = (...names: Row["name"][]) => void;

type Value = Integer | HistogramValue;

/** How a cycle is told: one by one. */
export type Telling = (
  value: (name: string, attributes: Attributes, value: Value) => void,
  wait: (...names: string[]) => void,
  /** When what is told from here on was read, where that was before the rest. */
  readAt: (at: Instant) => void,
) => void;

export interface ToldMeterOptions {
  /** The rows to export. */
  readonly rows: readonly ToldRow[];
  /** Since when sums count, nanoseconds since the epoch. */
  readonly startedAtNs: bigint;
  /** Of counters and histograms; cumulative unless given. */
  readonly temporality?: Temporality | undefined;
  readonly identity?: ResourceOptions["identity"];
}

/** What is told is told in the metrics' own units. */
const AS_IT_IS = CONVERSIONS.ratio;

const NOTHING: readonly ResourcePoints[] = [];

/**
 * Turns values that are told one by one into points of one resource. What is not told any more has ended: its series
 * gets one last point without a value and is forgotten.
 */
export class ToldMeter {
  readonly #startedAtNs: bigint;
  readonly #isToldByPoint: boolean;
  readonly #metrics: ReadonlyMap<string, MetricDescriptor>;
  #resource: Resource = { attributes: {} };
  #series = new Map<string, MetricSeries>();
  /** The resource that the series are of, until the next update. */
  #before: Resource = this.#resource;
  #ended = NOTHING;

  constructor({ rows, startedAtNs, temporality, identity }: ToldMeterOptions) {
    this.#startedAtNs = startedAtNs;
    this.#isToldByPoint = identity === "attributes";
    this.#metrics = new Map(
      rows.map(({ name, kind, unit, description, valueType }) => {
        const isDelta = temporality === "delta" && (kind === "counter" || kind === "histogram");
        return [name, { name, kind, unit, description, valueType, ...(isDelta && { temporality }) }];
      }),
    );
  }

  /** Who the points are about; another resource has series of its own. */
  set resource(attributes: Attributes) {
    if (attributesKey(attributes) === attributesKey(this.#resource.attributes)) return;
    this.#resource = { attributes };
  }

  /** The last points of all series that ended with the last update; they carry no value. */
  get ended(): readonly ResourcePoints[] {
    return this.#ended;
  }

  /** The points of what `tell` tells. */
  update(at: Instant, tell: Telling): ResourcePoints {
    const isAnother = this.#before !== this.#resource;
    const known = isAnother ? new Map<string, MetricSeries>() : this.#series;
    const alive = new Map<string, MetricSeries>();
    const points = new Map<string, (NumberPoint | HistogramPoint)[]>();
    const waiting = new Set<string>();
    let timeNs = at.wallNs;
    const take = (name: string, attributes: Attributes, value: Value): void => {
      const metric = this.#metrics.get(name);
      if (metric === undefined) return;
      const key = `${name} ${attributesKey(attributes)}`;
      const last = known.get(key)?.series ?? this.#newSeries(metric, attributes, { value, timeNs });
      const { series, point } = nextPoint(metric, last, { value, timeNs });
      alive.set(key, { metric, series });
      if (point === undefined) return;
      const others = points.get(name);
      if (others === undefined) points.set(name, [point]);
      else others.push(point);
    };
    const wait = (...names: string[]): void => names.forEach((name) => waiting.add(name));
    tell(take, wait, (instant) => {
      timeNs = instant.wallNs;
    });
    for (const [key, each] of known)
      if (waiting.has(each.metric.name) && !alive.has(key)) alive.set(key, each);
    this.#end(alive, at.wallNs);
    const metrics: MetricPoints[] = [];
    for (const [name, metric] of this.#metrics) {
      const made = points.get(name);
      // Histograms are told for histograms only.
      if (made !== undefined) metrics.push({ metric, points: made } as MetricPoints);
    }
    return { resource: this.#resource, metrics };
  }

  /** Goes on with these series. Those that go on under another resource have not ended where points tell who they are about. */
  #end(alive: Map<string, MetricSeries>, timeNs: bigint): void {
    const { attributes } = this.#before;
    const goOn = this.#before === this.#resource || this.#isToldByPoint;
    const gone = [...this.#series].flatMap(([key, each]) => (goOn && alive.has(key) ? [] : [each]));
    const metrics = lastPoints(gone, timeNs);
    this.#ended = metrics.length === 0 ? NOTHING : [{ resource: { attributes }, metrics }];
    this.#series = alive;
    this.#before = this.#resource;
  }

  /** All that is counted began with this process, so that a first value is a delta too. */
  #newSeries({ name, kind, temporality }: MetricDescriptor, attributes: Attributes, first: Told): LiveSeries {
    const startNs = this.#startedAtNs;
    const origin = { startNs, told: undefined };
    const shape = typeof first.value === "object" ? first.value.shape : undefined;
    if (temporality === "delta") {
      return shape === undefined
        ? new DeltaSeries(name, attributes, origin)
        : new DeltaHistogram(name, { attributes, shape }, origin);
    }
    const startTimeNs = kind === "gauge" ? undefined : startBefore(first.timeNs, startNs);
    return shape === undefined
      ? new LiveSeries(attributes, startTimeNs)
      : new LiveHistogram(attributes, startTimeNs, shape);
  }
}

interface Told {
  readonly value: Value;
  readonly timeNs: bigint;
}

/** The series that goes on, with its point if there is something to tell. */
function nextPoint(
  { kind }: MetricDescriptor,
  known: LiveSeries,
  { value, timeNs }: Told,
): { readonly series: LiveSeries; readonly point?: NumberPoint | HistogramPoint | undefined } {
  if (typeof value === "object") return (known as LiveHistogram).next({ ...value, timeNs });
  if (known instanceof DeltaSeries) return { series: known, point: known.next(value, timeNs, AS_IT_IS) };
  const series = kind === "counter" ? advance(known, value, timeNs) : begunBy(timeNs, known);
  return { series, point: series.at(timeNs, value) };
}
