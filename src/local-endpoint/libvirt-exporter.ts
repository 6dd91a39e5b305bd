import type { Integer } from "../integer.ts";
import type {
  Attributes,
  MetricDescriptor,
  MetricPoints,
  NumberPoint,
  ResourcePoints,
} from "../metrics/points.ts";
import { EXPORTER_METRICS, type ExporterMetric } from "./libvirt-exporter-names.ts";

/** That exporter has no resources: what a series is about stands in its labels. */
const NOBODY = { attributes: {} };

/** Of a name and a unit that are already Prometheus's. */
const DESCRIPTORS: ReadonlyMap<ExporterMetric, MetricDescriptor & { readonly kind: "counter" | "gauge" }> =
  new Map(
    EXPORTER_METRICS.map((metric) => [
      metric,
      {
        name: metric.name,
        kind: metric.kind,
        unit: "",
        valueType: "double",
        description: `${metric.from} of kvmeter.`,
      },
    ]),
  );

/**
 * Points under the names and labels of Tinkoff's libvirt-exporter, so that dashboards made for it go on to work. Of two
 * series that have the same labels there, as two domains of one name on two hypervisors, the first is taken.
 */
export function asLibvirtExporter(resources: readonly ResourcePoints[]): ResourcePoints {
  const ours = pointsByName(resources);
  const metrics = [...DESCRIPTORS].map(([exporter, metric]): MetricPoints => ({
    metric,
    points: [...pointsOf(exporter, ours.get(exporter.from) ?? []).values()],
  }));
  return { resource: NOBODY, metrics: metrics.filter(({ points }) => points.length > 0) };
}

/** A point, with its attributes and those of its resource. */
interface OwnPoint {
  readonly point: NumberPoint;
  readonly attributes: Attributes;
}

function pointsByName(resources: readonly ResourcePoints[]): Map<string, OwnPoint[]> {
  const names = new Map(EXPORTER_METRICS.map(({ from }): [string, OwnPoint[]] => [from, []]));
  for (const { resource, metrics } of resources) {
    for (const { metric, points } of metrics) {
      const own = names.get(metric.name);
      if (own === undefined) continue;
      for (const point of points) {
        if (!("value" in point) || point.noRecordedValue === true) continue;
        own.push({ point, attributes: { ...resource.attributes, ...point.series.attributes } });
      }
    }
  }
  return names;
}

function pointsOf(exporter: ExporterMetric, ours: readonly OwnPoint[]): Map<string, NumberPoint> {
  const points = new Map<string, NumberPoint>();
  for (const { point, attributes } of ours) {
    const value = valueOf(exporter, { attributes, value: point.value });
    if (value === undefined) continue;
    const labels = labelsOf(exporter, attributes);
    const key = JSON.stringify(labels);
    if (points.has(key)) continue;
    points.set(key, { ...point, series: { ...point.series, attributes: labels }, value });
  }
  return points;
}

/** Undefined when the point is not one of the exporter's. */
function valueOf(
  { where = {}, value: how }: ExporterMetric,
  { attributes, value }: { attributes: Attributes; value: Integer },
): Integer | undefined {
  if (Object.entries(where).some(([name, wanted]) => attributes[name] !== wanted)) return undefined;
  if (how === undefined) return value;
  if (how === "percent") return Number(value) * 100;
  if (value !== 1) return undefined;
  if (how === "presence") return value;
  const state = how.states.indexOf(String(attributes[how.attribute]));
  return state < 0 ? undefined : state;
}

function labelsOf({ labels }: ExporterMetric, attributes: Attributes): Attributes {
  return Object.fromEntries(
    Object.entries(labels).flatMap(([label, name]) => {
      const value = attributes[name];
      return value === undefined ? [] : [[label, value]];
    }),
  );
}
