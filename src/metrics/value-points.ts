import type { Integer } from "../integer.ts";
import type { DomainReading } from "../readings/domain.ts";
import { domainStateName, stateReasonName } from "./libvirt-names.ts";
import type { LiveItem, LiveScope } from "./live-scope.ts";
import { advance, begunBy, LiveSeries, startBefore } from "./live-series.ts";
import { applyNameRule } from "./name-rule.ts";
import { type PlannedField, type PlannedRow, SCOPES } from "./plan.ts";
import type { Attributes, NumberPoint } from "./points.ts";
import { convert } from "./units.ts";

type RowFrom<From extends PlannedRow["from"]> = Extract<PlannedRow, { readonly from: From }>;
type Values = Readonly<Record<string, Integer | boolean | undefined>>;

/** Points of a row's fields, for every item of its scope. */
export function fieldPoints(
  row: RowFrom<"fields">,
  scope: LiveScope,
  { statistics: { readAt } }: DomainReading,
): NumberPoint[] {
  const points: NumberPoint[] = [];
  const { kind } = row.metric;
  const { items } = scope;
  for (const source of row.sources) {
    const timeNs = readAt[source.group]?.wallNs;
    if (timeNs === undefined) continue;
    const { field, conversion, slot, onlyWhile } = source;
    for (let index = 0; index < items.length; index++) {
      const item = items[index];
      const live = scope.live(index);
      if (item === undefined || live === undefined) continue;
      const values = item.values as Values;
      const raw = values[field];
      if (raw === undefined) continue;
      if (onlyWhile !== undefined && values[onlyWhile.field] !== onlyWhile.equals) continue;
      let series = live.series[slot];
      if (series === undefined) {
        const attributes = sourceAttributes(source, item.path);
        if (attributes === undefined) continue;
        series = newSeries(live, attributes, kind === "gauge" ? undefined : timeNs);
      }
      const value = convert(raw, conversion);
      series = kind === "counter" ? advance(series, value, timeNs) : begunBy(timeNs, series);
      live.series[slot] = series;
      points.push({ series, timeNs, value });
    }
  }
  return points;
}

/** Points of what is computed for every item of a scope. */
export function derivedPoints(
  row: RowFrom<"derivations">,
  scope: LiveScope,
  domain: DomainReading,
): NumberPoint[] {
  const points: NumberPoint[] = [];
  const at = domain.statistics.readAt[SCOPES[row.scope].group];
  if (at === undefined) return points;
  const { items } = scope;
  for (const { derivation, attributes, slot } of row.sources) {
    for (let index = 0; index < items.length; index++) {
      const item = items[index];
      const live = scope.live(index);
      if (item === undefined || live === undefined) continue;
      const { before } = live;
      const value = derivation.compute(
        { values: item.values, at, domain },
        before === undefined ? undefined : { values: before.item.values, at: before.at, domain },
      );
      if (value === undefined) continue;
      const startTimeNs = row.metric.kind === "gauge" ? undefined : at.wallNs;
      const series = begunBy(at.wallNs, live.series[slot] ?? newSeries(live, attributes ?? {}, startTimeNs));
      live.series[slot] = series;
      points.push({ series, timeNs: at.wallNs, value });
    }
  }
  return points;
}

/** A point for each state that has a name: 1 for the current one; a state without a name leaves all at 0. */
export function statePoints(
  row: RowFrom<"states">,
  scope: LiveScope,
  { statistics: { readAt } }: DomainReading,
): NumberPoint[] {
  const points: NumberPoint[] = [];
  const timeNs = readAt[SCOPES[row.scope].group]?.wallNs;
  if (timeNs === undefined) return points;
  scope.items.forEach((item, index) => {
    const live = scope.live(index);
    const { state } = item.values as { readonly state?: Integer };
    if (live === undefined || state === undefined) return;
    const current = Number(state);
    row.states.forEach((name, number) => {
      const slot = row.slot + number;
      const series = begunBy(timeNs, live.series[slot] ?? newSeries(live, { [row.attribute]: name }, timeNs));
      live.series[slot] = series;
      points.push({ series, timeNs, value: number === current ? 1 : 0 });
    });
  });
  return points;
}

/** The point whose attributes say what state the domain is in and why; a change is a new series. */
export function reasonPoints(
  row: RowFrom<"reason">,
  scope: LiveScope,
  { statistics: { readAt } }: DomainReading,
): NumberPoint[] {
  const timeNs = readAt.state?.wallNs;
  const live = scope.live(0);
  const { state, reason } = (scope.items[0]?.values ?? {}) as { state?: Integer; reason?: Integer };
  if (timeNs === undefined || live === undefined || state === undefined || reason === undefined) return [];
  const stateName = domainStateName(Number(state));
  const reasonName = stateReasonName(Number(state), Number(reason));
  let series = live.series[row.slot];
  if (
    series?.attributes["libvirt.domain.state"] !== stateName ||
    series.attributes["libvirt.domain.state.reason"] !== reasonName
  ) {
    const names = { "libvirt.domain.state": stateName, "libvirt.domain.state.reason": reasonName };
    series = newSeries(live, names, undefined);
    live.series[row.slot] = series;
  }
  return [{ series, timeNs, value: 1 }];
}

/** `firstTimeNs` is when a sum is first seen, undefined for a gauge. */
function newSeries(live: LiveItem, own: Attributes, firstTimeNs: bigint | undefined): LiveSeries {
  const attributes = { ...live.attributes, ...own };
  if (firstTimeNs === undefined) return new LiveSeries(attributes, undefined);
  return new LiveSeries(attributes, startBefore(firstTimeNs, live.startTimeNs));
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
