import type { MetricPoints, NumberPoint, ResourcePoints } from "../metrics/points.ts";
import { type DeviceKind, FIGURES_OF, type PlannedFigure } from "./figures.ts";
import type { Subject } from "./subject.ts";

type AttributeValue = string | number | boolean;

/** Gives the part of a whole that points are about. */
export type PartOf = (kind: DeviceKind, key: AttributeValue) => Subject;

const NS_PER_S = 1e9;

/** Makes figures of points: of all of them together for the whole, and of each part's for the part, where wanted. */
export function takePoints({ metrics }: ResourcePoints, whole: Subject, partOf?: PartOf): void {
  for (const { metric, points } of metrics) {
    const figures = FIGURES_OF.get(metric.name);
    if (figures === undefined) continue;
    for (const figure of figures) {
      for (const point of points) if ("value" in point) takePoint(point, figure, { whole, partOf });
    }
  }
}

/** The attribute of the one point that is 1, of a metric with a point for each state; undefined when none is. */
export function currentState(
  all: readonly MetricPoints[],
  name: string,
  attribute: string,
): string | undefined {
  for (const { metric, points } of all) {
    if (metric.name !== name) continue;
    for (const point of points) {
      const said = point.series.attributes[attribute];
      if ("value" in point && point.value === 1 && said !== undefined) return String(said);
    }
  }
  return undefined;
}

function takePoint(
  point: NumberPoint,
  { index, where, take, fold, device }: PlannedFigure,
  { whole, partOf }: { readonly whole: Subject; readonly partOf: PartOf | undefined },
): void {
  const { attributes } = point.series;
  if (where !== undefined && attributes[where[0]] !== where[1]) return;
  const value = take === "rate" ? rateOf(point) : Number(point.value);
  if (value === undefined) return;
  whole.fold(index, value, fold);
  if (partOf === undefined || device === undefined) return;
  const key = attributes[device.attribute];
  if (key !== undefined) partOf(device.kind, key).fold(index, value, "sum");
}

/** A delta's change in a second. */
function rateOf({ value, timeNs, startTimeNs }: NumberPoint): number | undefined {
  if (startTimeNs === undefined) return undefined;
  const elapsedNs = Number(timeNs - startTimeNs);
  return elapsedNs > 0 ? (Number(value) * NS_PER_S) / elapsedNs : undefined;
}
