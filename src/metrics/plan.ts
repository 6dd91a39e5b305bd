import {
  type FieldUnit,
  READING_SCOPES,
  type ScopeRow,
  type StatisticsGroup,
} from "../readings/statistics-fields.ts";
import type { StatisticsScope } from "../readings/statistics.ts";
import { type ColumnPlan, planColumns } from "./column-plan.ts";
import { NAMINGS } from "./item-attributes.ts";
import type { Attributes, MetricDescriptor, Temporality } from "./points.ts";
import type { Derivation, NameRule, ReadRow } from "./rows.ts";
import { type Conversion, CONVERSIONS, type NumericUnit } from "./units.ts";

/** The table's scopes, with what all of them may have. */
export const SCOPES: Readonly<Record<StatisticsScope, ScopeRow & { readonly parent?: StatisticsScope }>> =
  READING_SCOPES;

/** The group with which a field is read. */
export function groupOf(scope: StatisticsScope, field: string): StatisticsGroup {
  return SCOPES[scope].regrouped?.[field] ?? SCOPES[scope].group;
}

/** The unit in which libvirt counts a field. */
export function unitOf(scope: StatisticsScope, field: string): FieldUnit | undefined {
  return SCOPES[scope].fields[field]?.unit;
}

/** One field of a row, ready to be taken from every item of its scope. */
export interface PlannedField {
  readonly field: string;
  readonly group: StatisticsGroup;
  readonly conversion: Conversion;
  readonly attributes: Attributes | undefined;
  readonly names: NameRule | undefined;
  /** The attribute that the item's name goes into, where `names` rules it. */
  readonly nameAttribute: string;
  readonly onlyWhile: { readonly field: string; readonly equals: number } | undefined;
  /** What it counts is never set back. */
  readonly isSteady: boolean;
  /** Where a live item keeps this source's series. */
  readonly slot: number;
}

/** One derived value of a row. */
export interface PlannedDerivation {
  readonly derivation: Derivation<StatisticsScope>;
  readonly attributes: Attributes | undefined;
  readonly slot: number;
}

type Plan<Kind extends MetricDescriptor["kind"] = "counter" | "updowncounter" | "gauge"> = {
  readonly metric: MetricDescriptor & { readonly kind: Kind };
  readonly scope: StatisticsScope;
};

/** A row of the catalogue, ready to make points. */
export type PlannedRow =
  | (Plan & { readonly from: "fields"; readonly sources: readonly PlannedField[] })
  | (Plan & { readonly from: "derivations"; readonly sources: readonly PlannedDerivation[] })
  | (Plan & {
      readonly from: "states";
      readonly group: StatisticsGroup;
      readonly attribute: string;
      readonly states: readonly string[];
      /** Where a live item keeps the series of the first state. */
      readonly slot: number;
    })
  | (Plan & { readonly from: "reason"; readonly slot: number })
  | (Plan<"histogram"> & { readonly from: "bins"; readonly slot: number });

/** What has to be done for every domain: computed once from the rows that are wanted. */
export interface MetricPlan {
  readonly rows: readonly PlannedRow[];
  /** Scopes that rows need, with those above them; parents come first. */
  readonly scopes: readonly StatisticsScope[];
  /** Scopes of which the last reading must be kept. */
  readonly remembered: ReadonlySet<StatisticsScope>;
  /** Of each scope's series, by its slot. */
  readonly metrics: ReadonlyMap<StatisticsScope, readonly MetricDescriptor[]>;
  readonly columns: ColumnPlan;
}

/** Makes the plan for these rows; `temporality` is that of their counters and histograms. */
export function planMetrics(rows: readonly ReadRow[], temporality: Temporality = "cumulative"): MetricPlan {
  const slots = new Map<StatisticsScope, number>();
  const takeSlots = (scope: StatisticsScope, count: number): number => {
    const first = slots.get(scope) ?? 0;
    slots.set(scope, first + count);
    return first;
  };
  const planned = rows.map((row) => withTemporality(planRow(row, takeSlots), temporality));
  const needed = new Set(rows.flatMap((row) => lineage(row.scope)));
  return {
    rows: planned,
    scopes: (Object.keys(READING_SCOPES) as StatisticsScope[]).filter((scope) => needed.has(scope)),
    remembered: new Set(rows.filter((row) => row.from === "derivations").map((row) => row.scope)),
    metrics: metricsBySlot(planned),
    columns: planColumns({ rows: planned, widths: slots, groupOfScope: (scope) => SCOPES[scope].group }),
  };
}

