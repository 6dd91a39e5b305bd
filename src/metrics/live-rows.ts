import type { DomainDescription } from "../readings/domain.ts";
import type { StatisticsScope } from "../readings/statistics.ts";
import { buildColumn } from "./build-column.ts";
import { hasGroup } from "./column-layout.ts";
import { refillColumn } from "./column-refill.ts";
import { DeltaSeries, type DeltaState } from "./delta-series.ts";
import type { EndedScope } from "./ended-points.ts";
import { histogramPoints } from "./histogram-points.ts";
import { pointsOf } from "./holding-points.ts";
import type { KeyOrder } from "./key-orders.ts";
import type { LiveColumn } from "./live-column.ts";
import { DeltaHistogram } from "./live-histogram.ts";
import { LiveScope, type ScopeContext } from "./live-scope.ts";
import { type MetricPlan, type PlannedRow, SCOPES } from "./plan.ts";
import { PointList } from "./point-list.ts";
import type { MetricPoints, PointColumn } from "./points.ts";
import type { MeteredReading } from "./rows.ts";
import type { ToldTimes } from "./told-times.ts";
import { derivedPoints, fieldPoints, reasonPoints, type RowReading, statePoints } from "./value-points.ts";

type AnyRow = RowReading<PlannedRow["from"]>;

/** What the items of all scopes start from. */
export interface RowsContext extends ScopeContext {
  /** For scopes that outlive what the others start from. */
  readonly lasting?: Pick<ScopeContext, "startTimeNs" | "deltaOrigin">;
}

/** What a resource's rows need beside a reading. */
export interface RowsOrigin {
  readonly description: DomainDescription | undefined;
  /** Asked for only where items may have to be made anew. */
  readonly context: () => RowsContext;
}

/** What a reading like the last one is taken over with. */
interface Steady {
  readonly column: LiveColumn;
  readonly description: DomainDescription | undefined;
  /** Scopes that the column does not take over, or not all of. */
  readonly scopes: readonly LiveScope[];
  /** Those of which the last reading must be kept. */
  readonly remembered: readonly LiveScope[];
  /** Scopes of the plan that have not been read yet. */
  readonly unread: readonly StatisticsScope[];
  /** Rows whose points are not in the column. */
  readonly others: readonly AnyRow[];
  /** Scopes of a reading that has none of the unread ones. */
  order: KeyOrder<string> | undefined;
}

/** After so many changes a row is left out of the column: each costs the others their places. */
const RESTLESS = 3;

/** What is alive of one resource, a domain or the host: its scopes, and what its rows make of them. */
export class LiveRows {
  readonly #scopes: Map<StatisticsScope, LiveScope>;
  /** By their number in the plan. */
  readonly #rows: (AnyRow | undefined)[] = [];
  /** How often a row in a column got or lost points while its items stayed, by its number. */
  readonly #changes = new Map<number, number>();
  #metrics: readonly MetricPoints[] = [];
  #steady: Steady | undefined;
  /** Scopes that have taken part in the last reading. */
  #visited: readonly LiveScope[] = [];
  readonly #times: ToldTimes;

  constructor(times: ToldTimes, scopes: Iterable<readonly [StatisticsScope, LiveScope]> = []) {
    this.#times = times;
    this.#scopes = new Map(scopes);
  }

