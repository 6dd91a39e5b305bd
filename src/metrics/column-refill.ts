import type { Instant } from "../clock.ts";
import type { Integer } from "../integer.ts";
import { type ColumnBlock, Expected, type LiveColumn } from "./live-column.ts";
import type { MetricPlan } from "./plan.ts";
import type { MeteredReading } from "./rows.ts";
import { convert } from "./units.ts";

type Values = Readonly<Record<string, Integer | boolean | undefined>>;
type Times = readonly (Instant | undefined)[];

/** How a column took a reading: not at all, with the groups of the last one, or with others. */
export type Refill = "misfit" | "same groups" | "other groups";

/** By group: when it was read. Shared: a reading is taken over at once. */
const times: (Instant | undefined)[] = [];

/**
 * Writes the values of a reading into the places of its column: nothing is looked up, no series is touched. It can do so
 * while the reading has a value for each place that has a series, none for the others, and no series begins anew.
 * A misfit leaves new values in some places, of which none fell, and the old times in all.
 *
 * The column's scopes have taken over the reading's items before, and these are those of the last reading.
 */
export function refillColumn(column: LiveColumn, plan: MetricPlan, reading: MeteredReading): Refill {
  const { readAt } = reading.statistics;
  const { groups } = plan.columns;
  const { present, timesNs, latestStartNs } = column;
  let last: Instant | undefined;
  for (let group = 0; group < groups.length; group += 1) {
    const at = readAt[groups[group] as keyof typeof readAt];
    times[group] = at;
    // Most groups of a reading are of one moment.
    if (at === undefined || at === last) continue;
    if (at.wallNs < latestStartNs) return "misfit";
    last = at;
  }
  for (const block of column.blocks) if (!fillBlock(column, block, reading)) return "misfit";
  let isOther = false;
  for (let group = 0; group < groups.length; group += 1) {
    const at = times[group];
    const isPresent = at === undefined ? 0 : 1;
    if (present[group] !== isPresent) {
      present[group] = isPresent;
      isOther = true;
    }
    if (at !== undefined) timesNs[group] = at.wallNs;
  }
  return isOther ? "other groups" : "same groups";
}

function fillBlock(column: LiveColumn, block: ColumnBlock, reading: MeteredReading): boolean {
  const { live, plan } = block;
  // Where the scope was not read, nothing that is read with other groups can be there either.
  if (live.items.length === 0)
    return live.count === 0 || plan.groups.every((group) => times[group] === undefined);
  return (
    fillFields(column, block, times) &&
    (plan.states.length === 0 || fillStates(column, block, times)) &&
    (plan.reason === undefined || hasReason(block, plan.reason.group)) &&
    (plan.derivations.length === 0 || fillDerivations(column, block, reading))
  );
}

function fillFields(
  { expected, values }: LiveColumn,
  { plan, live, first }: ColumnBlock,
  read: Times,
): boolean {
  const { fields, width } = plan;
  const { items } = live;
  for (const planned of fields) {
    if (read[planned.group] === undefined) continue;
    const { field, factor, divisor, onlyWhile } = planned;
    let place = first + planned.slot;
    for (let index = 0; index < items.length; index += 1, place += width) {
      const expects = expected[place];
      if (expects === Expected.anything) continue;
      const all = items[index]?.values as Values;
      const raw =
        onlyWhile === undefined || all[onlyWhile.field] === onlyWhile.equals ? all[field] : undefined;
      if (raw === undefined) {
        if (expects === Expected.value) return false;
        continue;
      }
      if (expects === Expected.nothing) return false;
      const value =
        typeof raw === "number"
          ? divisor === 1
            ? raw * factor
            : raw / divisor
          : convert(raw, planned.conversion);
      if (typeof value === "bigint" || (planned.isWhole && !Number.isSafeInteger(value))) return false;
      if (planned.isCounter && value < (values[place] ?? 0)) {
        if (planned.isSteady) continue;
        return false;
      }
      values[place] = value;
    }
  }
  return true;
}

function fillStates(
  { expected, values }: LiveColumn,
  { plan, live, first }: ColumnBlock,
  read: Times,
): boolean {
  const { states, width } = plan;
  const { items } = live;
  for (const { slot, count, group } of states) {
    if (read[group] === undefined) continue;
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

function hasReason({ live, state, reason }: ColumnBlock, group: number): boolean {
  if (times[group] === undefined) return true;
  const now = live.items[0]?.values as Values;
  return now.state === state && now.reason === reason;
}

function fillDerivations(
  { expected, values, timesNs }: LiveColumn,
  { plan, live, first }: ColumnBlock,
  domain: MeteredReading,
): boolean {
  const { derivations, group, width } = plan;
  const at = times[group];
  // Not read, or the same reading as last time: what was made of it still holds.
  if (at === undefined || at.wallNs === timesNs[group]) return true;
  const { items } = live;
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
