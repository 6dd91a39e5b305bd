import type { DomainRef } from "../libvirt/types.ts";
import type { DomainDescription } from "./domain.ts";
import { READING_SCOPES, type ScopeRow, type StatisticsGroup } from "./statistics-fields.ts";
import { bitOf, GROUP_BITS } from "./statistics-groups.ts";
import type { DomainStatistics, StatisticsScope } from "./statistics.ts";
import { Stretch } from "./stretch.ts";

/** How often the groups of statistics are read. */
export interface PaceOptions {
  /** From one cycle to the next. */
  readonly cycleMs: number;
  /** What changes seldom. */
  readonly slowIntervalMs: number;
  /** Of single groups, stronger than everything else; 0: in every cycle. */
  readonly intervalsMs?: Readonly<Partial<Record<StatisticsGroup, number | undefined>>>;
  /** A cycle that takes longer stretches the intervals of what goes to monitors. */
  readonly stretchAboveMs: number;
}

/** What of a domain is to be asked in a cycle. */
export interface Ask {
  /** Of bulk statistics: libvirt's groups, or-ed. */
  readonly mask: number;
  /** Names of disks whose I/O counters are asked one by one, where that costs QEMU less than the group. */
  readonly disks: readonly string[];
}

/** What is known of a domain when its cycle begins. */
export interface AskContext {
  readonly nowMs: number;
  /** Groups that have been read from the kernel in this cycle. */
  readonly elsewhere: ReadonlySet<StatisticsGroup>;
  /** Undefined before the first reading. */
  readonly lastKnown: DomainStatistics | undefined;
  readonly description: DomainDescription | undefined;
  /** Does the daemon need fewer monitor commands for a single disk than for the group? */
  readonly singleDisksPay: boolean;
}

/**
 * cycle: changes all the time. slow: seldom. guest: as often as the guest's balloon driver tells it. present: in every
 * cycle for the domains that have such a thing, else never asked for its own sake. checked: in every cycle, and seldom
 * where the kernel tells it, since libvirt alone knows of a device that was plugged in while nobody listened.
 */
type Pace = "cycle" | "slow" | "guest" | "present" | "checked";

/** Groups whose interval can be chosen: those that cost monitor commands. */
export const PACED_GROUPS = [
  "cpu",
  "cpu-monitor",
  "haltpoll",
  "balloon",
  "rss",
  "vcpu",
  "vcpu-count",
  "vcpu-state",
  "vcpu-kvm",
  "block",
  "block-size",
  "block-detail",
  "iothread",
  "dirtyrate",
  "vm",
] as const satisfies readonly StatisticsGroup[];

const PACES: Readonly<Record<(typeof PACED_GROUPS)[number], Pace>> & { readonly [group: string]: Pace } = {
  cpu: "cycle",
  "cpu-monitor": "present",
  haltpoll: "slow",
  balloon: "guest",
  rss: "cycle",
  vcpu: "cycle",
  "vcpu-count": "slow",
  "vcpu-state": "cycle",
  "vcpu-kvm": "cycle",
  block: "cycle",
  "block-size": "slow",
  "block-detail": "present",
  iothread: "slow",
  dirtyrate: "slow",
  vm: "cycle",
  interface: "checked",
};

/** Two monitor commands for one disk, three for all of them together: counted in the log of libvirtd 9.0. */
const DISKS_ASKED_SINGLY = 1;

/** What is read seldom of each domain is not read of all in the same cycle. */
const TAKING_TURNS: ReadonlySet<Pace | undefined> = new Set<Pace>(["slow", "guest", "checked"]);

/** So many readings without news, and a balloon driver counts as dead. */
const IDLE_READINGS = 3;

const SCOPES: Readonly<Record<StatisticsScope, ScopeRow>> = READING_SCOPES;

interface Known {
  /** The running instance: another one has been asked nothing yet. */
  readonly id: number;
  readonly readAtMs: Map<StatisticsGroup, number>;
  /** The driver's last sign of life, and since how many readings it is the last one. */
  balloonUpdateS: bigint | number | undefined;
  idleReadings: number;
  /** Its disks' counters cannot be asked one by one. */
  needsBulk: boolean;
}

/**
 * Decides what of each domain is asked when. What costs is monitor commands, which the guests' owners pay: so each
 * group is asked as often as it changes, of the cheapest source, and over time in turns instead of all at once.
 */
export class ReadingSchedule {
  readonly #groups: ReadonlySet<StatisticsGroup>;
  readonly #pace: PaceOptions;
  readonly #stretch: Stretch;
  #known = new Map<string, Known>();

  constructor(groups: ReadonlySet<StatisticsGroup>, pace: PaceOptions) {
    this.#groups = groups;
    this.#pace = pace;
    this.#stretch = new Stretch(pace.stretchAboveMs);
  }

  /** Takes note of how long a cycle took. Are the intervals others now? */
  tookMs(cycleMs: number): boolean {
    return this.#stretch.after(cycleMs);
  }

  /** How many times longer than they should be the intervals of all that goes to monitors are. */
  get stretch(): number {
    return this.#stretch.factor;
  }

  /** Forgets all other domains. */
  keep(domains: readonly DomainRef[]): void {
    const kept = new Map<string, Known>();
    for (const domain of domains) {
      const known = this.#recall(domain);
      if (known !== undefined) kept.set(domain.uuid, known);
    }
    this.#known = kept;
  }

