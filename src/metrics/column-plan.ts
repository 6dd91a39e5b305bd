import type { StatisticsGroup } from "../readings/statistics-fields.ts";
import type { StatisticsScope } from "../readings/statistics.ts";
import { ColumnLayouts } from "./column-layout.ts";
import { type ItemNaming, namingOf } from "./item-naming.ts";
import { KeyOrders } from "./key-orders.ts";
import type { PlannedField, PlannedRow } from "./plan.ts";
import type { Derivation } from "./rows.ts";
import type { Conversion } from "./units.ts";

/** A row whose points can be in a column. */
export type ColumnRow = Exclude<PlannedRow, { readonly from: "bins" }>;

/** A field that is taken from every item of a scope. */
export interface ColumnField {
  readonly field: string;
  readonly slot: number;
  /** The number of the group with which it is read. */
  readonly group: number;
  /** A number becomes a value by one of the two; the other is 1. */
  readonly factor: number;
  readonly divisor: number;
  /** The same, for what is no number. */
  readonly conversion: Conversion;
  readonly isWhole: boolean;
  readonly isCounter: boolean;
  readonly isSteady: boolean;
  readonly onlyWhile: PlannedField["onlyWhile"];
}

/** States of which every item of a scope has one. */
export interface ColumnStates {
  /** Slot of the first state. */
  readonly slot: number;
  readonly count: number;
  readonly group: number;
}

/** The point whose series is another one with another state or reason. */
export interface ColumnReason {
  readonly slot: number;
  readonly group: number;
}

/** What is derived for every item of a scope. */
export interface ColumnDerivation {
  readonly derivation: Derivation<StatisticsScope>;
  readonly slot: number;
}

/** What a column has of every item of a scope. */
export interface ColumnScope {
  readonly scope: StatisticsScope;
  /** How many places an item has: one for each of its series, by its slot. */
  readonly width: number;
  readonly naming: ItemNaming | undefined;
  /** With which its own derivations are read, and its number. */
  readonly groupName: StatisticsGroup;
  readonly group: number;
  /** All groups with which any of its points are read. */
  readonly groups: readonly number[];
  readonly fields: readonly ColumnField[];
  /** What is taken from an item's values, by their order. */
  readonly orders: KeyOrders<readonly ColumnField[]>;
  readonly states: readonly ColumnStates[];
  readonly reason: ColumnReason | undefined;
  readonly derivations: readonly ColumnDerivation[];
}

/** What columns of a plan's points look like. */
export interface ColumnPlan {
  /** What {@link ColumnField.group} numbers. */
  readonly groups: readonly StatisticsGroup[];
  /** The numbers of the groups of which a reading has times, by their order; undefined of those that are not here. */
  readonly timeOrders: KeyOrders<number | undefined>;
  readonly scopes: readonly ColumnScope[];
  readonly layouts: ColumnLayouts;
  /** Of the scopes that a reading has. */
  readonly scopeOrders: KeyOrders<string>;
}

/** What a column's plan is made of. */
export interface ColumnPlanOptions {
  readonly rows: readonly PlannedRow[];
  readonly widths: ReadonlyMap<StatisticsScope, number>;
  /** The group of a scope's own. */
  readonly groupOfScope: (scope: StatisticsScope) => StatisticsGroup;
}

/** Can a row be in a column? Not one whose points have another start each time, or are of more than one moment. */
export function isColumnRow(row: PlannedRow): row is ColumnRow {
  if (row.from === "bins" || row.metric.temporality === "delta") return false;
  return row.from !== "fields" || row.sources.every(({ group }) => group === row.sources[0]?.group);
}

/** Turns rows into what is done for an item, so that it is visited once and not once for each row. */
export function planColumns({ rows, widths, groupOfScope }: ColumnPlanOptions): ColumnPlan {
  const groups: StatisticsGroup[] = [];
  const numberOf: NumberOf = (group) => {
    if (!groups.includes(group)) groups.push(group);
    return groups.indexOf(group);
  };
  const scopes = Array.from(
    Map.groupBy(rows.filter(isColumnRow), ({ scope }) => scope),
    ([scope, ofScope]) => {
      const groupName = groupOfScope(scope);
      const group = numberOf(groupName);
      const fields = ofScope.flatMap((row) => (row.from === "fields" ? columnFields(row, numberOf) : []));
      const states = ofScope.flatMap((row) => (row.from === "states" ? [columnStates(row, numberOf)] : []));
      const derived = ofScope.flatMap((row) => (row.from === "derivations" ? row.sources : []));
      // A column is another one with another description.
      const derivations = derived.filter(({ derivation }) => derivation.isDescribed !== true);
      const told = ofScope.find((row) => row.from === "reason");
      const reason = told && { slot: told.slot, group };
      const own = derived.length > 0 || reason !== undefined ? [group] : [];
      const groupsOfScope = new Set([...own, ...[...fields, ...states].map((each) => each.group)]);
      const width = widths.get(scope) ?? 0;
      return {
        scope,
        width,
        naming: namingOf(scope),
        groupName,
        group,
        groups: [...groupsOfScope],
        fields,
        orders: new KeyOrders((key) => fields.filter(({ field }) => field === key)),
        states,
        reason,
        derivations,
      };
    },
  );
  const numbers = new Map<string, number>(groups.map((group, number) => [group, number]));
  return {
    groups,
    timeOrders: new KeyOrders((group) => numbers.get(group)),
    scopes,
    layouts: new ColumnLayouts(),
    scopeOrders: new KeyOrders((scope) => scope),
  };
}

type NumberOf = (group: StatisticsGroup) => number;

function columnStates(
  { slot, states, group }: Extract<PlannedRow, { readonly from: "states" }>,
  numberOf: NumberOf,
): ColumnStates {
  return { slot, count: states.length, group: numberOf(group) };
}

function columnFields(
  { metric, sources }: Extract<PlannedRow, { readonly from: "fields" }>,
  numberOf: NumberOf,
): ColumnField[] {
  return sources.map(({ field, slot, group, conversion, isSteady, onlyWhile }) => ({
    field,
    slot,
    group: numberOf(group),
    factor: conversion.factor,
    divisor: 10 ** conversion.digits,
    conversion,
    isWhole: conversion.valueType === "int",
    isCounter: metric.kind === "counter",
    isSteady,
    onlyWhile,
  }));
}
