import { add, type Integer, scaleDown } from "../integer.ts";
import type { DomainReading } from "../readings/domain.ts";
import type { StatisticsItem, StatisticsValues } from "../readings/statistics.ts";
import type { LiveScope } from "./live-scope.ts";
import { advance, LiveSeries, startBefore } from "./live-series.ts";
import type { Attributes, HistogramPoint } from "./points.ts";

type Bin = StatisticsItem<"diskHistogramBin">;

interface Shape {
  /** Where each bin starts, ascending. */
  readonly startsNs: readonly Integer[];
  /** Upper bounds of all buckets but the last. */
  readonly bounds: readonly number[];
}

/** A histogram's series with its bins: other bins are another series. */
class LiveHistogram extends LiveSeries {
  readonly shape: Shape;

  constructor(attributes: Attributes, startTimeNs: bigint, shape: Shape) {
    super(attributes, startTimeNs);
    this.shape = shape;
  }

  override restarted(startTimeNs: bigint): LiveHistogram {
    return new LiveHistogram(this.attributes, startTimeNs, this.shape);
  }
}

const SECOND_DIGITS = 9;

/** The disk's field that sums up the durations of an operation; zone_append has none. */
const TOTALS: ReadonlyMap<unknown, "readTimeNs" | "writeTimeNs" | "flushTimeNs"> = new Map([
  ["read", "readTimeNs"],
  ["write", "writeTimeNs"],
  ["flush", "flushTimeNs"],
] as const);

/**
 * Points of the latency histograms of a domain's disks; `slot` is where an item keeps its series. libvirt's bins
 * begin at their start, OTLP's buckets end at their bound: an operation of exactly a bound's length counts below
 * it there and above it here, which no clock shows.
 */
export function histogramPoints(scope: LiveScope, slot: number, domain: DomainReading): HistogramPoint[] {
  const points: HistogramPoint[] = [];
  const timeNs = domain.statistics.readAt.block?.wallNs;
  const bins = domain.statistics.items.diskHistogramBin;
  if (timeNs === undefined || bins === undefined) return points;
  const binsOf = Map.groupBy(bins, (bin) => bin.parent);
  scope.items.forEach((item, index) => {
    const live = scope.live(index);
    const ordered = inOrder(binsOf.get(item) ?? [], (item.values as StatisticsValues<"diskHistogram">).bins);
    if (live === undefined || ordered === undefined) return;
    const startsNs = ordered.map((bin) => bin.startNs);
    const counts = ordered.map((bin) => bin.operations);
    const count = counts.reduce(add, 0);

    const known = live.series[slot];
    const same = known instanceof LiveHistogram && sameStarts(known.shape.startsNs, startsNs);
    const shape = same ? known.shape : { startsNs, bounds: boundsOf(startsNs) };
    // New bins begin empty after the last point of the old ones.
    const bornNs = known === undefined ? live.startTimeNs : known.previousTimeNs;
    const series = advance(
      same ? known : new LiveHistogram(live.attributes, startBefore(timeNs, bornNs), shape),
      count,
      timeNs,
    );
    live.series[slot] = series;

    const total = TOTALS.get(item.path.at(-1));
    const disk: StatisticsValues<"disk"> | undefined = item.parent?.values;
    const totalNs = total === undefined ? undefined : disk?.[total];
    points.push({
      series,
      timeNs,
      count,
      sum: totalNs === undefined ? undefined : scaleDown(totalNs, SECOND_DIGITS),
      bounds: shape.bounds,
      bucketCounts: startsAtZero(startsNs) ? counts : [0, ...counts],
    });
  });
  return points;
}

/** The bins by their numbers; undefined when one is missing, half there, or does not start above the one before. */
function inOrder(
  bins: readonly Bin[],
  expected: Integer | undefined,
): { startNs: Integer; operations: Integer }[] | undefined {
  if (bins.length === 0 || bins.length !== expected) return undefined;
  const ordered: { startNs: Integer; operations: Integer }[] = [];
  const byNumber = bins.toSorted((a, b) => Number(a.path.at(-1)) - Number(b.path.at(-1)));
  for (const [number, { path, values }] of byNumber.entries()) {
    const { startNs, operations } = values;
    const below = ordered.at(-1)?.startNs ?? -1;
    if (path.at(-1) !== number || startNs === undefined || operations === undefined) return undefined;
    if (startNs <= below || operations < 0) return undefined;
    ordered.push({ startNs, operations });
  }
  return ordered;
}

function boundsOf(startsNs: readonly Integer[]): number[] {
  return (startsAtZero(startsNs) ? startsNs.slice(1) : startsNs).map((ns) => scaleDown(ns, SECOND_DIGITS));
}

function startsAtZero(startsNs: readonly Integer[]): boolean {
  return Number(startsNs[0]) === 0;
}

function sameStarts(a: readonly Integer[], b: readonly Integer[]): boolean {
  return a.length === b.length && a.every((start, index) => start === b[index]);
}
