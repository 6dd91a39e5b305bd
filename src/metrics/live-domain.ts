import type {
  DomainDescription,
  DomainProcess,
  DomainReading,
  HypervisorIdentity,
} from "../readings/domain.ts";
import type { StatisticsScope } from "../readings/statistics.ts";
import { DeltaSeries, type DeltaOrigin, type DeltaState } from "./delta-series.ts";
import { endedPoints, type EndedScope } from "./ended-points.ts";
import { histogramPoints } from "./histogram-points.ts";
import { DeltaHistogram } from "./live-histogram.ts";
import { type EndedSeries, LiveScope } from "./live-scope.ts";
import { type MetricPlan, type PlannedRow, SCOPES } from "./plan.ts";
import { PointList } from "./point-list.ts";
import type { Attributes, MetricPoints, Resource, ResourcePoints } from "./points.ts";
import { attributesKey, domainResource, pointIdentity, type ResourceOptions } from "./resources.ts";
import { derivedPoints, fieldPoints, reasonPoints, type RowReading, statePoints } from "./value-points.ts";

/** What all domains of a meter share. */
export interface DomainSettings {
  readonly plan: MetricPlan;
  /** For a domain that does not run. */
  readonly inactivePlan: MetricPlan;
  readonly resource: ResourceOptions;
  /** Is told of what would be a second series with the same attributes. */
  readonly onDuplicate: (domainName: string, attributes: Attributes) => void;
}

/** What is known of a domain before its first reading. */
export interface DomainPast {
  /** When it was not there yet, or not in this life; undefined where nothing is known of the time before. */
  readonly absentAtNs: bigint | undefined;
  /** What an earlier run of the agent told of this life of the domain. */
  readonly told: DeltaOrigin["told"];
}

/** One reading of a hypervisor, as its domains see it. */
export interface ReadingContext {
  readonly hypervisor: HypervisorIdentity;
  /** When the hypervisor listed its domains, now and at the reading before. */
  readonly listedAtNs: bigint;
  readonly listedBeforeNs: bigint | undefined;
}

/** One run of a domain's QEMU. */
export interface DomainLife {
  /** -1 while inactive. */
  readonly id: number;
  readonly process: DomainProcess | undefined;
}

/** Start times of one process that differ by less than this were rounded differently. */
const START_TOLERANCE_NS = 1_000_000_000n;

const NOTHING: readonly ResourcePoints[] = [];

type AnyRow = RowReading<PlannedRow["from"]>;

type Scopes = ReadonlyMap<StatisticsScope, LiveScope>;

/** One domain between its readings: its resource and its live series. */
export class LiveDomain {
  readonly #settings: DomainSettings;
  #past: DomainPast;
  #id: number;
  #name: string;
  #process: DomainProcess | undefined;
  #description: DomainDescription | undefined;
  #hypervisor: HypervisorIdentity | undefined;
  #base: Attributes = {};
  #points: ResourcePoints = { resource: { attributes: {} }, metrics: [] };
  #scopes = new Map<StatisticsScope, LiveScope>();
  /** By their number in the plan. */
  #rows: (AnyRow | undefined)[] = [];
  #ended = NOTHING;

  constructor({ id, name }: DomainReading, settings: DomainSettings, past: DomainPast) {
    this.#id = id;
    this.#name = name;
    this.#settings = settings;
    this.#past = past;
  }

