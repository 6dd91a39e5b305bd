import type { Integer } from "../integer.ts";
import { DeltaSeries } from "./delta-series.ts";
import { domainStateName, stateReasonName } from "./libvirt-names.ts";
import type { EndedSeries, LiveItem, LiveScope } from "./live-scope.ts";
import { advance, begunBy, LiveSeries, startBefore, steadied } from "./live-series.ts";
import { applyNameRule } from "./name-rule.ts";
import { type PlannedField, type PlannedRow, SCOPES } from "./plan.ts";
import type { PointList } from "./point-list.ts";
import type { Attributes, MetricDescriptor } from "./points.ts";
import type { MeteredReading } from "./rows.ts";
import { convert } from "./units.ts";

type RowFrom<From extends PlannedRow["from"]> = Extract<PlannedRow, { readonly from: From }>;
type Values = Readonly<Record<string, Integer | boolean | undefined>>;

/** A row of a domain that is being read: of whose items points are made, and where they go. */
export interface RowReading<From extends PlannedRow["from"]> {
  readonly row: RowFrom<From>;
  readonly scope: LiveScope;
  readonly points: PointList;
}

/** Points of a row's fields, for every item of its scope. */
export function fieldPoints(
  { row: { metric, sources }, scope, points }: RowReading<"fields">,
  { statistics: { readAt } }: MeteredReading,
): void {
  const { items } = scope;
  const before = points.begin();
  // With a point for each field of each item at the last reading, and the same items now, the place of a point tells
  // its series: nothing has to be looked up.
  const isKnown = !scope.changed && before.length === sources.length * items.length;
  let place = -1;
  for (const source of sources) {
    const timeNs = readAt[source.group]?.wallNs;
    const { field, conversion, onlyWhile, isSteady } = source;
    for (let index = 0; index < items.length; index++) {
      place += 1;
      const values = items[index]?.values as Values | undefined;
      const raw = values?.[field];
      if (raw === undefined || timeNs === undefined) continue;
      if (onlyWhile !== undefined && values?.[onlyWhile.field] !== onlyWhile.equals) continue;
      const series = isKnown
        ? (before[place] as LiveSeries)
        : fieldSeries(source, { scope, index, metric, timeNs });
      if (series === undefined) continue;
      if (metric.temporality === "delta") {
        const delta = series as DeltaSeries;
        // A reading that was told already: what is read less often than the others.
        if (delta.timeNs === timeNs) continue;
        const number = typeof raw === "boolean" ? Number(raw) : raw;
        const point = delta.next(isSteady ? delta.steadied(number) : number, timeNs, conversion);
        if (point !== undefined) points.add(point);
        continue;
      }
      const read = convert(raw, conversion);
      const value = isSteady && metric.kind === "counter" ? steadied(read, series.value) : read;
      const current = metric.kind === "counter" ? advance(series, value, timeNs) : begunBy(timeNs, series);
      if (current !== series) keepSeries(scope, index, { slot: source.slot, series: current });
      points.add(current.at(timeNs, value));
    }
  }
}

interface FieldPlace {
  readonly scope: LiveScope;
  /** Of the item. */
  readonly index: number;
  readonly metric: MetricDescriptor;
  readonly timeNs: bigint;
}

/** The series of a field of an item, a new one where there was none; undefined where nothing can be said of it. */
function fieldSeries(
  source: PlannedField,
  { scope, index, metric, timeNs }: FieldPlace,
): LiveSeries | undefined {
  const live = scope.live(index);
  const known = live?.series[source.slot];
  if (live === undefined || known !== undefined) return known;
  const attributes = sourceAttributes(source, scope.items[index]?.path ?? []);
  if (attributes === undefined) return undefined;
  const series = newSeries(live, { attributes, metric, timeNs });
  live.series[source.slot] = series;
  return series;
}

function keepSeries(scope: LiveScope, index: number, { slot, series }: EndedSeries): void {
  const live = scope.live(index);
  if (live !== undefined) live.series[slot] = series;
}

