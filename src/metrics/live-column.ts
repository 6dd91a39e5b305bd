import type { Integer } from "../integer.ts";
import type { StatisticsGroup } from "../readings/statistics-fields.ts";
import type { DomainStatistics } from "../readings/statistics.ts";
import type { ColumnScope } from "./column-plan.ts";
import type { LiveScope } from "./live-scope.ts";
import type { LiveSeries } from "./live-series.ts";
import type { MetricPoints, PointColumn } from "./points.ts";

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
  readonly live: LiveScope;
  /** Place of the first item's first series. */
  readonly first: number;
  /** What the first item was then, where a series is told from others by it. */
  readonly state: Integer | undefined;
  readonly reason: Integer | undefined;
}

/** A row whose points are in a column. */
export interface ColumnEntry {
  readonly entry: MetricPoints;
  /** With which all of them are read. */
  readonly group: number;
  readonly groupName: StatisticsGroup;
}

/** A series and the place that it gets. */
export interface Placed {
  readonly series: LiveSeries;
  readonly place: number;
}

/** What a column is made of. */
export interface ColumnContents {
  readonly blocks: readonly ColumnBlock[];
  /** By the number of their row in the plan. */
  readonly entries: ReadonlyMap<number, ColumnEntry>;
  /** In the order of the entries' points. */
  readonly placed: readonly Placed[];
  /** By place. */
  readonly groups: Uint8Array;
  /** By place, one of {@link Expected}. */
  readonly expected: Uint8Array;
  /** By group: when it was last told. */
  readonly timesNs: BigInt64Array;
  /** By group: 1 if the last reading had it. */
  readonly present: Uint8Array;
}

/** The column of a resource's live series. */
export class LiveColumn implements PointColumn {
  readonly metrics: readonly MetricPoints[];
  readonly places: Uint32Array;
  readonly values: Float64Array;
  readonly groups: Uint8Array;
  readonly timesNs: BigInt64Array;
  readonly expected: Uint8Array;
  readonly blocks: readonly ColumnBlock[];
  readonly entries: ReadonlyMap<number, ColumnEntry>;
  /** When the youngest of its sums starts. */
  readonly latestStartNs: bigint;
  /** By group: 1 if the last reading had it. */
  readonly present: Uint8Array;
  readonly #placed: readonly Placed[];

  /** Takes over time and value of all series. */
  constructor({ blocks, entries, placed, groups, expected, timesNs, present }: ColumnContents) {
    this.metrics = Array.from(entries.values(), ({ entry }) => entry).filter(
      ({ points }) => points.length > 0,
    );
    this.places = Uint32Array.from(placed, ({ place }) => place);
    this.values = new Float64Array(groups.length);
    this.groups = groups;
    this.timesNs = timesNs;
    this.expected = expected;
    this.blocks = blocks;
    this.entries = entries;
    this.present = present;
    this.#placed = placed;
    let latestStartNs = 0n;
    for (const { series, place } of placed) {
      const { startTimeNs = 0n } = series;
      if (startTimeNs > latestStartNs) latestStartNs = startTimeNs;
      this.values[place] = Number(series.value);
      series.settle(this, place);
    }
    this.latestStartNs = latestStartNs;
  }

  /** Was the row's group read before, and is it in this reading? */
  isAgain(row: number, { readAt }: DomainStatistics): boolean {
    const entry = this.entries.get(row);
    return entry !== undefined && this.timesNs[entry.group] !== 0n && readAt[entry.groupName] !== undefined;
  }

  /** Every series has its time and value itself again. */
  dissolve(): void {
    for (const { series } of this.#placed) series.leave();
  }
}