  /** What outlives a run of a domain's QEMU. */
  lasting(): LiveRows {
    this.#dissolve();
    const lasting = Array.from(this.#scopes).filter(([scope]) => SCOPES[scope].lasting === true);
    return new LiveRows(this.#times, lasting);
  }

  /** Has nothing been read yet? */
  get isEmpty(): boolean {
    return this.#scopes.size === 0;
  }

  /** All series that there are. */
  get all(): readonly EndedScope[] {
    return Array.from(this.#scopes, ([scope, live]) => ({ scope, series: [...live.series()] }));
  }

  /** What the last reading no longer had. */
  get ended(): readonly EndedScope[] {
    const ended: EndedScope[] = [];
    for (const live of this.#visited)
      if (live.ended.length > 0) ended.push({ scope: live.name, series: live.ended });
    return ended;
  }

  /** The state of the series that are told in deltas. */
  get deltas(): Iterable<DeltaState> {
    return deltasOf(this.#scopes.values());
  }

  /** Where most of these points stand; undefined while their series change. */
  get column(): PointColumn | undefined {
    return this.#steady?.column;
  }

  /** The points of a reading: the same array as before when only times and values changed. Always with one plan. */
  update(plan: MetricPlan, reading: MeteredReading, origin: RowsOrigin): readonly MetricPoints[] {
    const { statistics } = reading;
    const readAt = this.#times.next(statistics.readAt);
    const told =
      readAt === statistics.readAt ? reading : { ...reading, statistics: { ...statistics, readAt } };
    if (!this.#refill(plan, told, origin)) this.#renew(plan, told, origin);
    return this.#metrics;
  }

  /** What was said of each group when it was last read, unless that was before a time: not all are read in every cycle. */
  holding(plan: MetricPlan, sinceNs: bigint): readonly MetricPoints[] {
    return pointsOf(plan, this.#scopes, this.#times.since(sinceNs));
  }

  /** Takes over a reading that has the items of the last one, and values where that has them; false for another. */
  #refill(plan: MetricPlan, reading: MeteredReading, { description }: RowsOrigin): boolean {
    const steady = this.#steady;
    if (steady === undefined || steady.description !== description) return false;
    const { statistics } = reading;
    const order = plan.columns.scopeOrders.match(statistics.items);
    if (steady.order !== order) {
      for (const scope of steady.unread) if (statistics.items[scope] !== undefined) return false;
      steady.order = order;
    }
    for (const scope of steady.scopes) if (!scope.keep(statistics, description)) return false;
    const refill = refillColumn(steady.column, plan, reading);
    if (refill === "misfit") return false;
    let changed = refill === "other groups";
    for (const row of steady.others) {
      fillRow(row, reading);
      if (row.points.end()) changed = true;
    }
    if (changed) this.#metrics = this.#told(steady.column);
    for (const scope of steady.remembered) scope.remember(statistics);
    this.#visited = steady.scopes;
    return true;
  }

  /** The rows that have points in the last reading. */
  #told({ entries, read }: LiveColumn): MetricPoints[] {
    return this.#rows.flatMap((row, number) => {
      if (row === undefined || row.points.entry.points.length === 0) return [];
      const entry = entries.get(number);
      const isTold = entry === undefined ? row.scope.items.length > 0 : hasGroup(read, entry.group);
      return isTold ? [row.points.entry] : [];
    });
  }

  /** Takes over any reading, point by point. */
  #renew(plan: MetricPlan, reading: MeteredReading, origin: RowsOrigin): void {
    const column = this.#steady?.column;
    this.#dissolve();
    const context = origin.context();
    for (const scope of plan.scopes) this.#updateScope(scope, reading, context);
    const isFirst = this.#metrics.length === 0;
    this.#fill(plan, reading, column);
    // At the second reading there is more than at the first: what is derived from both.
    if (!isFirst) this.#steady = this.#settle(plan, reading, origin);
    for (const scope of plan.remembered) this.#scopes.get(scope)?.remember(reading.statistics);
    this.#visited = [...this.#scopes.values()];
  }

  #settle(plan: MetricPlan, { statistics }: MeteredReading, { description }: RowsOrigin): Steady {
    const scopes = this.#scopes;
    const column = buildColumn({
      plan,
      scopes,
      rows: this.#rows,
      readAt: statistics.readAt,
      isRestless: (number) => this.#isRestless(number),
      toldNs: (group) => this.#times.toldNs(group),
    });
    const others = this.#rows.filter(
      (row, number) => row !== undefined && !column.entries.has(number),
    ) as AnyRow[];
    // Points of an earlier reading would pass for told ones.
    for (const { scope, points } of others) if (scope.items.length === 0) points.become([]);
    const taken = new Set(column.scopes);
    for (const { scope } of others) taken.delete(scope);
    for (const scope of taken) scope.rest();
    const read = plan.scopes.flatMap((scope) => scopes.get(scope) ?? []);
    return {
      column,
      description,
      scopes: read.filter((scope) => !taken.has(scope)),
      remembered: read.filter(({ name }) => plan.remembered.has(name)),
      unread: plan.scopes.filter((scope) => !scopes.has(scope)),
      others,
      order: undefined,
    };
  }

