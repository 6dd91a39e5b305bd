import type { Integer } from "../integer.ts";
import type { StatisticsItem, StatisticsScope } from "../readings/statistics.ts";
import type { ColumnScope } from "./column-plan.ts";

/** What a reading has for a place. */
export const Expected = {
  /** No value: the place has no series. */
  nothing: 0,
  value: 1,
  /** Whatever it has is not for this column. */
  anything: 2,
} as const;

/** A scope's items in a column: the places of an item stand together, and the items in their order. */
export interface ColumnBlock {
  readonly plan: ColumnScope;
  /** Of its items. */
  readonly paths: readonly StatisticsItem<StatisticsScope>["path"][];
  /** Number of the first item among those of all blocks. */
  readonly firstItem: number;
  /** Place of the first item's first series. */
  readonly first: number;
  /** What the first item was then, where a series is told from others by it. */
  readonly state?: Integer | undefined;
  readonly reason?: Integer | undefined;
}

/** What a layout is made of. */
export interface LayoutContents {
  readonly blocks: readonly ColumnBlock[];
  /** Numbers of the rows whose points are in the column. */
  readonly rows: readonly number[];
  /** The places of their points, in their order. */
  readonly places: Uint32Array;
  /** By place: the number of the group with which it is read. */
  readonly groups: Uint8Array;
  /** By place, one of {@link Expected}. */
  readonly expected: Uint8Array;
}

/**
 * Where what stands in a column. The domains of a host have a few shapes, and those of one shape the same layout: what
 * a thousand domains share stays in the processor's caches, where a thousand copies of it would have to be fetched from
 * memory in every cycle.
 */
export class ColumnLayout {
  readonly blocks: readonly ColumnBlock[];
  readonly places: Uint32Array;
  readonly groups: Uint8Array;
  readonly expected: Uint8Array;
  /** By the set of groups that a reading has. */
  readonly #due = new Map<number, Uint16Array>();

  constructor({ blocks, places, groups, expected }: LayoutContents) {
    this.blocks = blocks;
    this.places = places;
    this.groups = groups;
    this.expected = expected;
  }

  /** By item, those of all blocks: how many of its places get a value from a reading with this set of groups. */
  due(read: number): Uint16Array {
    let due = this.#due.get(read);
    if (due === undefined) {
      due = Uint16Array.from(this.blocks.flatMap((block) => this.#dueOf(block, read)));
      this.#due.set(read, due);
    }
    return due;
  }

  #dueOf({ plan, paths, first }: ColumnBlock, read: number): number[] {
    const fields = plan.fields.filter(({ group }) => hasGroup(read, group));
    return paths.map((_, index) => {
      const place = first + index * plan.width;
      return fields.filter(({ slot }) => this.expected[place + slot] === Expected.value).length;
    });
  }
}

/** Whole numbers are exact up to so many bits. */
const GROUPS_LIMIT = 53;
const BITS = Array.from({ length: GROUPS_LIMIT }, (_, group) => 2 ** group);

/**
 * A set of groups is the sum of these: a number is compared at once.
 * @throws RangeError for a group for which it has no room
 */
export function bitOf(group: number): number {
  const bit = BITS[group];
  if (bit === undefined) throw new RangeError(`a set has room for ${GROUPS_LIMIT} groups`);
  return bit;
}

/** Is the group in the set? */
export function hasGroup(groups: number, group: number): boolean {
  return Math.floor(groups / bitOf(group)) % 2 === 1;
}

/** More shapes than the domains of a host have. */
const LIMIT = 256;

/** The layouts of one plan's columns. */
export class ColumnLayouts {
  readonly #known = new Map<string, ColumnLayout>();

  /** The same for the same contents. */
  share(contents: LayoutContents): ColumnLayout {
    const { blocks, rows, expected } = contents;
    const items = blocks.map(({ plan, paths, state, reason }) => [
      plan.scope,
      paths,
      String(state),
      String(reason),
    ]);
    // All else follows from these.
    const key = JSON.stringify([items, rows, Buffer.from(expected).toString("latin1")]);
    let layout = this.#known.get(key);
    if (layout === undefined) {
      if (this.#known.size >= LIMIT) this.#known.clear();
      layout = new ColumnLayout(contents);
      this.#known.set(key, layout);
    }
    return layout;
  }
}
