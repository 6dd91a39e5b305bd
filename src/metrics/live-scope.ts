import type { Instant } from "../clock.ts";
import type { DomainDescription } from "../readings/domain.ts";
import type { StatisticsItem, StatisticsScope } from "../readings/statistics.ts";
import type { DeltaOrigin } from "./delta-series.ts";
import { hasNamingField, identityOf, itemAttributes } from "./item-attributes.ts";
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
  /** What was last read of it and when, kept where a row is derived from the change. */
  before: { readonly item: Item; readonly at: Instant } | undefined;
}

/** What the items of a scope start from. */
export interface ScopeContext {
  readonly scope: StatisticsScope;
  /** Items of a scope below another one belong to one of its items, or nothing can be said of them. */
  readonly hasParent: boolean;
  readonly parent: LiveScope | undefined;
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

interface Slot {
  readonly path: Item["path"];
  readonly name: string | number | undefined;
  /** Undefined for an item that cannot be named or whose attributes another one has. */
  readonly live: LiveItem | undefined;
}

interface Newcomer {
  readonly attributes: Attributes;
  readonly above: LiveItem | undefined;
  readonly name: Slot["name"];
}

/**
 * The live items of one scope of one domain. They keep their state under their attributes: numbers move when a disk
 * before them is unplugged. What is no longer sent is forgotten here, and its series with it.
 */
export class LiveScope {
  #items = NO_ITEMS;
  #slots: readonly Slot[] = [];
  #byKey: ReadonlyMap<string, LiveItem> = new Map();
  #description: DomainDescription | undefined;
  #readAtNs: bigint | undefined;
  #changed = false;
  #ended: EndedSeries[] = [];
  /** An item left, so a newcomer may be its successor and not as old as the domain's process. */
  #hasLost = false;

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

  /** The state of items[index]; undefined where nothing can be said of it. */
  live(index: number): LiveItem | undefined {
    return this.#slots[index]?.live;
  }

  /** Takes over what a reading has of the scope; `at` is when it was read, undefined when it was not. */
  update(items: readonly Item[] | undefined, at: Instant | undefined, context: ScopeContext): void {
    this.#changed = false;
    if (this.#ended.length > 0) this.#ended = [];
    this.#items = items ?? NO_ITEMS;
    // Not read is not gone: a domain that is busy keeps its series until it can be asked again.
    if (items === undefined && at === undefined) return;
    if (!this.#fits(context)) this.#rebuild(context);
    this.#description = context.description;
    this.#readAtNs = at?.wallNs ?? this.#readAtNs;
  }

  /** Keeps the items for what is derived from their change until the next reading. */
  remember(at: Instant | undefined): void {
    if (at === undefined) return;
    this.#items.forEach((item, index) => {
      const live = this.live(index);
      if (live !== undefined) live.before = { item, at };
    });
  }

  /** Are these the items of last time, in the same order? Then nothing has to be looked up. */
  #fits({ scope, parent, description }: ScopeContext): boolean {
    const items = this.#items;
    const slots = this.#slots;
    if (items.length !== slots.length || parent?.changed === true) return false;
    const isNamed = hasNamingField(scope);
    if (scope === "nic" && description !== this.#description) return false;
    for (let index = 0; index < slots.length; index++) {
      const slot = slots[index];
      const item = items[index];
      if (slot === undefined || item === undefined || !samePath(slot.path, item.path)) return false;
      if (isNamed && slot.name !== identityOf(scope, item)) return false;
    }
    return true;
  }

  #rebuild(context: ScopeContext): void {
    const { scope, hasParent, parent } = context;
    const parents = new Map(parent?.items.map((item, index) => [item, parent.live(index)]));
    const byKey = new Map<string, LiveItem>();
    const slots = this.#items.map((item): Slot => {
      const slot = { path: item.path, name: identityOf(scope, item) };
      const above = item.parent === undefined ? undefined : parents.get(item.parent);
      if (hasParent && above === undefined) return { ...slot, live: undefined };
      const attributes = itemAttributes(scope, item, {
        parent: above?.attributes ?? context.base,
        description: context.description,
      });
      if (attributes === undefined) return { ...slot, live: undefined };
      const key = JSON.stringify(attributes);
      if (byKey.has(key)) {
        context.onDuplicate(attributes);
        return { ...slot, live: undefined };
      }
      const live = this.#byKey.get(key) ?? this.#newItem({ attributes, above, name: slot.name }, context);
      byKey.set(key, live);
      return { ...slot, live };
    });
    this.#slots = slots;
    for (const [key, live] of this.#byKey) {
      if (byKey.has(key)) continue;
      this.#hasLost = true;
      this.#ended.push(...seriesOf(live));
    }
    this.#byKey = byKey;
    this.#changed = true;
  }

  #newItem({ attributes, above, name }: Newcomer, context: ScopeContext): LiveItem {
    const startTimeNs = this.#hasLost && PLUGGABLE.has(context.scope) ? this.#readAtNs : context.startTimeNs;
    return {
      attributes,
      startTimeNs: above === undefined ? startTimeNs : above.startTimeNs,
      deltaOrigin: above === undefined ? this.#deltaOrigin(name, context) : above.deltaOrigin,
      series: [],
      before: undefined,
    };
  }

  /**
   * What the first deltas of a newcomer start from. Where the scope was read without it, it is either new, or was
   * missing by mistake and has been told before; of a disk and a NIC we know that they are plugged in, and of what the
   * agent counts itself that it is new.
   */
  #deltaOrigin(name: Slot["name"], { scope, deltaOrigin }: ScopeContext): DeltaOrigin {
    if (this.#readAtNs === undefined) return deltaOrigin;
    const isPlugged =
      (scope === "disk" || scope === "nic") && !this.#slots.some((slot) => slot.name === name);
    const isCountedHere = SCOPES[scope].lasting === true;
    return { startNs: isPlugged || isCountedHere ? this.#readAtNs : undefined, told: undefined };
  }
}

function* seriesOf(live: LiveItem): Iterable<EndedSeries> {
  for (const [slot, series] of live.series.entries()) if (series !== undefined) yield { slot, series };
}

function samePath(a: Item["path"], b: Item["path"]): boolean {
  return a === b || (a.length === b.length && a.every((part, index) => part === b[index]));
}
