import type { Attributes, HistogramPoint, NumberPoint, ResourcePoints } from "../metrics/points.ts";
import { printable } from "../printable.ts";
import {
  byName,
  DOMAIN_COLUMNS,
  domainCells,
  shown,
  sumOf,
  TRAFFIC,
  type DomainPoints,
} from "./domain-row.ts";
import { formatBytes, formatValue } from "./quantity.ts";
import { renderTable, type Column } from "./table.ts";

/** What was moved since the domain started: one reading has no rates. */
const AMOUNT_COLUMNS: readonly Column[] = [
  { title: "DISK READ", align: "right", rank: 2 },
  { title: "WRITTEN", align: "right", rank: 2 },
  { title: "NET IN", align: "right", rank: 1 },
  { title: "NET OUT", align: "right", rank: 1 },
];

/** A row for each domain, and how to see more. */
export function domainsTable(all: readonly ResourcePoints[], width?: number): string {
  const domains = all.flatMap((resource) => domainPoints(resource) ?? []);
  const rows = domains.toSorted(byName).map((domain) => {
    const amounts = Object.values(TRAFFIC).map(([metric, where]) => sumOf(domain, metric, where));
    return domainCells(domain).concat(amounts.map((amount) => shown(amount, formatBytes)));
  });
  const table = renderTable([...DOMAIN_COLUMNS, ...AMOUNT_COLUMNS], rows, width);
  const pointCount = all
    .flatMap(({ metrics }) => metrics)
    .reduce((sum, { points }) => sum + points.length, 0);
  const counts = `${domains.length} domains, ${pointCount} values. --domain NAME shows every value of one domain.`;
  return `${table.join("\n")}\n\n${counts}\n`;
}

/** The points of a resource that is a domain. */
function domainPoints({ resource, metrics }: ResourcePoints): DomainPoints | undefined {
  const { "libvirt.domain.name": name } = resource.attributes;
  if (typeof name !== "string") return undefined;
  const byMetric = new Map(metrics.map(({ metric, points }) => [metric.name, points]));
  const points = (metric: string) =>
    (byMetric.get(metric) ?? []).map((point) => ({
      attributes: point.series.attributes,
      value: "value" in point ? Number(point.value) : undefined,
    }));
  return { name, points };
}

const VALUE_COLUMNS: readonly Column[] = [
  { title: "METRIC", align: "left" },
  { title: "ATTRIBUTES", align: "left" },
  { title: "VALUE", align: "right" },
];

/** Every value of the given resources, under their attributes. */
export function valuesTable(all: readonly ResourcePoints[]): string {
  return all.map(resourceTable).join("\n");
}

function resourceTable({ resource, metrics }: ResourcePoints): string {
  const heading = Object.entries(resource.attributes).map(
    ([name, value]) => `${printable(name)}: ${printable(String(value))}\n`,
  );
  const rows = metrics.flatMap(({ metric, points }) =>
    points.map((point) => [
      metric.name,
      attributeText(point.series.attributes),
      valueText(point, metric.unit),
    ]),
  );
  return `${heading.join("")}\n${renderTable(VALUE_COLUMNS, rows).join("\n")}\n`;
}

function attributeText(attributes: Attributes): string {
  return printable(
    Object.entries(attributes)
      .map(([name, value]) => `${name}=${value}`)
      .join(" "),
  );
}

function valueText(point: NumberPoint | HistogramPoint, unit: string): string {
  if ("value" in point) return formatValue(point.value, unit);
  const sum = point.sum === undefined ? "" : `, sum ${formatValue(point.sum, unit)}`;
  return `count ${point.count}${sum}`;
}
