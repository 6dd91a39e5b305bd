import type { MetricPoints, ResourcePoints } from "../metrics/points.ts";

/**
 * The points as they are at this moment, made at once. Meters write the next cycle into the points of the last one,
 * while a scrape is sent over many turns of the event loop: it must not mix the two. Without the points that only say
 * that their series ended, and without whom nothing else is about.
 */
export function snapshotOf(resources: readonly ResourcePoints[]): ResourcePoints[] {
  return resources.flatMap(({ resource, metrics }) => {
    const kept = metrics.flatMap(copyOf);
    return kept.length === 0 ? [] : [{ resource, metrics: kept }];
  });
}

function copyOf(entry: MetricPoints): MetricPoints[] {
  const points: unknown[] = [];
  for (const point of entry.points) {
    if (point.noRecordedValue === true) continue;
    const { series, timeNs } = point;
    // A histogram's point is made anew at every reading.
    points.push("value" in point ? { series, timeNs, value: point.value } : point);
  }
  return points.length === 0 ? [] : [{ metric: entry.metric, points } as MetricPoints];
}
