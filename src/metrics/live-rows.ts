import type { StatisticsScope } from "../readings/statistics.ts";
import { DeltaSeries, type DeltaState } from "./delta-series.ts";
import type { EndedScope } from "./ended-points.ts";
import { histogramPoints } from "./histogram-points.ts";
import { pointsOf } from "./holding-points.ts";
import { DeltaHistogram } from "./live-histogram.ts";
import { LiveScope, type ScopeContext } from "./live-scope.ts";
import { type MetricPlan, type PlannedRow, SCOPES } from "./plan.ts";
import { PointList } from "./point-list.ts";
import type { MetricPoints } from "./points.ts";
import type { MeteredReading } from "./rows.ts";
import type { ToldTimes } from "./told-times.ts";
import { derivedPoints, fieldPoints, reasonPoints, type RowReading, statePoints } from "./value-points.ts";

type AnyRow = RowReading<PlannedRow["from"]>;

/** What the items of all scopes start from. */
export interface RowsContext extends Omit<ScopeContext, "scope" | "hasParent" | "parent"> {
  /** For scopes that outlive what the others start from. */
  readonly lasting?: Pick<ScopeContext, "startTimeNs" | "deltaOrigin">;
}

/** What is alive of one resource, a domain or the host: its scopes, and what its rows make of them. */
export class LiveRows {
  readonly #scopes: Map<StatisticsScope, LiveScope>;
  /** By their number in the plan. */
  readonly #rows: (AnyRow | undefined)[] = [];
  #metrics: readonly MetricPoints[] = [];
  readonly #times: ToldTimes;

  constructor(times: ToldTimes, scopes: Iterable<readonly [StatisticsScope, LiveScope]> = []) {
    this.#times = times;
    this.#scopes = new Map(scopes);
  }

  /** What outlives a run of a domain's QEMU. */
  lasting(): LiveRows {
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
    for (const [scope, live] of this.#scopes)
      if (live.ended.length > 0) ended.push({ scope, series: live.ended });
    return ended;
  }

  /** The state of the series that are told in deltas. */
  get deltas(): Iterable<DeltaState> {
    return deltasOf(this.#scopes.values());
  }

  /** The points of a reading: the same array as before when only times and values changed. Always with one plan. */
  update(plan: MetricPlan, reading: MeteredReading, context: RowsContext): readonly MetricPoints[] {
    const { statistics } = reading;
    const readAt = this.#times.next(statistics.readAt);
    const told =
      readAt === statistics.readAt ? reading : { ...reading, statistics: { ...statistics, readAt } };
    for (const scope of plan.scopes) this.#updateScope(scope, told, context);
    const metrics = this.#fill(plan, told);
    for (const scope of plan.remembered) this.#scopes.get(scope)?.remember(readAt[SCOPES[scope].group]);
    return metrics;
  }

  /** What was said of each group when it was last read, unless that was before a time: not all are read in every cycle. */
  holding(plan: MetricPlan, sinceNs: bigint): readonly MetricPoints[] {
    return pointsOf(plan, this.#scopes, this.#times.since(sinceNs));
  }

  #updateScope(scope: StatisticsScope, { statistics }: MeteredReading, context: RowsContext): void {
    const { items, readAt } = statistics;
    const { group, parent, lasting } = SCOPES[scope];
    let live = this.#scopes.get(scope);
    if (live === undefined) {
      if (items[scope] === undefined) return;
      live = new LiveScope();
      this.#scopes.set(scope, live);
    }
    live.update(items[scope], readAt[group], {
      ...context,
      ...(lasting === true && context.lasting),
      scope,
      hasParent: parent !== undefined,
      parent: parent === undefined ? undefined : this.#scopes.get(parent),
    });
  }

  #fill(plan: MetricPlan, reading: MeteredReading): readonly MetricPoints[] {
    const last = this.#metrics;
    const metrics: MetricPoints[] = [];
    let changed = false;
    for (let number = 0; number < plan.rows.length; number++) {
      const row = this.#rows[number] ?? this.#newRow(plan, number);
      if (row === undefined || row.scope.items.length === 0) continue;
      const { points } = row;
      fillRow(row, reading);
      if (points.end()) changed = true;
      if (points.entry.points.length === 0) continue;
      if (last[metrics.length] !== points.entry) changed = true;
      metrics.push(points.entry);
    }
    if (changed || metrics.length !== last.length) this.#metrics = metrics;
    return this.#metrics;
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

function fillRow(into: AnyRow, reading: MeteredReading): void {
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
