import type { Instant } from "../clock.ts";
import type { Integer } from "../integer.ts";
import type { StatisticsGroup } from "../readings/statistics-fields.ts";
import type { DomainStatistics, StatisticsItem, StatisticsScope } from "../readings/statistics.ts";
import { bitOf, type ColumnBlock, Expected } from "./column-layout.ts";
import type { ColumnField, ColumnScope } from "./column-plan.ts";
import { isSamePath } from "./item-naming.ts";
import type { KeyOrder } from "./key-orders.ts";
import type { LiveColumn } from "./live-column.ts";
import type { LiveScope } from "./live-scope.ts";
import { steadied } from "./live-series.ts";
import type { MetricPlan } from "./plan.ts";
import type { MeteredReading } from "./rows.ts";
import { convert } from "./units.ts";

type Item = StatisticsItem<StatisticsScope>;
type ReadAt = DomainStatistics["readAt"];
type Values = Readonly<Record<string, Integer | boolean | undefined>>;

/** How a column took a reading: not at all, with the groups of the last one, or with others. */
export type Refill = "misfit" | "same groups" | "other groups";

/** By group: when it was read. Shared: a reading is taken over at once. */
const times: (Instant | undefined)[] = [];

/** In place of a number: what an object has does not fit, or its keys are others or in another order. */
const MISFIT = -1;
const OTHER_ORDER = -2;

/**
 * Writes the values of a reading into the places of its column: nothing is looked up, no series is touched. It can do so
 * while the reading has the items of the last one in their order, a value for each place that has a series, none for the
 * others, and no series begins anew.
 * A misfit leaves new values in some places, of which none fell, and the old times in all.
 */
export function refillColumn(column: LiveColumn, plan: MetricPlan, reading: MeteredReading): Refill {
  const { layout, timesNs, latestStartNs } = column;
  const read = takeTimes(plan, reading.statistics.readAt);
  let last: Instant | undefined;
  for (let group = 0; group < timesNs.length; group += 1) {
    const at = times[group];
    // Most groups of a reading are of one moment.
    if (at === undefined || at === last) continue;
    if (at.wallNs < latestStartNs) return "misfit";
    last = at;
  }
  const { blocks } = layout;
  const filling = { reading, due: layout.due(read) };
  for (let number = 0; number < blocks.length; number += 1) {
    if (!fillBlock(column, number, filling)) return "misfit";
  }
  for (let group = 0; group < timesNs.length; group += 1) {
    const at = times[group];
    if (at !== undefined) timesNs[group] = at.wallNs;
  }
  if (read === column.read) return "same groups";
  column.read = read;
  return "other groups";
}

/** Gives the set of groups that have a time. */
function takeTimes({ columns: { groups, timeOrders } }: MetricPlan, readAt: ReadAt): number {
  for (let group = 0; group < groups.length; group += 1) times[group] = undefined;
  const read = takeInOrder(timeOrders.recent, readAt);
  return read === OTHER_ORDER ? takeInOrder(timeOrders.of(readAt), readAt) : read;
}

function takeInOrder({ keys, meanings }: KeyOrder<number | undefined>, readAt: ReadAt): number {
  let position = 0;
  let read = 0;
  for (const name in readAt) {
    if (keys[position] !== name) return OTHER_ORDER;
    const group = meanings[position];
    const at = readAt[name as StatisticsGroup];
    position += 1;
    if (group === undefined || at === undefined) continue;
    times[group] = at;
    read += bitOf(group);
  }
  return position === keys.length ? read : OTHER_ORDER;
}

/** What a block is filled from. */
interface Filling {
  readonly reading: MeteredReading;
  /** See {@link ColumnLayout.due}. */
  readonly due: Uint16Array;
}

function fillBlock(column: LiveColumn, number: number, filling: Filling): boolean {
  const block = column.layout.blocks[number] as ColumnBlock;
  const { plan, paths } = block;
  const items = filling.reading.statistics.items[plan.scope];
  if (items === undefined) return paths.length === 0 || !isRead(plan);
  if (items.length !== paths.length) return false;
  return (
    items.length === 0 ||
    (fillFields(column, block, { items, due: filling.due }) &&
      (plan.states.length === 0 || fillStates(column, block, items)) &&
      (plan.reason === undefined || hasReason(block, items, plan.reason.group)) &&
      (plan.derivations.length === 0 || fillDerivations(column, number, { items, domain: filling.reading })))
  );
}

/** Where a scope was not read, nothing that is read with other groups can be there either. */
function isRead({ group, groups }: ColumnScope): boolean {
  return times[group] !== undefined || groups.some((other) => times[other] !== undefined);
}

