import type { StatisticsScope } from "../readings/statistics.ts";
import { LiveHistogram } from "./live-histogram.ts";
import type { EndedSeries } from "./live-scope.ts";
import type { LiveSeries } from "./live-series.ts";
import type { MetricPlan } from "./plan.ts";
import type { HistogramPoint, MetricDescriptor, MetricPoints, NumberPoint } from "./points.ts";

/** Series of a scope that have had their last value. */
export interface EndedScope {
  readonly scope: StatisticsScope;
  readonly series: readonly EndedSeries[];
}

/** A series and the metric that it is of. */
export interface MetricSeries {
  readonly metric: MetricDescriptor;
  readonly series: LiveSeries;
}

/** {@link lastPoints} of what has ended in scopes. */
export function endedPoints(plan: MetricPlan, ended: readonly EndedScope[], timeNs: bigint): MetricPoints[] {
  const known = ended.flatMap(({ scope, series: all }) =>
    all.flatMap(({ slot, series }) => {
      const metric = plan.metrics.get(scope)?.[slot];
      return metric === undefined ? [] : [{ metric, series }];
    }),
  );
  return lastPoints(known, timeNs);
}

/**
 * The points that say that series end here (OTLP's flag NO_RECORDED_VALUE): without one a backend shows a series'
 * last value for minutes more. A delta says nothing of the time after it, so that its series needs no such point.
 */
export function lastPoints(ended: readonly MetricSeries[], timeNs: bigint): MetricPoints[] {
  const byMetric = new Map<MetricDescriptor, (NumberPoint | HistogramPoint)[]>();
  for (const { metric, series } of ended) {
    if (metric.temporality === "delta") continue;
    // Not before the start, also when the clock was set back meanwhile.
    const { startTimeNs } = series;
    const endNs = startTimeNs === undefined || startTimeNs <= timeNs ? timeNs : startTimeNs;
    const common = { series, timeNs: endNs, noRecordedValue: true };
    const point =
      series instanceof LiveHistogram
        ? { ...common, ...emptyBuckets(series.shape.bounds) }
        : { ...common, value: 0 };
    const points = byMetric.get(metric);
    if (points === undefined) byMetric.set(metric, [point]);
    else points.push(point);
  }
  return Array.from(byMetric, ([metric, points]) => ({ metric, points }) as MetricPoints);
}

function emptyBuckets(
  bounds: readonly number[],
): Pick<HistogramPoint, "count" | "sum" | "bounds" | "bucketCounts"> {
  return { count: 0, sum: undefined, bounds, bucketCounts: [0, ...bounds.map(() => 0)] };
}
