import type { StatisticsScope } from "../readings/statistics.ts";
import { LiveHistogram } from "./live-histogram.ts";
import type { LiveScope } from "./live-scope.ts";
import type { MetricPlan } from "./plan.ts";
import type { HistogramPoint, MetricDescriptor, MetricPoints, NumberPoint } from "./points.ts";

/**
 * The latest points of all series that have one of these times: a series whose latest point is older than the reading
 * of its group had nothing to tell at that one. They hold until the next reading.
 */
export function pointsOf(
  plan: MetricPlan,
  scopes: ReadonlyMap<StatisticsScope, LiveScope>,
  times: ReadonlySet<bigint>,
): MetricPoints[] {
  const byMetric = new Map<MetricDescriptor, (NumberPoint | HistogramPoint)[]>();
  for (const [scope, live] of scopes) {
    for (const { slot, series } of live.series()) {
      const metric = plan.metrics.get(scope)?.[slot];
      const point = series instanceof LiveHistogram ? series.latest : series;
      if (metric === undefined || point === undefined || !times.has(point.timeNs)) continue;
      const points = byMetric.get(metric);
      if (points === undefined) byMetric.set(metric, [point]);
      else points.push(point);
    }
  }
  return Array.from(byMetric, ([metric, points]) => ({ metric, points }) as MetricPoints);
}