/** Points of what is computed for every item of a scope. */
export function derivedPoints(
  { row, scope, points }: RowReading<"derivations">,
  domain: MeteredReading,
): void {
  points.begin();
  const at = domain.statistics.readAt[SCOPES[row.scope].group];
  if (at === undefined) return;
  const timeNs = at.wallNs;
  const { items } = scope;
  for (let index = 0; index < items.length; index++) {
    const item = items[index];
    const live = scope.live(index);
    if (item === undefined || live === undefined) continue;
    const before = scope.before(index);
    const isOld = before?.at.wallNs === timeNs;
    const now = { values: item.values, at, domain };
    const last = before && { values: before.item.values, at: before.at, domain };
    for (const { derivation, attributes, slot } of row.sources) {
      if (isOld) {
        // The same reading as last time: what was made of it still holds.
        const told = live.series[slot];
        if (told?.timeNs === timeNs) points.add(told);
        continue;
      }
      const value = derivation.compute(now, last);
      if (value === undefined) continue;
      const known =
        live.series[slot] ?? newSeries(live, { attributes: attributes ?? {}, metric: row.metric, timeNs });
      const series = begunBy(timeNs, known);
      live.series[slot] = series;
      points.add(series.at(timeNs, value));
    }
  }
}

/** A point for each state that has a name: 1 for the current one; a state without a name leaves all at 0. */
export function statePoints(
  { row, scope, points }: RowReading<"states">,
  { statistics: { readAt } }: MeteredReading,
): void {
  points.begin();
  const timeNs = readAt[row.group]?.wallNs;
  if (timeNs === undefined) return;
  scope.items.forEach((item, index) => {
    const live = scope.live(index);
    const { state } = item.values as { readonly state?: Integer };
    if (live === undefined || state === undefined) return;
    const current = Number(state);
    row.states.forEach((name, number) => {
      const slot = row.slot + number;
      const known =
        live.series[slot] ??
        newSeries(live, { attributes: { [row.attribute]: name }, metric: row.metric, timeNs });
      const series = begunBy(timeNs, known);
      live.series[slot] = series;
      points.add(series.at(timeNs, number === current ? 1 : 0));
    });
  });
}

/** The point whose attributes say what state the domain is in and why; with a change one series ends, another begins. */
export function reasonPoints(
  { row, scope, points }: RowReading<"reason">,
  { statistics: { readAt } }: MeteredReading,
): void {
  points.begin();
  const timeNs = readAt.state?.wallNs;
  const live = scope.live(0);
  const { state, reason } = (scope.items[0]?.values ?? {}) as { state?: Integer; reason?: Integer };
  if (timeNs === undefined || live === undefined || state === undefined || reason === undefined) return;
  const stateName = domainStateName(Number(state));
  const reasonName = stateReasonName(Number(state), Number(reason));
  let series = live.series[row.slot];
  if (
    series?.attributes["libvirt.domain.state"] !== stateName ||
    series.attributes["libvirt.domain.state.reason"] !== reasonName
  ) {
    if (series !== undefined) scope.end(row.slot, series);
    const attributes = { "libvirt.domain.state": stateName, "libvirt.domain.state.reason": reasonName };
    series = newSeries(live, { attributes, metric: row.metric, timeNs });
    live.series[row.slot] = series;
  }
  points.add(series.at(timeNs, 1));
}

/** What a new series is made of: its own attributes, and when it is first seen. */
interface NewSeries {
  readonly attributes: Attributes;
  readonly metric: MetricDescriptor;
  readonly timeNs: bigint;
}

function newSeries(live: LiveItem, { attributes: own, metric, timeNs }: NewSeries): LiveSeries {
  const attributes = { ...live.attributes, ...own };
  if (metric.temporality === "delta") return new DeltaSeries(metric.name, attributes, live.deltaOrigin);
  if (metric.kind === "gauge") return new LiveSeries(attributes, undefined);
  return new LiveSeries(attributes, startBefore(timeNs, live.startTimeNs));
}

/** Undefined for an item that the source leaves out by its name. */
function sourceAttributes(
  { names, nameAttribute, attributes = {} }: PlannedField,
  path: readonly (number | string)[],
): Attributes | undefined {
  if (names === undefined) return attributes;
  const name = applyNameRule(names, String(path.at(-1)));
  return name === undefined ? undefined : { [nameAttribute]: name, ...attributes };
}
