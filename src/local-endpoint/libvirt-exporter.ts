import type { Integer } from "../integer.ts";
import type {
  Attributes,
  MetricDescriptor,
  MetricPoints,
  NumberPoint,
  ResourcePoints,
} from "../metrics/points.ts";
import { EXPORTER_METRICS, type ExporterMetric } from "./libvirt-exporter-names.ts";

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
 * Points under the names and labels of Tinkoff's libvirt-exporter, so that dashboards made for it go on to work. That
 * exporter has no resources: what a series is about stands in its labels. Of two series that have the same ones there,
 * as two domains of one name on two hypervisors, the first is taken. A metric is made when it is asked for: all of them
 * at once would take longer than the agent may stand still.
 */
export function* asLibvirtExporter(resources: readonly ResourcePoints[]): Generator<MetricPoints, void> {
  const ours = metricsByName(resources);
  for (const [exporter, metric] of DESCRIPTORS) {
    const points = pointsOf(exporter, ours.get(exporter.from) ?? []);
    if (points.length > 0) yield { metric, points };
  }
}

/** A metric, and the attributes of its resource. */
interface OwnMetric {
  readonly attributes: Attributes;
  readonly points: MetricPoints["points"];
}

function metricsByName(resources: readonly ResourcePoints[]): Map<string, OwnMetric[]> {
  const names = new Map(EXPORTER_METRICS.map(({ from }): [string, OwnMetric[]] => [from, []]));
  for (const { resource, metrics } of resources) {
    for (const { metric, points } of metrics) {
      names.get(metric.name)?.push({ attributes: resource.attributes, points });
    }
  }
  return names;
}

function pointsOf(exporter: ExporterMetric, ours: readonly OwnMetric[]): NumberPoint[] {
  const points = new Map<string, NumberPoint>();
  for (const { attributes, points: own } of ours) {
    for (const point of own) {
      if (!("value" in point) || point.noRecordedValue === true) continue;
      const { attributes: ofPoint, startTimeNs } = point.series;
      const attribute: AttributeOf = (name) => ofPoint[name] ?? attributes[name];
      const value = valueOf(exporter, attribute, point.value);
      if (value === undefined) continue;
      const labels = labelsOf(exporter, attribute);
      const key = Object.values(labels).join("\n");
      if (!points.has(key)) {
        points.set(key, { timeNs: point.timeNs, value, series: { attributes: labels, startTimeNs } });
      }
    }
  }
  return [...points.values()];
}

type AttributeOf = (name: string) => Attributes[string] | undefined;

/** Undefined when the point is not one of the exporter's. */
function valueOf(
  { where = {}, value: how }: ExporterMetric,
  attribute: AttributeOf,
  value: Integer,
): Integer | undefined {
  for (const name in where) if (attribute(name) !== where[name]) return undefined;
  if (how === undefined) return value;
  if (how === "percent") return Number(value) * 100;
  if (value !== 1) return undefined;
  if (how === "presence") return value;
  const state = how.states.indexOf(String(attribute(how.attribute)));
  return state < 0 ? undefined : state;
}

function labelsOf({ labels }: ExporterMetric, attribute: AttributeOf): Attributes {
  const own: Record<string, Attributes[string]> = {};
  for (const label in labels) {
    const value = attribute(labels[label] ?? "");
    if (value !== undefined) own[label] = value;
  }
  return own;
}
