import type { Instant } from "../clock.ts";
import type { DomainDescription } from "../readings/domain.ts";
import type { StatisticsGroup } from "../readings/statistics-fields.ts";
import type { DomainStatistics, StatisticsItem, StatisticsScope } from "../readings/statistics.ts";
import { AwayItems } from "./away-items.ts";
import { type Baseline, type DeltaOrigin, DeltaSeries } from "./delta-series.ts";
import { identityOf, itemAttributes } from "./item-attributes.ts";
import { isSamePath, type ItemNaming, type Name, namingOf } from "./item-naming.ts";
import type { LiveSeries } from "./live-series.ts";
import { SCOPES } from "./plan.ts";
import type { Attributes } from "./points.ts";

type Item = StatisticsItem<StatisticsScope>;

/** One vCPU, disk, NIC … with its live series. */
export interface LiveItem {
  readonly attributes: Attributes;
  /** Since when its counters count; undefined: since they are first seen. */
  readonly startTimeNs: bigint | undefined;
  /** What its counters' first deltas start from. */
  readonly deltaOrigin: DeltaOrigin;
  /** By the number that the plan gave to each of a scope's series; a hole has not been seen yet. */
  readonly series: (LiveSeries | undefined)[];
  /** What was read of it before it got another place among its like. */
  before: ReadItem | undefined;
  /** What it is a part of. */
  readonly above: LiveItem | undefined;
  away?: AwayItems;
}

/** What was last read of an item and when, kept where a row is derived from the change. */
interface ReadItem {
  readonly item: Item;
  readonly at: Instant;
}

/** What the items of a scope start from. */
export interface ScopeContext {
  /** Attributes that stand on every point of the domain. */
  readonly base: Attributes;
  readonly description: DomainDescription | undefined;
  /** When the domain's process started, where that is known. */
  readonly startTimeNs: bigint | undefined;
  /** Of the domain's counters. */
  readonly deltaOrigin: DeltaOrigin;
  /** Is told of an item whose attributes another one has already. */
  readonly onDuplicate: (attributes: Attributes) => void;
}

/** What can be unplugged and plugged in again under the same name, counting from zero. */
const PLUGGABLE: ReadonlySet<StatisticsScope> = new Set([
  "vcpu",
  "nic",
  "disk",
  "hostCpu",
  "hostNic",
  "hostDisk",
]);

const NO_ITEMS: readonly Item[] = [];

/** A series that has had its last value, and the number of it in its scope. */
export interface EndedSeries {
  readonly slot: number;
  readonly series: LiveSeries;
}

interface Newcomer {
  readonly attributes: Attributes;
  readonly above: LiveItem | undefined;
  readonly name: Name;
}

/**
 * The live items of one scope of one domain. They keep their state under their attributes: numbers move when a disk
 * before them is unplugged. What is no longer sent is forgotten here, and its series with it.
 */
export class LiveScope {
  readonly name: StatisticsScope;
  /** With which its items are read. */
  readonly group: StatisticsGroup;
  #items = NO_ITEMS;
  readonly #naming: ItemNaming | undefined;
  /** Of the items of the last reading that had any: their paths and names, and their state. */
  #paths: readonly Item["path"][] = [];
  #names: readonly Name[] = [];
  /** Undefined for an item that cannot be named or whose attributes another one has. */
  #lives: readonly (LiveItem | undefined)[] = [];
  #byKey: ReadonlyMap<string, LiveItem> = new Map();
  #description: DomainDescription | undefined;
  #readAtNs: bigint | undefined;
  /** The items that were last remembered, where these are those of the last reading. */
  #remembered: readonly Item[] = NO_ITEMS;
  #rememberedAt: Instant | undefined;
  #changed = false;
  #ended: EndedSeries[] = [];
  /** An item left, so a newcomer may be its successor and not as old as the domain's process. */
  #hasLost = false;

  constructor(name: StatisticsScope) {
    this.name = name;
    this.group = SCOPES[name].group;
    this.#naming = namingOf(name);
  }

  /** Were the items of the last reading others than those before, or in another order? */
  get changed(): boolean {
    return this.#changed;
  }

  /** The items of the last reading. */
  get items(): readonly Item[] {
    return this.#items;
  }

  /** What ended with the last reading. */
  get ended(): readonly EndedSeries[] {
    return this.#ended;
  }