  /** Which life of the domain this is: what the state of its deltas holds for. */
  get life(): DomainLife {
    return { id: this.#id, process: this.#process };
  }

  /** The state of its series that are told in deltas. */
  get deltas(): Iterable<DeltaState> {
    return deltasOf(this.#scopes);
  }

  /** The last points of what the last reading no longer had. */
  get ended(): readonly ResourcePoints[] {
    return this.#ended;
  }

  /** The domain's points in this reading: the same object as before when only times and values changed. */
  update(reading: DomainReading, context: ReadingContext): ResourcePoints {
    const scopes = this.#scopes;
    const { resource } = this.#points;
    this.#recognize(reading, context);
    this.#identify(reading, context);
    const isAnother = scopes !== this.#scopes || resource !== this.#points.resource;
    const before = isAnother ? allOf(scopes) : [];

    const plan = reading.id < 0 ? this.#settings.inactivePlan : this.#settings.plan;
    for (const scope of plan.scopes) this.#updateScope(scope, reading);
    const points = this.#fill(plan, reading);
    for (const scope of plan.remembered) {
      this.#scopes.get(scope)?.remember(reading.statistics.readAt[SCOPES[scope].group]);
    }

    const ended = isAnother ? this.#withoutGoing(before, resource) : endedOf(this.#scopes);
    this.#ended = ended.length === 0 ? NOTHING : this.#lastPoints(ended, resource, context.listedAtNs);
    return points;
  }

  /** The last points of everything: the domain has gone. */
  end(timeNs: bigint): readonly ResourcePoints[] {
    return this.#lastPoints(allOf(this.#scopes), this.#points.resource, timeNs);
  }

  #fill(plan: MetricPlan, reading: DomainReading): ResourcePoints {
    const last = this.#points.metrics;
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
    if (changed || metrics.length !== last.length)
      this.#points = { resource: this.#points.resource, metrics };
    return this.#points;
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

  /** A domain that was started again is another one to its counters: all its series begin anew. */
  #recognize({ id, process }: DomainReading, { listedBeforeNs }: ReadingContext): void {
    if (!isSameLife(this.life, { id, process })) {
      this.#forget({ absentAtNs: listedBeforeNs, told: undefined });
      this.#process = undefined;
    }
    this.#id = id;
    this.#process ??= process;
  }

  /** Brings the resource up to date. */
  #identify(reading: DomainReading, { hypervisor }: ReadingContext): void {
    const { name } = reading;
    // An XML that could not be read this time takes nothing away from what is known.
    const description = reading.description ?? this.#description;
    const known = this.#hypervisor === hypervisor && this.#name === name && this.#description === description;
    if (known) return;
    this.#hypervisor = hypervisor;
    this.#name = name;
    this.#description = description;
    const base = pointIdentity(reading, this.#settings.resource);
    if (attributesKey(base) !== attributesKey(this.#base)) this.#rename(base);
    const attributes = domainResource({ ...reading, description }, hypervisor, this.#settings.resource);
    if (attributesKey(attributes) === attributesKey(this.#points.resource.attributes)) return;
    this.#points = { resource: { attributes }, metrics: [] };
  }

  /** Attributes that stand on every point: with others all series are others. Only a domain that is off is renamed. */
  #rename(base: Attributes): void {
    this.#base = base;
    if (this.#scopes.size > 0) this.#forget({ absentAtNs: undefined, told: undefined });
  }

  #forget(past: DomainPast): void {
    this.#scopes = new Map();
    this.#rows = [];
    this.#past = past;
  }

  #updateScope(scope: StatisticsScope, reading: DomainReading): void {
    const { items, readAt } = reading.statistics;
    const { group, parent } = SCOPES[scope];
    let live = this.#scopes.get(scope);
    if (live === undefined) {
      if (items[scope] === undefined) return;
      live = new LiveScope();
      this.#scopes.set(scope, live);
    }
    live.update(items[scope], readAt[group], {
      scope,
      hasParent: parent !== undefined,
      parent: parent === undefined ? undefined : this.#scopes.get(parent),
      base: this.#base,
      description: this.#description,
      startTimeNs: this.#process?.startedAtNs,
      deltaOrigin: { startNs: this.#untoldSinceNs(), told: this.#past.told },
      onDuplicate: (attributes) => this.#settings.onDuplicate(reading.name, attributes),
    });
  }

  /** Since when the domain's counters count what nobody was told of; undefined when that is not known. */
  #untoldSinceNs(): bigint | undefined {
    const { absentAtNs } = this.#past;
    if (absentAtNs === undefined || this.#process === undefined) return absentAtNs;
    // A process that is older was somewhere else, or hidden from us, and has been counting all the while.
    const { startedAtNs } = this.#process;
    return startedAtNs > absentAtNs - START_TOLERANCE_NS ? startedAtNs : undefined;
  }

  /** The series of another life or another resource without those that go on: to a backend these have not ended. */
  #withoutGoing(before: readonly EndedScope[], resource: Resource): readonly EndedScope[] {
    const isToldByPoint = this.#settings.resource.identity === "attributes";
    if (resource !== this.#points.resource && !isToldByPoint) return before;
    const going = new Set(allOf(this.#scopes).flatMap(keysOf));
    return before.map(({ scope, series }) => ({
      scope,
      series: series.filter((each) => !going.has(keyOf(scope, each))),
    }));
  }

  #lastPoints(
    ended: readonly EndedScope[],
    { attributes }: Resource,
    timeNs: bigint,
  ): readonly ResourcePoints[] {
    const metrics = endedPoints(this.#settings.plan, ended, timeNs);
    // An object of its own: what an encoder remembers of the resource is about its living series.
    return metrics.length === 0 ? NOTHING : [{ resource: { attributes }, metrics }];
  }
}

function allOf(scopes: Scopes): readonly EndedScope[] {
  return Array.from(scopes, ([scope, live]) => ({ scope, series: [...live.series()] }));
}

function endedOf(scopes: Scopes): readonly EndedScope[] {
  const ended: EndedScope[] = [];
  for (const [scope, live] of scopes) if (live.ended.length > 0) ended.push({ scope, series: live.ended });
  return ended;
}

function* deltasOf(scopes: Scopes): Iterable<DeltaState> {
  for (const live of scopes.values()) {
    for (const { series } of live.series()) {
      if (series instanceof DeltaSeries || series instanceof DeltaHistogram) yield series;
    }
  }
}

function keysOf({ scope, series }: EndedScope): readonly string[] {
  return series.map((each) => keyOf(scope, each));
}

function keyOf(scope: StatisticsScope, { slot, series }: EndedSeries): string {
  return `${scope} ${slot} ${JSON.stringify(series.attributes)}`;
}

/** Is it the same run of the domain's QEMU? What is not known of its process decides nothing. */
export function isSameLife(known: DomainLife, now: DomainLife): boolean {
  if (known.id !== now.id) return false;
  if (known.process === undefined || now.process === undefined) return true;
  const apartNs = now.process.startedAtNs - known.process.startedAtNs;
  const isClose = apartNs < START_TOLERANCE_NS && -apartNs < START_TOLERANCE_NS;
  return known.process.pid === now.process.pid && isClose;
}

function fillRow(into: AnyRow, reading: DomainReading): void {
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
