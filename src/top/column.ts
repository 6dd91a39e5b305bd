import { FIGURES, type FigureName } from "./figures.ts";
import type { Level } from "./health.ts";
import type { Format } from "./quantities.ts";
import type { Subject } from "./subject.ts";
import type { TopDomain } from "./top-domain.ts";

interface ColumnBase {
  /** As `--sort` and the first line of CSV have it; of amounts with their unit. */
  readonly id: string;
  readonly title: string;
  /** Characters. Cells never change it: a table whose columns move cannot be read. Only names take what is left. */
  readonly width: number;
  /** Where there is no room for all, those with the highest number go first; 0 always stays. */
  readonly rank: number;
  /** One sentence for the help and the documentation. */
  readonly help: string;
}

/** A column of numbers. */
export interface NumberColumn extends ColumnBase {
  readonly kind: "number";
  readonly format: Format;
  /** The figures that it is made of. */
  readonly figures: readonly FigureName[];
  readonly value: (whole: Subject) => number | undefined;
  /** Higher values are worth a look. */
  readonly notice?: number;
  readonly bad?: number;
}

/** A column of words. */
export interface TextColumn extends ColumnBase {
  readonly kind: "text";
  readonly source: string;
  readonly text: (domain: TopDomain) => string | undefined;
  readonly level?: (domain: TopDomain) => Level;
  /** What it is sorted by instead of the text. */
  readonly order?: (domain: TopDomain) => number;
}

export type Column = NumberColumn | TextColumn;

/** A column that shows one figure as it is. */
export function figureColumn(
  name: FigureName,
  column: Omit<NumberColumn, "kind" | "figures" | "value" | "width"> & { readonly width?: number },
): NumberColumn {
  return { kind: "number", width: 5, ...column, figures: [name], value: (subject) => subject.figure(name) };
}

/** Where a column's numbers come from, as the catalogue has them. */
export function sourcesOf(column: Column): readonly string[] {
  if (column.kind === "text") return [column.source];
  return [...new Set(column.figures.map((name) => FIGURES[name].metric))];
}

/** The value by which a column sorts; undefined comes last. */
export function sortValue(column: Column, domain: TopDomain): number | string | undefined {
  if (column.kind === "number") return column.value(domain.whole);
  return column.order === undefined ? column.text(domain) : column.order(domain);
}

/** How much a cell needs attention. */
export function levelOf(column: Column, domain: TopDomain): Level {
  if (column.kind === "text") return column.level?.(domain) ?? "plain";
  return numberLevel(column, column.value(domain.whole));
}

/** How much a number needs attention. */
export function numberLevel({ notice, bad }: NumberColumn, value: number | undefined): Level {
  if (value === undefined) return "plain";
  if (bad !== undefined && value >= bad) return "bad";
  return notice !== undefined && value >= notice ? "notice" : "plain";
}