  /** All series that there are. */
  *series(): Iterable<EndedSeries> {
    for (const live of this.#byKey.values()) yield* seriesOf(live);
  }

  /** Notes that a series has had its last value. */
  end(slot: number, series: LiveSeries): void {
    this.#ended.push({ slot, series });
  }

  /** How many items the last reading had that had any. */
  get count(): number {
    return this.#lives.length;
  }

  /** The paths of these. */
  get paths(): readonly Item["path"][] {
    return this.#paths;
  }

  /** What these are called. */
  get names(): readonly Name[] {
    return this.#names;
  }

  /** The state of items[index]; undefined where nothing can be said of it. */
  live(index: number): LiveItem | undefined {
    return this.#lives[index];
  }

  /** What was last remembered of items[index]. */
  before(index: number): ReadItem | undefined {
    const item = this.#remembered[index];
    const at = this.#rememberedAt;
    return item === undefined || at === undefined ? this.live(index)?.before : { item, at };
  }

  /** Takes over what a reading has of the scope; `parent` is the scope above, which has taken it over before. */
  update(statistics: DomainStatistics, context: ScopeContext, parent: LiveScope | undefined): void {
    const isRead = this.#take(statistics);
    // Not read is not gone: a domain that is busy keeps its series until it can be asked again.
    if (!isRead) return;
    if (parent?.changed === true || !this.#fits(context.description)) this.#rebuild(context, parent);
    this.#description = context.description;
    this.#readAtNs = statistics.readAt[this.group]?.wallNs ?? this.#readAtNs;
  }

  /** The same for a reading that has the items of the last one, in the same order; false for another. */
  keep(statistics: DomainStatistics, description: DomainDescription | undefined): boolean {
    if (!this.#take(statistics)) return true;
    if (!this.#fits(description)) return false;
    const at = statistics.readAt[this.group];
    if (at !== undefined) this.#readAtNs = at.wallNs;
    return true;
  }

  /** Keeps the items of a reading for what is derived from their change until the next one. */
  remember({ items, readAt }: DomainStatistics): void {
    const at = readAt[this.group];
    const own = items[this.name];
    if (at === undefined || own === undefined || own.length === 0) return;
    this.#remembered = own;
    this.#rememberedAt = at;
  }

  /** While a column takes over the readings: the items of the last one are not kept alive. */
  rest(): void {
    this.#items = NO_ITEMS;
  }

  /** What it missed while a column took over the readings; 0: it was not read. */
  wasReadAt(timeNs: bigint): void {
    if (timeNs > 0n) this.#readAtNs = timeNs;
  }

  /** Begins with a reading; was the scope read? */
  #take({ items, readAt }: DomainStatistics): boolean {
    const own = items[this.name];
    this.#changed = false;
    if (this.#ended.length > 0) this.#ended = [];
    this.#items = own ?? NO_ITEMS;
    return own !== undefined || readAt[this.group] !== undefined;
  }

  /** Are these the items of last time, in the same order? Then nothing has to be looked up. */
  #fits(description: DomainDescription | undefined): boolean {
    const items = this.#items;
    if (items.length !== this.#paths.length) return false;
    if (this.name === "nic" && description !== this.#description) return false;
    const naming = this.#naming;
    return items.every(
      (item, index) =>
        isSamePath(this.#paths[index] ?? [], item.path) &&
        (naming === undefined || this.#names[index] === naming.nameOf(item)),
    );
  }

  #rebuild(context: ScopeContext, parent: LiveScope | undefined): void {
    const scope = this.name;
    const hasParent = SCOPES[scope].parent !== undefined;
    this.#lives.forEach((live, index) => {
      if (live !== undefined) live.before = this.before(index);
    });
    this.#remembered = NO_ITEMS;
    const parents = new Map(parent?.items.map((item, index) => [item, parent.live(index)]));
    const byKey = new Map<string, LiveItem>();
    const names = this.#items.map((item) => identityOf(scope, item));
    this.#lives = this.#items.map((item, index): LiveItem | undefined => {
      const above = item.parent === undefined ? undefined : parents.get(item.parent);
      if (hasParent && above === undefined) return undefined;
      const attributes = itemAttributes(scope, item, {
        parent: above?.attributes ?? context.base,
        description: context.description,
      });
      if (attributes === undefined) return undefined;
      const key = JSON.stringify(attributes);
      if (byKey.has(key)) {
        context.onDuplicate(attributes);
        return undefined;
      }
      const known = this.#byKey.get(key) ?? above?.away?.get(this.#keyAway(key));
      const live = known ?? this.#newItem({ attributes, above, name: names[index] }, context);
      byKey.set(key, live);
      return live;
    });
    this.#paths = this.#items.map(({ path }) => path);
    this.#names = names;
    for (const [key, live] of this.#byKey) {
      if (byKey.has(key)) continue;
      this.#hasLost = true;
      this.#ended.push(...seriesOf(live));
      if (live.above !== undefined) (live.above.away ??= new AwayItems()).add(this.#keyAway(key), live);
    }
    this.#byKey = byKey;
    this.#changed = true;
  }

  #newItem({ attributes, above, name }: Newcomer, context: ScopeContext): LiveItem {
    const startTimeNs = this.#hasLost && PLUGGABLE.has(this.name) ? this.#readAtNs : context.startTimeNs;
    return {
      attributes,
      startTimeNs: above === undefined ? startTimeNs : above.startTimeNs,
      deltaOrigin: above === undefined ? this.#deltaOrigin(name, context) : above.deltaOrigin,
      series: [],
      before: undefined,
      above,
    };
  }

  #keyAway(key: string): string {
    return `${this.name} ${key}`;
  }

  /**
   * What the first deltas of a newcomer start from. One whose attributes are others now, as those of a NIC whose MAC has
   * become known, goes on where it was. Where the scope was read without it, it is either new, or was
   * missing by mistake and has been told before; of a disk and a NIC we know that they are plugged in, and of what the
   * agent counts itself that it is new.
   */
  #deltaOrigin(name: Name, { deltaOrigin }: ScopeContext): DeltaOrigin {
    if (this.#readAtNs === undefined) return deltaOrigin;
    const before = this.#lives[this.#names.indexOf(name)];
    if (before !== undefined) return { startNs: undefined, told: toldOf(before) };
    const isPlugged = (this.name === "disk" || this.name === "nic") && !this.#names.includes(name);
    const isCountedHere = SCOPES[this.name].lasting === true;
    return { startNs: isPlugged || isCountedHere ? this.#readAtNs : undefined, told: undefined };
  }
}

function toldOf({ series }: LiveItem): Map<bigint, Baseline> {
  const told = new Map<bigint, Baseline>();
  for (const each of series) {
    if (each instanceof DeltaSeries && each.baseline !== undefined) told.set(each.key, each.baseline);
  }
  return told;
}

function* seriesOf(live: LiveItem): Iterable<EndedSeries> {
  for (const [slot, series] of live.series.entries()) if (series !== undefined) yield { slot, series };
}
