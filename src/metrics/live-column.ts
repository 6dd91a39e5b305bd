import type { StatisticsGroup } from "../readings/statistics-fields.ts";
import type { DomainStatistics } from "../readings/statistics.ts";
import type { ColumnLayout } from "./column-layout.ts";
import type { Name } from "./item-naming.ts";
import type { LiveScope } from "./live-scope.ts";
import type { LiveSeries } from "./live-series.ts";
import type { MetricPoints, PointColumn } from "./points.ts";

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
  readonly layout: ColumnLayout;
  /** By the number of their block. */
  readonly scopes: readonly LiveScope[];
  /** By the number of their row in the plan. */
  readonly entries: ReadonlyMap<number, ColumnEntry>;
  /** In the order of the entries' points. */
  readonly placed: readonly Placed[];
  /** By group: when it was last told. */
  readonly timesNs: BigInt64Array;
  /** The set of groups that the last reading had. */
  readonly read: number;
}

/** The column of a resource's live series. */
export class LiveColumn implements PointColumn {
  readonly metrics: readonly MetricPoints[];
  readonly layout: ColumnLayout;
  readonly values: Float64Array;
  readonly timesNs: BigInt64Array;
  readonly entries: ReadonlyMap<number, ColumnEntry>;
  /** By the number of their block. */
  readonly scopes: readonly LiveScope[];
  /** By item, those of all blocks: what it is called, where its path does not say it. */
  readonly names: readonly Name[];
  /** When the youngest of its sums starts. */
  readonly latestStartNs: bigint;
  /** The set of groups that the last reading had. */
  read: number;
  readonly #placed: readonly Placed[];

  /** Takes over time and value of all series. */
  constructor({ layout, scopes, entries, placed, timesNs, read }: ColumnContents) {
    this.metrics = Array.from(entries.values(), ({ entry }) => entry).filter(
      ({ points }) => points.length > 0,
    );
    this.layout = layout;
    this.values = new Float64Array(layout.groups.length);
    this.timesNs = timesNs;
    this.entries = entries;
    this.scopes = scopes;
    this.names = scopes.flatMap(({ names }) => names);
    this.read = read;
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

  get places(): Uint32Array {
    return this.layout.places;
  }

  get groups(): Uint8Array {
    return this.layout.groups;
  }

  /** Was the row's group read before, and is it in this reading? */
  isAgain(row: number, { readAt }: DomainStatistics): boolean {
    const entry = this.entries.get(row);
    return entry !== undefined && this.timesNs[entry.group] !== 0n && readAt[entry.groupName] !== undefined;
  }

  /** Every series has its time and value itself again, and every scope knows when it was last read. */
  dissolve(): void {
    for (const { series } of this.#placed) series.leave();
    for (const [block, { plan }] of this.layout.blocks.entries()) {
      this.scopes[block]?.wasReadAt(this.timesNs[plan.group] ?? 0n);
    }
  }
}
