import type { Instant } from "../clock.ts";
import type { StatisticsGroup } from "../readings/statistics-fields.ts";
import type { DomainStatistics } from "../readings/statistics.ts";
import { KeyOrders } from "./key-orders.ts";

type ReadAt = DomainStatistics["readAt"];

/** Of the groups that readings have. */
const orders = new KeyOrders((group) => group);

/**
 * The times by which the readings of one resource are told. In order means: as Prometheus takes them, which refuses a
 * whole request for a time of a resource that lies before one that it has. What was read beside the cycles, before the
 * last of what has been told, is dated by that; and what has not been read again is not told again.
 */
export class ToldTimes {
  readonly #inOrder: boolean;
  /** By group, when it was last read. */
  readonly #read: Record<string, Instant | undefined> = {};
  /** By group, the time of its last points: those that were told last, and those of groups that were told before. */
  #last: ReadAt = {};
  #order = orders.match({});
  readonly #before: Record<string, Instant | undefined> = {};
  #latest: Instant | undefined;

  constructor(inOrder: boolean) {
    this.#inOrder = inOrder;
  }

  /** The latest time that was told; undefined before the first reading. */
  get latest(): Instant | undefined {
    return this.#latest;
  }

  /** The times of a reading's points, without those of groups of which nothing is told: the same object where all are. */
  next(readAt: ReadAt): ReadAt {
    const times = this.#inOrder ? this.#inOrderOf(readAt) : readAt;
    let newest = this.#latest;
    let hasGap = false;
    for (const group in times) {
      const at = times[group as StatisticsGroup];
      if (at === undefined) hasGap = true;
      // Most groups of a reading are of one moment.
      else if (at !== newest) newest = latest(at, newest);
    }
    this.#latest = newest;
    const order = orders.match(times);
    // With the same groups as the last one, a reading has a later time for all that was told.
    if (hasGap || order !== this.#order) this.#keepLast();
    this.#last = times;
    this.#order = order;
    return times;
  }

  #keepLast(): void {
    for (const [group, at] of Object.entries(this.#last)) if (at !== undefined) this.#before[group] = at;
  }

  #inOrderOf(readAt: ReadAt): ReadAt {
    const before = this.#latest;
    let others: Record<string, Instant | undefined> | undefined;
    for (const group in readAt) {
      const at = readAt[group as StatisticsGroup];
      const toldAt = at === undefined || at === this.#read[group] ? undefined : latest(at, before);
      this.#read[group] = at;
      if (toldAt !== at) (others ??= { ...readAt })[group] = toldAt;
    }
    return others ?? readAt;
  }

  /** The time by which it is told that series ended at this one: after all other points. */
  end(at: Instant): Instant {
    return this.#inOrder ? latest(at, this.#latest) : at;
  }

  /** Time of a group's last points, nanoseconds since the epoch. */
  toldNs(group: string): bigint | undefined {
    return (this.#last[group as StatisticsGroup] ?? this.#before[group])?.wallNs;
  }

  /** The times of all groups' last points that are not before a time, nanoseconds since the epoch. */
  since(sinceNs: bigint): ReadonlySet<bigint> {
    const times = new Set<bigint>();
    for (const group of new Set([...Object.keys(this.#before), ...Object.keys(this.#last)])) {
      const wallNs = this.toldNs(group);
      if (wallNs !== undefined && wallNs >= sinceNs) times.add(wallNs);
    }
    return times;
  }
}

/** By the monotonic clock: points of a time to which the wall clock was set back are no older for that. */
function latest(at: Instant, other: Instant | undefined): Instant {
  return other !== undefined && at.monotonicMs < other.monotonicMs ? other : at;
}
