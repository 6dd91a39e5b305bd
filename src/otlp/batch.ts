import type { MetricPoints, ResourcePoints } from "../metrics/points.ts";
import type { ExportRequest } from "./destination.ts";
import { type EncodedCycle, encodeCycle } from "./encode.ts";

/**
 * Cuts a cycle into requests of at most `limitBytes` each, in order, as few as that allows without moving a
 * resource. A resource that is larger is cut between its metrics, a metric that is larger between its points.
 * A single point that is larger than the limit travels alone: the backend's refusal then says what is wrong.
 * There are no empty requests.
 */
export function cutRequests(cycle: EncodedCycle, limitBytes: number): ExportRequest[] {
  const requests: ExportRequest[] = [];
  let start = 0;
  let end = 0;
  let pointCount = 0;
  const flush = (): void => {
    if (pointCount > 0) requests.push({ body: cycle.bytes.subarray(start, end), pointCount });
    pointCount = 0;
  };
  for (const resource of cycle.resources) {
    if (resource.end - start > limitBytes) {
      flush();
      start = resource.start;
    }
    if (resource.end - resource.start > limitBytes && resource.pointCount > 1) {
      requests.push(...cutRequests(encodeCycle(halve(resource.source), cycle.scope), limitBytes));
      start = resource.end;
    } else {
      end = resource.end;
      pointCount += resource.pointCount;
    }
  }
  flush();
  return requests;
}

/** The same points as two entries, cut in the middle of the metrics, or of the points of the only metric. */
function halve({ resource, metrics }: ResourcePoints): ResourcePoints[] {
  const [only] = metrics;
  const halves =
    metrics.length === 1 && only !== undefined
      ? halvePoints(only).map((half) => [half])
      : [metrics.slice(0, metrics.length >> 1), metrics.slice(metrics.length >> 1)];
  // Objects of their own: what the encoder remembers of the whole resource stays as it is.
  return halves.map((half) => ({ resource: { attributes: resource.attributes }, metrics: half }));
}

function halvePoints(entry: MetricPoints): MetricPoints[] {
  const middle = Math.floor(entry.points.length / 2);
  return [
    { ...entry, points: entry.points.slice(0, middle) } as MetricPoints,
    { ...entry, points: entry.points.slice(middle) } as MetricPoints,
  ];
}