function metricsBySlot(rows: readonly PlannedRow[]): MetricPlan["metrics"] {
  const metrics = new Map<StatisticsScope, MetricDescriptor[]>();
  for (const row of rows) {
    const ofScope = metrics.get(row.scope) ?? [];
    metrics.set(row.scope, ofScope);
    for (const slot of slotsOf(row)) ofScope[slot] = row.metric;
  }
  return metrics;
}

function slotsOf(row: PlannedRow): readonly number[] {
  switch (row.from) {
    case "fields":
    case "derivations":
      return row.sources.map(({ slot }) => slot);
    case "states":
      return row.states.map((_, number) => row.slot + number);
    default:
      return [row.slot];
  }
}

/** The scopes whose items these rows read, with those above them. */
export function scopesReadBy(rows: readonly ReadRow[]): ReadonlySet<StatisticsScope> {
  return new Set(rows.flatMap((row) => lineage(row.from === "bins" ? "diskHistogramBin" : row.scope)));
}

function lineage(scope: StatisticsScope): StatisticsScope[] {
  const { parent } = SCOPES[scope];
  return parent === undefined ? [scope] : [...lineage(parent), scope];
}

/** As the specification's preference "delta" has it: up-down counters stay cumulative. */
function withTemporality(row: PlannedRow, temporality: Temporality): PlannedRow {
  const { kind } = row.metric;
  if (temporality === "cumulative" || kind === "gauge" || kind === "updowncounter") return row;
  return { ...row, metric: { ...row.metric, temporality } } as PlannedRow;
}

function planRow(row: ReadRow, takeSlots: (scope: StatisticsScope, count: number) => number): PlannedRow {
  const { scope } = row;
  const shared = { name: row.name, description: row.description, unit: row.unit };
  switch (row.from) {
    case "fields": {
      const sources = row.sources.map((source): PlannedField => {
        const named = "fieldUnit" in source ? source.fieldUnit : undefined;
        return {
          field: source.field,
          group: groupOf(scope, source.field),
          conversion: CONVERSIONS[named ?? numericUnit(scope, source.field)],
          attributes: source.attributes,
          names: source.names,
          nameAttribute: NAMINGS[scope]?.attribute ?? "",
          onlyWhile: "onlyWhile" in source ? source.onlyWhile : undefined,
          isSteady: SCOPES[scope].isSteady ?? false,
          slot: takeSlots(scope, 1),
        };
      });
      const valueType = sources[0]?.conversion.valueType ?? "int";
      return { from: row.from, scope, metric: { ...shared, kind: row.kind, valueType }, sources };
    }
    case "derivations":
      return {
        from: "derivations",
        scope,
        metric: { ...shared, kind: row.kind, valueType: row.unit === "By" ? "int" : "double" },
        sources: row.sources.map((source) => ({
          // The plan gives a derivation the items of its own scope only.
          derivation: source.derivation as unknown as Derivation<StatisticsScope>,
          attributes: source.attributes,
          slot: takeSlots(scope, 1),
        })),
      };
    case "states":
      return {
        from: "states",
        scope,
        group: groupOf(scope, row.field),
        metric: { ...shared, kind: row.kind, valueType: "int" },
        attribute: row.attribute,
        states: row.states,
        slot: takeSlots(scope, row.states.length),
      };
    case "reason":
      return {
        from: "reason",
        scope,
        metric: { ...shared, kind: row.kind, valueType: "int" },
        slot: takeSlots(scope, 1),
      };
    default:
      return {
        from: "bins",
        scope,
        metric: { ...shared, kind: row.kind, valueType: "double" },
        slot: takeSlots(scope, 1),
      };
  }
}

function numericUnit(scope: StatisticsScope, field: string): NumericUnit {
  const unit = unitOf(scope, field);
  // The rows' types admit no field without a conversion.
  if (unit === undefined || !(unit in CONVERSIONS)) throw new TypeError(`${scope}.${field} is not a number`);
  return unit as NumericUnit;
}