function fillFields(
  column: LiveColumn,
  { plan, paths, first, firstItem }: ColumnBlock,
  { items, due }: { readonly items: readonly Item[]; readonly due: Uint16Array },
): boolean {
  const { names } = column;
  const { orders, width, naming } = plan;
  let { recent } = orders;
  for (let index = 0; index < items.length; index += 1) {
    const item = items[index];
    const path = paths[index];
    if (item === undefined || path === undefined || !isSamePath(path, item.path)) return false;
    if (naming !== undefined && names[firstItem + index] !== naming.nameOf(item)) return false;
    const values = item.values as Values;
    const into = { column, first: first + index * width };
    let found = fillItem(into, values, recent);
    if (found === OTHER_ORDER) {
      recent = orders.of(values);
      found = fillItem(into, values, recent);
    }
    if (found !== due[firstItem + index]) return false;
  }
  return true;
}

/** Gives the number of places that got a value. */
function fillItem(
  { column, first }: { readonly column: LiveColumn; readonly first: number },
  values: Values,
  { keys, meanings }: KeyOrder<readonly ColumnField[]>,
): number {
  const { expected } = column.layout;
  const { values: filled } = column;
  let position = 0;
  let found = 0;
  for (const key in values) {
    if (keys[position] !== key) return OTHER_ORDER;
    const fields = meanings[position] as readonly ColumnField[];
    position += 1;
    for (let number = 0; number < fields.length; number += 1) {
      const planned = fields[number] as ColumnField;
      const place = first + planned.slot;
      const expects = expected[place];
      if (expects === Expected.anything || times[planned.group] === undefined) continue;
      const { onlyWhile } = planned;
      if (onlyWhile !== undefined && values[onlyWhile.field] !== onlyWhile.equals) continue;
      const raw = values[key];
      if (raw === undefined) continue;
      if (expects === Expected.nothing) return MISFIT;
      found += 1;
      const value =
        typeof raw === "number"
          ? planned.divisor === 1
            ? raw * planned.factor
            : raw / planned.divisor
          : convert(raw, planned.conversion);
      if (typeof value === "bigint" || (planned.isWhole && !Number.isSafeInteger(value))) return MISFIT;
      if (planned.isCounter && value < (filled[place] ?? 0)) {
        if (planned.isSteady && steadied(value, filled[place] ?? 0) !== value) continue;
        return MISFIT;
      }
      filled[place] = value;
    }
  }
  return position === keys.length ? found : OTHER_ORDER;
}

function fillStates(
  { layout: { expected }, values }: LiveColumn,
  { plan, first }: ColumnBlock,
  items: readonly Item[],
): boolean {
  const { states, width } = plan;
  for (const { slot, count, group } of states) {
    if (times[group] === undefined) continue;
    let place = first + slot;
    for (let index = 0; index < items.length; index += 1, place += width) {
      if (expected[place] === Expected.anything) continue;
      const all: Values | undefined = items[index]?.values;
      const state = all?.state;
      if ((state === undefined) !== (expected[place] === Expected.nothing)) return false;
      if (state === undefined) continue;
      const current = Number(state);
      for (let number = 0; number < count; number += 1) values[place + number] = number === current ? 1 : 0;
    }
  }
  return true;
}

function hasReason({ state, reason }: ColumnBlock, items: readonly Item[], group: number): boolean {
  if (times[group] === undefined) return true;
  const now = items[0]?.values as Values;
  return now.state === state && now.reason === reason;
}

function fillDerivations(
  { layout: { blocks, expected }, scopes, values, timesNs }: LiveColumn,
  number: number,
  { items, domain }: { readonly items: readonly Item[]; readonly domain: MeteredReading },
): boolean {
  const { plan, first } = blocks[number] as ColumnBlock;
  const live = scopes[number] as LiveScope;
  const { derivations, group, width } = plan;
  const at = times[group];
  // Not read, or the same reading as last time: what was made of it still holds.
  if (at === undefined || at.wallNs === timesNs[group]) return true;
  for (let index = 0; index < items.length; index += 1) {
    const item = items[index];
    if (item === undefined) return false;
    const now = { values: item.values, at, domain };
    const before = live.before(index);
    const last = before && { values: before.item.values, at: before.at, domain };
    for (const { derivation, slot } of derivations) {
      const place = first + index * width + slot;
      if (expected[place] === Expected.anything) continue;
      const value = derivation.compute(now, last);
      if (typeof value === "bigint") return false;
      if ((value === undefined) !== (expected[place] === Expected.nothing)) return false;
      if (value !== undefined) values[place] = value;
    }
  }
  return true;
}
