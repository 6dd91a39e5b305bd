import type { DomainReading, HypervisorReading } from "../readings/domain.ts";
import { DOMAIN_ROWS } from "./definitions.ts";
import type { LiveDeltas, ToldDeltas } from "./delta-store.ts";
import { type DomainPast, type DomainSettings, isSameLife, LiveDomain } from "./live-domain.ts";
import { planMetrics, SCOPES } from "./plan.ts";
import type { Attributes, ResourcePoints, Temporality } from "./points.ts";
import type { ResourceOptions } from "./resources.ts";
import type { DomainRow } from "./rows.ts";
import { selectRows } from "./selection.ts";

export interface DomainMeterOptions {
  /** The rows to export; those that are on by default unless given. */
  readonly rows?: readonly DomainRow[];
  /** Of counters and histograms; cumulative unless given. */
  readonly temporality?: Temporality;
  /** What an earlier run of the agent told: deltas go on from there. */
  readonly told?: ToldDeltas | undefined;
  readonly resource?: ResourceOptions;
  /** Default false. See {@link ToldTimes}; `gone` comes first then, and `ended` last. */
  readonly inOrder?: boolean;
  /**
   * Is told when a domain has two things with the same attributes, such as the images behind one disk: the first
   * is measured, the others are left out. Called when they appear, not in every reading.
   */
  readonly onDuplicate?: (domainName: string, attributes: Attributes) => void;
}

/** A gone domain's last value can be of the very millisecond of the list; what ends its series comes after that. */
const AFTERWARDS_NS = 1_000_000n;

/**
 * Turns readings of one hypervisor into points. It remembers what is alive: a domain that a reading does not
 * have is forgotten, and so is what was unplugged. A domain that is there but could not be read stays, when the
 * reading has it with what is known of it.
 */
export class DomainMeter {
  readonly #settings: DomainSettings;
  #domains = new Map<string, LiveDomain>();
  #listedAtNs: bigint | undefined;
  #told: ToldDeltas | undefined;
  #ended: readonly ResourcePoints[] = [];
  #gone: readonly ResourcePoints[] = [];

  constructor(options: DomainMeterOptions = {}) {
    const rows = options.rows ?? selectRows(DOMAIN_ROWS);
    this.#settings = {
      plan: planMetrics(rows, options.temporality),
      // libvirt gives its own CPU time as that of a domain that does not run; only the state is true of it, and what
      // lasts longer than a run.
      inactivePlan: planMetrics(
        rows.filter(({ scope }) => scope === "state" || SCOPES[scope].lasting === true),
        options.temporality,
      ),
      resource: options.resource ?? {},
      inOrder: options.inOrder ?? false,
      onDuplicate: options.onDuplicate ?? (() => undefined),
    };
    this.#told = options.told;
  }

  /** How many domains are remembered. */
  get domainCount(): number {
    return this.#domains.size;
  }

  /** The last points of all series that the last reading no longer had; they carry no value. */
  get ended(): readonly ResourcePoints[] {
    return this.#ended;
  }

  /**
   * Points of those that the last reading has as gone: what happened to them at last, and of one that came and went
   * since the reading before what was read of it. They come before the points that end their series.
   */
  get gone(): readonly ResourcePoints[] {
    return this.#gone;
  }

  /**
   * What is known of all domains of the last reading, as far as it was read within so much time before it; without
   * deltas. It holds until the next reading.
   */
  holding(withinNs: bigint): ResourcePoints[] {
    const sinceNs = (this.#listedAtNs ?? 0n) - withinNs;
    return Array.from(this.#domains.values(), (live) => live.holding(sinceNs));
  }

  /** Up to where deltas have been told; undefined before the first reading. */
  get deltas(): LiveDeltas | undefined {
    const listedAtNs = this.#listedAtNs;
    return listedAtNs === undefined ? undefined : { listedAtNs, domains: this.#domains };
  }

  /**
   * All points of a reading, one entry for each domain that has any. They hold until the next reading, which writes
   * into the same objects.
   */
  update(reading: HypervisorReading): ResourcePoints[] {
    const before = this.#domains;
    const alive = this.#recognize(reading.domains);
    const lives = [...alive.values()];
    const domains = lives.length === reading.domains.length ? reading.domains : firstOfEach(reading.domains);
    const all: ResourcePoints[] = [];
    const ended: ResourcePoints[] = [];
    const { listedAt } = reading;
    const context = {
      hypervisor: reading.identity,
      listedAt,
      listedBeforeNs: this.#listedAtNs,
    };
    for (const [index, live] of lives.entries()) {
      const points = live.update(domains[index] as DomainReading, context);
      if (points.metrics.length > 0) all.push(points);
      if (live.ended.length > 0) ended.push(...live.ended);
    }
    const left = new Set<string>();
    const afterwards = { ...listedAt, wallNs: listedAt.wallNs + AFTERWARDS_NS };
    const gone: ResourcePoints[] = [];
    for (const domain of reading.gone ?? []) {
      if (alive.has(domain.uuid)) continue;
      const live = before.get(domain.uuid) ?? new LiveDomain(domain, this.#settings, this.#pastOf(domain));
      left.add(domain.uuid);
      const points = live.update(domain, context);
      if (points.metrics.length > 0) gone.push(points);
      ended.push(...live.ended, ...live.end(afterwards));
    }
    for (const [uuid, live] of alive === before ? [] : before) {
      if (!alive.has(uuid) && !left.has(uuid)) ended.push(...live.end(listedAt));
    }
    this.#domains = alive;
    this.#gone = gone;
    this.#listedAtNs = listedAt.wallNs;
    this.#told = undefined;
    this.#ended = ended;
    return all;
  }

  /** The domains of a reading: the same map as before while they are the same in the same order, as they nearly always are. */
  #recognize(domains: readonly DomainReading[]): Map<string, LiveDomain> {
    const before = this.#domains;
    if (isOrderOf(before, domains)) return before;
    const alive = new Map<string, LiveDomain>();
    for (const domain of firstOfEach(domains)) {
      const live = before.get(domain.uuid) ?? new LiveDomain(domain, this.#settings, this.#pastOf(domain));
      alive.set(domain.uuid, live);
    }
    return alive;
  }

  /** What is known of a domain that is seen for the first time. */
  #pastOf(domain: DomainReading): DomainPast {
    if (this.#listedAtNs !== undefined) return { absentAtNs: this.#listedAtNs, told: undefined };
    const told = this.#told?.domains.get(domain.uuid);
    if (this.#told === undefined) return { absentAtNs: undefined, told: undefined };
    if (told !== undefined && isSameLife(told.life, domain))
      return { absentAtNs: undefined, told: told.told };
    // The agent was not there when it appeared. One that was told of in another life began this one since; of one that
    // was not, which may have been hidden from us, only the process tells how long it has been counting.
    const isNew = told !== undefined || domain.process !== undefined;
    const absentAtNs = isNew ? this.#told.listedAtNs : undefined;
    return { absentAtNs, told: undefined };
  }
}

function isOrderOf(known: ReadonlyMap<string, unknown>, domains: readonly DomainReading[]): boolean {
  if (known.size !== domains.length) return false;
  let index = 0;
  for (const uuid of known.keys()) {
    if (domains[index]?.uuid !== uuid) return false;
    index += 1;
  }
  return true;
}

/** Of readings with the same uuid the first one. */
function firstOfEach(domains: readonly DomainReading[]): DomainReading[] {
  const seen = new Set<string>();
  return domains.filter(({ uuid }) => seen.size < seen.add(uuid).size);
}