  #isRestless(number: number): boolean {
    const row = this.#rows[number]?.row;
    const isKnownFor =
      row?.from === "derivations" && row.sources.some(({ derivation }) => derivation.comesAndGoes === true);
    return (this.#changes.get(number) ?? 0) >= (isKnownFor ? 1 : RESTLESS);
  }

  #dissolve(): void {
    this.#steady?.column.dissolve();
    this.#steady = undefined;
  }

  #updateScope(name: StatisticsScope, { statistics }: MeteredReading, context: RowsContext): void {
    const { parent, lasting } = SCOPES[name];
    let live = this.#scopes.get(name);
    if (live === undefined) {
      if (statistics.items[name] === undefined) return;
      live = new LiveScope(name);
      this.#scopes.set(name, live);
    }
    const own = lasting === true ? { ...context, ...context.lasting } : context;
    live.update(statistics, own, parent === undefined ? undefined : this.#scopes.get(parent));
  }

  /** Fills all rows, after a reading that was in this column. */
  #fill(plan: MetricPlan, reading: MeteredReading, column: LiveColumn | undefined): void {
    const last = this.#metrics;
    const metrics: MetricPoints[] = [];
    let changed = false;
    for (let number = 0; number < plan.rows.length; number++) {
      const row = this.#rows[number] ?? this.#newRow(plan, number);
      if (row === undefined || row.scope.items.length === 0) continue;
      const { points, scope } = row;
      const before = points.entry.points.length;
      fillRow(row, reading);
      if (points.end()) changed = true;
      const isOther = points.entry.points.length !== before;
      if (isOther && !scope.changed && column?.isAgain(number, reading.statistics) === true) {
        this.#changes.set(number, (this.#changes.get(number) ?? 0) + 1);
      }
      if (points.entry.points.length === 0) continue;
      if (last[metrics.length] !== points.entry) changed = true;
      metrics.push(points.entry);
    }
    if (changed || metrics.length !== last.length) this.#metrics = metrics;
  }

  /** A row has points once its scope has been read. */
  #newRow(plan: MetricPlan, number: number): AnyRow | undefined {
    const row = plan.rows[number];
    const scope = row && this.#scopes.get(row.scope);
    if (row === undefined || scope === undefined) return undefined;
    const made = { row, scope, points: new PointList(row.metric) };
    this.#rows[number] = made;
    return made;
  }
}

function* deltasOf(scopes: Iterable<LiveScope>): Iterable<DeltaState> {
  for (const live of scopes) {
    for (const { series } of live.series()) {
      if (series instanceof DeltaSeries || series instanceof DeltaHistogram) yield series;
    }
  }
}

/** A row whose scope was not read gets no points. */
function fillRow(into: AnyRow, reading: MeteredReading): void {
  if (into.scope.items.length === 0) {
    into.points.begin();
    return;
  }
  switch (into.row.from) {
    case "fields":
      fieldPoints(into as RowReading<"fields">, reading);
      break;
    case "derivations":
      derivedPoints(into as RowReading<"derivations">, reading);
      break;
    case "states":
      statePoints(into as RowReading<"states">, reading);
      break;
    case "reason":
      reasonPoints(into as RowReading<"reason">, reading);
      break;
    default:
      histogramPoints(into as RowReading<"bins">, reading);
  }
}
