import type { Column } from "./column.ts";
import { COLUMNS } from "./columns.ts";
import { UNIT_NAMES, type Units } from "./quantities.ts";
import { sortedBy } from "./selection.ts";
import type { TopDomain } from "./top-domain.ts";

/** What is on the screen. */
export type Page = "table" | "domain" | "help";

/** How somebody wants to see things; nothing of what is seen. */
export interface View {
  readonly page: Page;
  /** A column's id. */
  readonly sort: string;
  readonly isReversed: boolean;
  readonly filter: string;
  /** The filter that is being typed. */
  readonly typing: string | undefined;
  /** The VM that the cursor is on; the first one before it was ever moved. */
  readonly cursor: string | undefined;
  /** How many columns are pushed out to the left. */
  readonly shift: number;
  /** First line that is shown of a VM's page. */
  readonly scroll: number;
  readonly isPaused: boolean;
  readonly units: Units;
}

export const FIRST_VIEW: View = {
  page: "table",
  sort: "cpu_ratio",
  isReversed: false,
  filter: "",
  typing: undefined,
  cursor: undefined,
  shift: 0,
  scroll: 0,
  isPaused: false,
  units: "binary",
};

/** The columns of a table of these VMs: the host is told where there are several. */
export function columnsFor(hostCount: number): readonly Column[] {
  return hostCount > 1 ? COLUMNS : COLUMNS.filter(({ id }) => id !== "host");
}

/** The rows of the table: what the filter lets through, sorted. */
export function rowsOf(
  domains: readonly TopDomain[],
  { filter, typing, sort, isReversed }: View,
): TopDomain[] {
  return sortedBy(domains, { filter: typing ?? filter, sort, isReversed });
}

/** Where in the rows the cursor is; a VM that is gone leaves it on the first. */
export function cursorAt(rows: readonly TopDomain[], { cursor }: View): number {
  return Math.max(0, cursor === undefined ? 0 : rows.findIndex(({ key }) => key === cursor));
}

/** Moves the cursor by so many rows. */
export function moved(view: View, rows: readonly TopDomain[], by: number): View {
  const at = Math.min(Math.max(cursorAt(rows, view) + by, 0), rows.length - 1);
  return { ...view, cursor: rows[at]?.key };
}

/** Sorts by the next column to the right or to the left. */
export function sortedByNext(view: View, columns: readonly Column[], by: 1 | -1): View {
  const at = columns.findIndex(({ id }) => id === view.sort);
  const next = columns[(at + by + columns.length) % columns.length];
  return next === undefined ? view : { ...view, sort: next.id, isReversed: false };
}

/** The next way to show amounts. */
export function withNextUnits(view: View): View {
  const next = UNIT_NAMES[(UNIT_NAMES.indexOf(view.units) + 1) % UNIT_NAMES.length];
  return next === undefined ? view : { ...view, units: next };
}
