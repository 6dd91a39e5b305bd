import type { Integer } from "../integer.ts";
import type { StatisticsGroup } from "../readings/statistics-fields.ts";
import type { DomainStatistics, StatisticsScope } from "../readings/statistics.ts";
import { bitOf, type ColumnBlock, Expected } from "./column-layout.ts";
import { type ColumnRow, type ColumnScope, isColumnRow } from "./column-plan.ts";
import { type ColumnEntry, LiveColumn, type Placed } from "./live-column.ts";
import type { LiveScope } from "./live-scope.ts";
import type { LiveSeries } from "./live-series.ts";
import { applyNameRule } from "./name-rule.ts";
import { type MetricPlan, type PlannedField, type PlannedRow, SCOPES } from "./plan.ts";
import type { PointList } from "./point-list.ts";

/** A row of a resource, and where its points are listed. */
export interface ListedRow {
  readonly row: PlannedRow;
  readonly scope: LiveScope;
  readonly points: PointList;
}

/** What a column is built from. */
export interface ColumnOrigin {
  readonly plan: MetricPlan;
  readonly scopes: ReadonlyMap<StatisticsScope, LiveScope>;
  /** By their number in the plan; undefined of a scope that was never read. */
  readonly rows: readonly (ListedRow | undefined)[];
  /** Of the reading. */
  readonly readAt: DomainStatistics["readAt"];
  /** Is the row with this number better left out, for its points come and go? */
  readonly isRestless: (row: number) => boolean;
  /** Time of a group's last points, nanoseconds since the epoch. */
  readonly toldNs: (group: StatisticsGroup) => bigint | undefined;
}

/** A block of a column that is being built. */
interface Part {
  readonly block: ColumnBlock;
  readonly live: LiveScope;
}

/** One series that every item of a row's scope can have. */
interface RowSlot {
  readonly slot: number;
  /** Where it is of a field. */
  readonly field?: PlannedField;
}

/** One of a row's places, and what stands there. */
interface Place {
  readonly at: number;
  readonly expected: number;
  readonly series: LiveSeries | undefined;
}

/**
 * Gives a place to every series that its group's last reading had, in rows that can be in a column, and lists them as
 * their rows' points: also those of groups that are read less often than the others.
 */
export function buildColumn({ plan, scopes, rows, readAt, isRestless, toldNs }: ColumnOrigin): LiveColumn {
  const { groups: names, layouts } = plan.columns;
  const { parts, size } = layOut(plan.columns.scopes, scopes);
  const partOf = new Map(parts.map((part) => [part.live, part]));
  const groups = new Uint8Array(size);
  const expected = new Uint8Array(size).fill(Expected.anything);
  const entries = new Map<number, ColumnEntry>();
  const placed: Placed[] = [];
  for (const [number, listed] of rows.entries()) {
    const part = listed && partOf.get(listed.scope);
    if (listed === undefined || part === undefined) continue;
    if (!isColumnRow(listed.row) || isRestless(number)) continue;
    const name = groupOf(listed.row);
    const points = new Set<unknown>(listed.points.entry.points);
    const lastNs = toldNs(name);
    // By their time only where the reading has not got the group: a clock can stand still.
    const isTold = (series: LiveSeries): boolean =>
      readAt[name] === undefined ? series.timeNs === lastNs : points.has(series);
    const places = placesOf(listed.row, part, isTold);
    // Whole numbers beyond 2^53 are exact in a point of their own only.
    if (places.some(({ series }) => typeof series?.value === "bigint")) continue;
    const group = names.indexOf(name);
    const told: LiveSeries[] = [];
    for (const { at, expected: has, series } of places) {
      groups[at] = group;
      expected[at] = has;
      if (series === undefined) continue;
      told.push(series);
      placed.push({ series, place: at });
    }
    listed.points.become(told);
    entries.set(number, { entry: listed.points.entry, group, groupName: name });
  }
  const timesNs = BigInt64Array.from(names, (name) => toldNs(name) ?? 0n);
  const layout = layouts.share({
    blocks: parts.map(({ block }) => block),
    rows: [...entries.keys()],
    places: Uint32Array.from(placed, ({ place }) => place),
    groups,
    expected,
  });
  const read = names.reduce((sum, name, group) => (readAt[name] === undefined ? sum : sum + bitOf(group)), 0);
  return new LiveColumn({ layout, scopes: parts.map(({ live }) => live), entries, placed, timesNs, read });
}

function layOut(
  planned: readonly ColumnScope[],
  scopes: ColumnOrigin["scopes"],
): { readonly parts: readonly Part[]; readonly size: number } {
  const parts: Part[] = [];
  let size = 0;
  let firstItem = 0;
  for (const plan of planned) {
    const live = scopes.get(plan.scope);
    if (live === undefined) continue;
    const { paths } = live;
    const block = { plan, paths, firstItem, first: size, ...(plan.reason && reasonOf(live)) };
    parts.push({ block, live });
    size += plan.width * paths.length;
    firstItem += paths.length;
  }
  return { parts, size };
}

function reasonOf({ items }: LiveScope): Pick<ColumnBlock, "state" | "reason"> {
  const { state, reason } = (items[0]?.values ?? {}) as { state?: Integer; reason?: Integer };
  return { state, reason };
}

/** All rows' sources are read with one group. */
function groupOf(row: ColumnRow): StatisticsGroup {
  if (row.from === "states") return row.group;
  const own = row.from === "fields" ? row.sources[0]?.group : undefined;
  return own ?? SCOPES[row.scope].group;
}

/** The places of a row's points, in their order. */
function placesOf(
  row: ColumnRow,
  { block: { plan, first }, live }: Part,
  isTold: (series: LiveSeries) => boolean,
): Place[] {
  const placeOf = (index: number, { slot, field }: RowSlot): Place => {
    const at = first + index * plan.width + slot;
    const series = live.live(index)?.series[slot];
    if (series !== undefined && isTold(series)) return { at, expected: Expected.value, series };
    const isOurs = live.live(index) !== undefined && (field === undefined || takes(field, live, index));
    return { at, expected: isOurs ? Expected.nothing : Expected.anything, series: undefined };
  };
  const items = Array.from({ length: live.count }, (_, index) => index);
  const slots = slotsOf(row);
  return row.from === "fields"
    ? slots.flatMap((slot) => items.map((index) => placeOf(index, slot)))
    : items.flatMap((index) => slots.map((slot) => placeOf(index, slot)));
}

/** The series that an item has of a row, in their order. */
function slotsOf(row: ColumnRow): readonly RowSlot[] {
  switch (row.from) {
    case "fields":
      return row.sources.map((field) => ({ slot: field.slot, field }));
    case "derivations":
      return row.sources;
    case "reason":
      return [row];
    default:
      return row.states.map((_, number) => ({ slot: row.slot + number }));
  }
}

/** Is the item one that the field is taken from? */
function takes({ names }: PlannedField, live: LiveScope, index: number): boolean {
  return names === undefined || applyNameRule(names, String(live.paths[index]?.at(-1))) !== undefined;
}
