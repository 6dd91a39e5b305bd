import { cut, pad } from "../cli/text.ts";
import { printable } from "../printable.ts";
import { type Column, levelOf } from "./column.ts";
import type { Level } from "./health.ts";
import type { Paint, Style } from "./paint.ts";
import { shownAs, type Units } from "./quantities.ts";
import type { TopDomain } from "./top-domain.ts";

/** A column in the place that it has on the screen. */
export interface PlacedColumn {
  readonly column: Column;
  readonly width: number;
}

/** Before each column: the first one's holds the mark of the cursor's row, any one's the mark of what is sorted by. */
const GAP = 1;

const MAX_NAME_WIDTH = 40;

/** How a level looks; what is plain or good needs no looks. */
export const LEVEL_STYLES: Readonly<Record<Level, Style | undefined>> = {
  plain: undefined,
  good: undefined,
  notice: "notice",
  bad: "bad",
};

/**
 * The columns that fit, in their order: those that always stay, then by rank. After a shift the first ones make room
 * for those that stood too far to the right.
 */
export function placeColumns(
  columns: readonly Column[],
  { width, shift, sort }: { readonly width: number; readonly shift: number; readonly sort: string },
): PlacedColumn[] {
  const rankOf = (column: Column) => (column.id === sort ? 0 : column.rank);
  const stays = columns.filter((column) => rankOf(column) === 0);
  const rest = columns.filter((column) => rankOf(column) !== 0).slice(shift);
  const byRank = shift === 0 ? rest.toSorted((a, b) => rankOf(a) - rankOf(b)) : rest;
  const shown = new Set(stays);
  let left = width - stays.reduce((sum, column) => sum + GAP + column.width, 0);
  for (const column of byRank) {
    if (left < GAP + column.width) break;
    left -= GAP + column.width;
    shown.add(column);
  }
  return columns
    .filter((column) => shown.has(column))
    .map((column) => ({
      column,
      width: column.id === "name" ? Math.min(column.width + Math.max(0, left), MAX_NAME_WIDTH) : column.width,
    }));
}

/** How often columns can be pushed to the left before the last ones are in sight. */
export function maxShift(columns: readonly Column[], width: number, sort: string): number {
  const movable = columns.filter((column) => column.rank !== 0 && column.id !== sort).length;
  for (let shift = 0; shift < movable; shift++) {
    const shown = placeColumns(columns, { width, shift, sort });
    if (shown.length === columns.length - shift) return shift;
  }
  return movable;
}

/** The line of titles; before that of the column that is sorted by stands a mark. */
export function titleLine(placed: readonly PlacedColumn[], sort: string, isReversed: boolean): string {
  return placed
    .map(({ column, width }) => {
      const mark = column.id !== sort ? "" : isReversed ? "<" : ">";
      const isNumber = column.kind === "number";
      return isNumber
        ? pad(mark + column.title, GAP + width, "left")
        : pad(mark, GAP, "right") + pad(column.title, width, "right");
    })
    .join("");
}

/** What a VM has in a column, as text. */
export function cellText(column: Column, domain: TopDomain, units: Units): string {
  if (column.kind === "text") return printable(column.text(domain) ?? "-");
  return shownAs(column.value(domain.whole), column.format, units);
}

/** A VM's line. */
export function rowLine(
  placed: readonly PlacedColumn[],
  domain: TopDomain,
  {
    units,
    isSelected,
    paint,
  }: { readonly units: Units; readonly isSelected: boolean; readonly paint: Paint },
): string {
  const cells = placed.map(({ column, width }) => {
    const text = aligned(column, cut(cellText(column, domain, units), width), width);
    return isSelected ? text : paint(text, LEVEL_STYLES[levelOf(column, domain)]);
  });
  const line = (isSelected ? ">" : " ") + cells.join(" ".repeat(GAP));
  return isSelected ? paint(line, "selected") : line;
}

function aligned(column: Column, text: string, width: number): string {
  return pad(text, width, column.kind === "number" ? "left" : "right");
}
