import type {
  DomainDescription,
  DomainProcess,
  DomainReading,
  HypervisorIdentity,
} from "../readings/domain.ts";
import type { StatisticsScope } from "../readings/statistics.ts";
import { histogramPoints } from "./histogram-points.ts";
import { LiveScope } from "./live-scope.ts";
import { type MetricPlan, type PlannedRow, SCOPES } from "./plan.ts";
import type { Attributes, MetricPoints, Resource, ResourcePoints } from "./points.ts";
import { attributesKey, domainResource, pointIdentity, type ResourceOptions } from "./resources.ts";
import { derivedPoints, fieldPoints, reasonPoints, statePoints } from "./value-points.ts";

/** What all domains of a meter share. */
export interface DomainSettings {
  readonly plan: MetricPlan;
  /** For a domain that does not run. */
  readonly inactivePlan: MetricPlan;
  readonly resource: ResourceOptions;
  /** Is told of what would be a second series with the same attributes. */
  readonly onDuplicate: (domainName: string, attributes: Attributes) => void;
}

/** Start times of one process that differ by less than this were rounded differently. */
const START_TOLERANCE_NS = 1_000_000_000n;

/** One domain between its readings: its resource and its live series. */
export class LiveDomain {
  readonly #settings: DomainSettings;
  #id: number;
  #name: string;
  #process: DomainProcess | undefined;
  #description: DomainDescription | undefined;
  #hypervisor: HypervisorIdentity | undefined;
  #resource: Resource = { attributes: {} };
  #scopes = new Map<StatisticsScope, LiveScope>();

  constructor({ id, name }: DomainReading, settings: DomainSettings) {
    this.#id = id;
    this.#name = name;
    this.#settings = settings;
  }

  /** The domain's points in this reading. */
  update(reading: DomainReading, hypervisor: HypervisorIdentity): ResourcePoints {
    this.#recognize(reading);
    this.#identify(reading, hypervisor);
    const plan = reading.id < 0 ? this.#settings.inactivePlan : this.#settings.plan;
    for (const scope of plan.scopes) this.#updateScope(scope, reading);

    const metrics: MetricPoints[] = [];
    for (const row of plan.rows) {
      const scope = this.#scopes.get(row.scope);
      if (scope === undefined || scope.items.length === 0) continue;
      const made = pointsOf(row, scope, reading);
      if (made.points.length > 0) metrics.push(made);
    }
    for (const scope of plan.remembered) {
      this.#scopes.get(scope)?.remember(reading.statistics.readAt[SCOPES[scope].group]);
    }
    return { resource: this.#resource, metrics };
  }

  /** A domain that was started again is another one to its counters: all its series end. */
  #recognize({ id, process }: DomainReading): void {
    if (id !== this.#id || !isSameProcess(this.#process, process)) {
      this.#scopes = new Map();
      this.#process = undefined;
    }
    this.#id = id;
    this.#process ??= process;
  }

  /** Brings the resource up to date; another resource means other series. */
  #identify(reading: DomainReading, hypervisor: HypervisorIdentity): void {
    const { name } = reading;
    // An XML that could not be read this time takes nothing away from what is known.
    const description = reading.description ?? this.#description;
    const known = this.#hypervisor === hypervisor && this.#name === name && this.#description === description;
    if (known) return;
    this.#hypervisor = hypervisor;
    this.#name = name;
    this.#description = description;
    const attributes = domainResource({ ...reading, description }, hypervisor, this.#settings.resource);
    if (attributesKey(attributes) === attributesKey(this.#resource.attributes)) return;
    this.#resource = { attributes };
    this.#scopes = new Map();
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
      base: pointIdentity(reading, this.#settings.resource),
      description: this.#description,
      startTimeNs: this.#process?.startedAtNs,
      onDuplicate: (attributes) => this.#settings.onDuplicate(reading.name, attributes),
    });
  }
}

function isSameProcess(known: DomainProcess | undefined, now: DomainProcess | undefined): boolean {
  if (known === undefined || now === undefined) return true;
  const apartNs = now.startedAtNs - known.startedAtNs;
  return known.pid === now.pid && apartNs < START_TOLERANCE_NS && -apartNs < START_TOLERANCE_NS;
}

function pointsOf(row: PlannedRow, scope: LiveScope, reading: DomainReading): MetricPoints {
  switch (row.from) {
    case "fields":
      return { metric: row.metric, points: fieldPoints(row, scope, reading) };
    case "derivations":
      return { metric: row.metric, points: derivedPoints(row, scope, reading) };
    case "states":
      return { metric: row.metric, points: statePoints(row, scope, reading) };
    case "reason":
      return { metric: row.metric, points: reasonPoints(row, scope, reading) };
    default:
      return { metric: row.metric, points: histogramPoints(scope, row.slot, reading) };
  }
}