  /** What to ask of the domain now. */
  ask(domain: DomainRef, context: AskContext): Ask {
    const known = this.#recall(domain);
    let mask = 0;
    let isBlockDue = false;
    for (const group of this.#groups) {
      if (!this.#isDue(group, known, context)) continue;
      if (group === "block") isBlockDue = true;
      else mask |= bitOf(group);
    }
    if (!isBlockDue || (mask & GROUP_BITS.block) !== 0) return { mask, disks: [] };
    const disks = known?.needsBulk === true ? undefined : singleDisks(context);
    return disks === undefined ? { mask: mask | GROUP_BITS.block, disks: [] } : { mask, disks };
  }

  /** All groups of the mask have been read of the domain, as far as it has them. */
  read(domain: DomainRef, mask: number, { nowMs, statistics }: ReadContext): void {
    let known = this.#recall(domain);
    if (known === undefined) {
      known = {
        id: domain.id,
        readAtMs: new Map(),
        balloonUpdateS: undefined,
        idleReadings: 0,
        needsBulk: false,
      };
      this.#known.set(domain.uuid, known);
    }
    for (const group of this.#groups) {
      if ((bitOf(group) & mask) === 0) continue;
      const isFirst = !known.readAtMs.has(group);
      const earlierMs = isFirst && TAKING_TURNS.has(PACES[group]) ? this.#turn(domain.uuid, group) : 0;
      known.readAtMs.set(group, nowMs - earlierMs);
    }
    if ((mask & GROUP_BITS.balloon) !== 0) watchBalloon(known, statistics);
  }

  /** The counters of the domain's disks have been read one by one. */
  readDisks(domain: DomainRef, nowMs: number): void {
    this.#recall(domain)?.readAtMs.set("block", nowMs);
  }

  /** The domain's disks' counters cannot be asked one by one; it is not tried again before something happens to it. */
  setNeedsBulk(domain: DomainRef): void {
    const known = this.#recall(domain);
    if (known !== undefined) known.needsBulk = true;
  }

  /** Something happened to the domain: all is asked anew. */
  forget(uuid: string): void {
    this.#known.delete(uuid);
  }

  #isDue(group: StatisticsGroup, known: Known | undefined, context: AskContext): boolean {
    const pace = PACES[group];
    const isElsewhere = context.elsewhere.has(group);
    if (isElsewhere && pace !== "checked") return false;
    if (pace === undefined || (pace === "checked" && !isElsewhere)) return true;
    const readAtMs = known?.readAtMs.get(group);
    if (known === undefined || readAtMs === undefined) return true;
    const { cycleMs, intervalsMs } = this.#pace;
    const chosenMs = intervalsMs?.[group];
    if (chosenMs === undefined && pace === "present" && !isPresent(group, context.lastKnown)) return false;
    const intervalMs = chosenMs ?? this.#intervalMs(pace, known, context);
    // Half a cycle of tolerance: a cycle that comes a millisecond early is no reason to wait for another one.
    return context.nowMs - readAtMs >= Math.max(intervalMs, cycleMs) * this.stretch - cycleMs / 2;
  }

  #intervalMs(pace: Pace, known: Known, { description }: AskContext): number {
    const { slowIntervalMs } = this.#pace;
    if (pace === "slow" || pace === "checked") return slowIntervalMs;
    if (pace !== "guest") return 0;
    const periodS = description?.balloonPeriodS;
    if (periodS === undefined || known.idleReadings >= IDLE_READINGS) return slowIntervalMs;
    return Math.min(periodS * 1000, slowIntervalMs);
  }

  /** How much earlier than a whole interval a domain's second reading is, so that not all are read in one cycle. */
  #turn(uuid: string, group: StatisticsGroup): number {
    const intervalMs = this.#pace.intervalsMs?.[group] ?? this.#pace.slowIntervalMs;
    return Math.floor((Number.parseInt(uuid.slice(0, 4), 16) / 0x1_0000) * intervalMs);
  }

  #recall({ uuid, id }: DomainRef): Known | undefined {
    const known = this.#known.get(uuid);
    return known?.id === id ? known : undefined;
  }
}

/** When a record came, and what is in it. */
export interface ReadContext {
  readonly nowMs: number;
  readonly statistics: DomainStatistics | undefined;
}

/** The disks of a domain that has few of them; undefined when the group is cheaper, or tells more that changes. */
function singleDisks(context: AskContext): readonly string[] | undefined {
  const { lastKnown, description, singleDisksPay } = context;
  if (lastKnown === undefined || !singleDisksPay) return undefined;
  const names: string[] = [];
  for (const { values } of lastKnown.items.disk ?? []) {
    const { name } = values;
    if (name === undefined) return undefined;
    const disk = description?.disks.find(({ target }) => target === name);
    // A drive without a medium counts nothing.
    if (disk === undefined || disk.source !== undefined) names.push(name);
  }
  return names.length > DISKS_ASKED_SINGLY ? undefined : names;
}

function isPresent(group: StatisticsGroup, lastKnown: DomainStatistics | undefined): boolean {
  if (lastKnown === undefined) return false;
  return Object.keys(lastKnown.items).some(
    (scope) => SCOPES[scope as StatisticsScope].group === group && scope !== "diskLimit",
  );
}

function watchBalloon(known: Known, statistics: DomainStatistics | undefined): void {
  const updateS = statistics?.items.balloon?.[0]?.values.lastUpdateS;
  known.idleReadings = updateS === known.balloonUpdateS ? known.idleReadings + 1 : 0;
  known.balloonUpdateS = updateS;
}
