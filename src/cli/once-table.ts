import type { Attributes, HistogramPoint, NumberPoint, ResourcePoints } from "../metrics/points.ts";
import { byName, DOMAIN_COLUMNS, domainCells } from "./domain-row.ts";
import { pointValues } from "./point-values.ts";
import { formatValue } from "./quantity.ts";
import { renderTable, type Column } from "./table.ts";
import { printable } from "./text.ts";

/** A row for each domain, and how to see more. */
export function domainsTable(all: readonly ResourcePoints[], width?: number): string {
  const domains = all.flatMap((points) => pointValues(points) ?? []);
  const rows = domains.toSorted(byName).map(domainCells);
  const pointCount = all
    .flatMap(({ metrics }) => metrics)
    .reduce((sum, { points }) => sum + points.length, 0);
  const [some] = domains;
  const hint =
    some === undefined ? "" : `\n--domain ${printable(some.name)} shows every value of one domain.`;
  const counts = `${domains.length} domains, ${pointCount} values.`;
  return `${renderTable(DOMAIN_COLUMNS, rows, width).join("\n")}\n\n${counts}${hint}\n`;
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
