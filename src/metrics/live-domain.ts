import type { Instant } from "../clock.ts";
import type {
  DomainDescription,
  DomainProcess,
  DomainReading,
  HypervisorIdentity,
} from "../readings/domain.ts";
import type { StatisticsScope } from "../readings/statistics.ts";
import { type DeltaOrigin, type DeltaState, withUntaken } from "./delta-series.ts";
import { endedPoints, type EndedScope } from "./ended-points.ts";
import { LiveRows, type RowsContext } from "./live-rows.ts";
import type { EndedSeries, ScopeContext } from "./live-scope.ts";
import type { MetricPlan } from "./plan.ts";
import type { Attributes, Resource, ResourcePoints } from "./points.ts";
import { attributesKey, domainResource, pointIdentity, type ResourceOptions } from "./resources.ts";
import { ToldTimes } from "./told-times.ts";

/** What all domains of a meter share. */
export interface DomainSettings {
  readonly plan: MetricPlan;
  /** For a domain that does not run. */
  readonly inactivePlan: MetricPlan;
  readonly resource: ResourceOptions;
  /** See {@link ToldTimes}. */
  readonly inOrder: boolean;
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
  readonly listedAt: Instant;
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
  readonly #times: ToldTimes;
  #rows: LiveRows;
  #ended = NOTHING;

  constructor({ id, name }: DomainReading, settings: DomainSettings, past: DomainPast) {
    this.#id = id;
    this.#name = name;
    this.#settings = settings;
    this.#past = past;
    this.#times = new ToldTimes(settings.inOrder);
    this.#rows = new LiveRows(this.#times);
  }

  /** Which life of the domain this is: what the state of its deltas holds for. */
  get life(): DomainLife {
    return { id: this.#id, process: this.#process };
  }

  /** The state of its series that are told in deltas. */
  get deltas(): Iterable<DeltaState> {
    return withUntaken(this.#past.told, this.#rows.deltas);
  }

  /** The last points of what the last reading no longer had. */
  get ended(): readonly ResourcePoints[] {
    return this.#ended;
  }

  /** What is known of the domain: the last reading of each group, unless it was before that time. */
  holding(sinceNs: bigint): ResourcePoints {
    return { resource: this.#points.resource, metrics: this.#rows.holding(this.#settings.plan, sinceNs) };
  }

  /** The domain's points in this reading: the same object as before when only times and values changed. */
  update(reading: DomainReading, context: ReadingContext): ResourcePoints {
    const rows = this.#rows;
    const { resource } = this.#points;
    this.#recognize(reading, context);
    this.#identify(reading, context);
    const isAnother = rows !== this.#rows || resource !== this.#points.resource;
    const before = isAnother ? rows.all : [];

    const plan = reading.id < 0 ? this.#settings.inactivePlan : this.#settings.plan;
    const metrics = this.#rows.update(plan, reading, {
      description: this.#description,
      context: () => this.#rowsContext(reading),
    });
    const { column } = this.#rows;
    if (metrics !== this.#points.metrics || column !== this.#points.column) {
      this.#points = { resource: this.#points.resource, metrics, column };
    }

    const ended = isAnother ? this.#withoutGoing(before, resource) : this.#rows.ended;
    this.#ended = ended.length === 0 ? NOTHING : this.#lastPoints(ended, resource, context.listedAt);
    return this.#points;
  }

  /** The last points of everything: the domain has gone. */
  end(at: Instant): readonly ResourcePoints[] {
    return this.#lastPoints(this.#rows.all, this.#points.resource, at);
  }

  #rowsContext(reading: DomainReading): RowsContext {
    return {
      base: this.#base,
      description: this.#description,
      startTimeNs: this.#process?.startedAtNs,
      deltaOrigin: { startNs: this.#untoldSinceNs(), told: this.#past.told },
      lasting: lastingOrigin(reading),
      onDuplicate: (attributes) => this.#settings.onDuplicate(reading.name, attributes),
    };
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
    if (this.#rows.isEmpty) return;
    this.#forget({ absentAtNs: undefined, told: undefined });
    this.#rows = new LiveRows(this.#times);
  }

  /** Forgets what was of a run of its QEMU. */
  #forget(past: DomainPast): void {
    this.#rows = this.#rows.lasting();
    this.#past = past;
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
    const going = new Set(this.#rows.all.flatMap(keysOf));
    return before.map(({ scope, series }) => ({
      scope,
      series: series.filter((each) => !going.has(keyOf(scope, each))),
    }));
  }

  #lastPoints(
    ended: readonly EndedScope[],
    { attributes }: Resource,
    at: Instant,
  ): readonly ResourcePoints[] {
    const { wallNs } = this.#times.end(at);
    const metrics = endedPoints(this.#settings.plan, ended, wallNs);
    // An object of its own: what an encoder remembers of the resource is about its living series.
    return metrics.length === 0 ? NOTHING : [{ resource: { attributes }, metrics }];
  }
}

/** The agent itself counts these, from zero, since it began to observe the domain. */
function lastingOrigin({ observedSince }: DomainReading): Pick<ScopeContext, "startTimeNs" | "deltaOrigin"> {
  const startNs = observedSince?.wallNs;
  return { startTimeNs: startNs, deltaOrigin: { startNs, told: undefined } };
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
