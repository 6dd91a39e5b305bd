import type { Integer } from "../integer.ts";
import type { StatisticsItem, StatisticsValues } from "../readings/statistics.ts";
import { DeltaHistogram, hasShape, LiveHistogram, shapeOf } from "./live-histogram.ts";
import type { LiveItem } from "./live-scope.ts";
import { startBefore } from "./live-series.ts";
import type { MetricDescriptor } from "./points.ts";
import type { MeteredReading } from "./rows.ts";
import type { RowReading } from "./value-points.ts";

type Bin = StatisticsItem<"diskHistogramBin">;

/** The disk's field that sums up the durations of an operation; zone_append has none. */
const TOTALS: ReadonlyMap<unknown, "readTimeNs" | "writeTimeNs" | "flushTimeNs"> = new Map([
  ["read", "readTimeNs"],
  ["write", "writeTimeNs"],
  ["flush", "flushTimeNs"],
] as const);

/**
 * Points of the latency histograms of a domain's disks. libvirt's bins begin at their start, OTLP's buckets end at
 * their bound: an operation of exactly a bound's length counts below it there and above it here, which no clock
 * shows.
 */
export function histogramPoints({ row, scope, points }: RowReading<"bins">, domain: MeteredReading): void {
  points.begin();
  const { slot, metric } = row;
  const timeNs = domain.statistics.readAt["block-detail"]?.wallNs;
  const bins = domain.statistics.items.diskHistogramBin;
  if (timeNs === undefined || bins === undefined) return;
  const binsOf = Map.groupBy(bins, (bin) => bin.parent);
  scope.items.forEach((item, index) => {
    const live = scope.live(index);
    const ordered = inOrder(binsOf.get(item) ?? [], (item.values as StatisticsValues<"diskHistogram">).bins);
    if (live === undefined || ordered === undefined) return;
    const startsNs = ordered.map((bin) => bin.startNs);
    const known = live.series[slot];
    const current =
      known instanceof LiveHistogram && hasShape(known.shape, startsNs)
        ? known
        : newHistogram(live, { metric, slot, startsNs, timeNs });
    const total = TOTALS.get(item.path.at(-1));
    const disk: StatisticsValues<"disk"> | undefined = item.parent?.values;
    const { series, point } = current.next({
      timeNs,
      counts: ordered.map((bin) => bin.operations),
      totalNs: total === undefined ? undefined : disk?.[total],
    });
    live.series[slot] = series;
    if (point !== undefined) points.add(point);
  });
}

interface NewHistogram {
  readonly metric: MetricDescriptor;
  readonly slot: number;
  readonly startsNs: readonly Integer[];
  readonly timeNs: bigint;
}

/** The series of bins that were not there before. They begin empty after the last point of those that were. */
function newHistogram(live: LiveItem, { metric, slot, startsNs, timeNs }: NewHistogram): LiveHistogram {
  const { attributes, deltaOrigin, startTimeNs } = live;
  const shape = shapeOf(startsNs);
  const before = live.series[slot];
  if (metric.temporality === "delta") {
    const made = new DeltaHistogram(metric.name, { attributes, shape }, deltaOrigin);
    if (before instanceof DeltaHistogram) made.follow(before);
    return made;
  }
  const bornNs = before === undefined ? startTimeNs : before.timeNs;
  return new LiveHistogram(attributes, startBefore(timeNs, bornNs), shape);
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
