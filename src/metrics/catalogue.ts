import { type StatisticsScope } from "../readings/statistics.ts";
import { METRIC_ROWS } from "./definitions.ts";
import { MAC_ATTRIBUTE, NAMINGS } from "./item-attributes.ts";
import { DOMAIN_STATES } from "./libvirt-names.ts";
import { SCOPES } from "./plan.ts";
import type { Attributes, MetricKind } from "./points.ts";
import type { ReadRow, MetricRow, NameRule } from "./rows.ts";

/** An attribute of a metric's points. */
export interface CatalogueAttribute {
  readonly name: string;
  /** All values that it can have, where they are known beforehand. */
  readonly values: readonly string[];
}

/** A metric as its reader sees it. */
export interface CatalogueEntry {
  readonly name: string;
  readonly kind: MetricKind;
  /** UCUM. */
  readonly unit: string;
  readonly attributes: readonly CatalogueAttribute[];
  /** libvirt's fields, N for a number and * for a name, or what it is computed from. */
  readonly source: string;
  /** Exported unless switched off. */
  readonly on: boolean;
  readonly description: string;
}

/** Every metric, in the order of the table. */
export function catalogue(): CatalogueEntry[] {
  return METRIC_ROWS.map((row) => ({
    name: row.name,
    kind: row.kind,
    unit: row.unit,
    attributes: attributesOf(row),
    source: sourceOf(row),
    on: row.on,
    description: row.description,
  }));
}

function attributesOf(row: MetricRow): CatalogueAttribute[] {
  switch (row.from) {
    case "agent":
    case "hypervisor":
      return [...row.attributes, ...(row.optionalAttributes ?? [])].map(open);
    case "states":
      return [...scopeAttributes(row.scope).map(open), { name: row.attribute, values: row.states }];
    case "reason":
      return [{ name: "libvirt.domain.state", values: DOMAIN_STATES }, open("libvirt.domain.state.reason")];
    case "bins":
      return scopeAttributes(row.scope).map(open);
    default:
      return [...scopeAttributes(row.scope).map(open), ...constantAttributes(row.sources)];
  }
}

/** An attribute whose values nobody knows beforehand. */
function open(name: string): CatalogueAttribute {
  return { name, values: [] };
}

function scopeAttributes(scope: StatisticsScope): string[] {
  const { parent } = SCOPES[scope];
  const { before = [], attribute: own } = NAMINGS[scope] ?? {};
  return [
    ...(parent === undefined ? [] : scopeAttributes(parent)),
    ...before,
    ...(own === undefined ? [] : [own]),
    ...Object.keys(NAMINGS[scope]?.labels ?? {}),
    ...(scope === "nic" ? [MAC_ATTRIBUTE] : []),
  ];
}

function constantAttributes(sources: readonly { readonly attributes?: Attributes }[]): CatalogueAttribute[] {
  const values = new Map<string, Set<string>>();
  for (const { attributes = {} } of sources) {
    for (const [name, value] of Object.entries(attributes)) {
      values.set(name, (values.get(name) ?? new Set()).add(String(value)));
    }
  }
  return [...values].map(([name, all]) => ({ name, values: [...all] }));
}

function sourceOf(row: MetricRow): string {
  switch (row.from) {
    case "agent":
    case "hypervisor":
      return row.source ?? "kvmeter itself";
    case "states":
      return pattern(row.scope, row.field);
    case "reason":
      return pattern(row.scope, "reason");
    case "bins":
      return ["startNs", "operations"].map((field) => pattern("diskHistogramBin", field)).join(", ");
    case "derivations":
      return row.sources.map(({ derivation }) => derivation.source).join(", ");
    default:
      return row.sources.map((source) => fieldSource(row, source)).join(", ");
  }
}

function fieldSource(
  { scope }: ReadRow,
  { field, names = {} }: { readonly field: string; readonly names?: NameRule },
): string {
  const all = pattern(scope, field);
  if (names.only !== undefined) return names.only.map((name) => all.replace("*", name)).join(", ");
  return names.except === undefined ? all : `${all} (but not ${names.except.join(", ")})`;
}

/** The name of a field as libvirt's documentation writes it. */
function pattern(scope: StatisticsScope, field: string): string {
  return (SCOPES[scope].fields[field]?.pattern ?? field).replaceAll("#", "N");
}
