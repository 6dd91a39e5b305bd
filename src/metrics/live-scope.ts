import type { Instant } from "../clock.ts";
import type { DomainDescription } from "../readings/domain.ts";
import type { StatisticsItem, StatisticsScope } from "../readings/statistics.ts";
import { itemAttributes, namingValue } from "./item-attributes.ts";
import type { LiveSeries } from "./live-series.ts";
import type { Attributes } from "./points.ts";

type Item = StatisticsItem<StatisticsScope>;

/** One vCPU, disk, NIC … with its live series. */
export interface LiveItem {
  readonly attributes: Attributes;
  /** Since when its counters count; undefined: since they are first seen. */
  readonly startTimeNs: bigint | undefined;
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
  /** Is told of an item whose attributes another one has already. */
  readonly onDuplicate: (attributes: Attributes) => void;
}

/** What can be unplugged and plugged in again under the same name, counting from zero. */
const PLUGGABLE: ReadonlySet<StatisticsScope> = new Set(["vcpu", "nic", "disk"]);

const NO_ITEMS: readonly Item[] = [];

interface Slot {
  readonly path: Item["path"];
  readonly name: string | number | undefined;
  /** Undefined for an item that cannot be named or whose attributes another one has. */
  readonly live: LiveItem | undefined;
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

  /** The state of items[index]; undefined where nothing can be said of it. */
  live(index: number): LiveItem | undefined {
    return this.#slots[index]?.live;
  }

  /** Takes over what a reading has of the scope; `at` is when it was read, undefined when it was not. */
  update(items: readonly Item[] | undefined, at: Instant | undefined, context: ScopeContext): void {
    this.#changed = false;
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
    if (scope === "nic" && description !== this.#description) return false;
    for (let index = 0; index < slots.length; index++) {
      const slot = slots[index];
      const item = items[index];
      if (slot === undefined || item === undefined || !samePath(slot.path, item.path)) return false;
      if (slot.name !== namingValue(scope, item)) return false;
    }
    return true;
  }

  #rebuild(context: ScopeContext): void {
    const { scope, hasParent, parent } = context;
    const parents = new Map(parent?.items.map((item, index) => [item, parent.live(index)]));
    const byKey = new Map<string, LiveItem>();
    this.#slots = this.#items.map((item) => {
      const slot = { path: item.path, name: namingValue(scope, item) };
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
      const live = this.#byKey.get(key) ?? this.#newItem(attributes, above, context);
      byKey.set(key, live);
      return { ...slot, live };
    });
    for (const key of this.#byKey.keys()) if (!byKey.has(key)) this.#hasLost = true;
    this.#byKey = byKey;
    this.#changed = true;
  }

  #newItem(attributes: Attributes, above: LiveItem | undefined, context: ScopeContext): LiveItem {
    const startTimeNs = this.#hasLost && PLUGGABLE.has(context.scope) ? this.#readAtNs : context.startTimeNs;
    return {
      attributes,
      startTimeNs: above === undefined ? startTimeNs : above.startTimeNs,
      series: [],
      before: undefined,
    };
  }
}

function samePath(a: Item["path"], b: Item["path"]): boolean {
  return a === b || (a.length === b.length && a.every((part, index) => part === b[index]));
}
