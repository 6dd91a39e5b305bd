import { cut, pad, textWidth } from "./text.ts";

/** One column of a table. */
export interface Column {
  readonly title: string;
  readonly align: "left" | "right";
  /** On a terminal that is too narrow the columns with the highest number go first; 0 always stays. */
  readonly rank?: number;
  /** Longer cells are cut. */
  readonly maxWidth?: number;
}

const GAP = "  ";

/** Lines of aligned columns, the titles first, not wider than `width`. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width = Infinity,
): string[] {
  const cells = rows.map((row) =>
    columns.map(({ maxWidth }, at) => cut(row[at] ?? "", maxWidth ?? Infinity)),
  );
  const widths = columns.map(({ title }, at) =>
    cells.reduce((widest, row) => Math.max(widest, textWidth(row[at] ?? "")), textWidth(title)),
  );
  const shown = fitting(columns, widths, width);
  const line = (texts: readonly string[]) => {
    const parts = shown.map((at) => {
      const side = columns[at]?.align === "right" ? "left" : "right";
      return pad(texts[at] ?? "", widths[at] ?? 0, side);
    });
    return cut(parts.join(GAP).trimEnd(), width);
  };
  return [line(columns.map(({ title }) => title)), ...cells.map(line)];
}

/** Which columns fit, in their order. */
function fitting(columns: readonly Column[], widths: readonly number[], width: number): readonly number[] {
  let shown = columns.map((_, at) => at);
  const total = () => shown.reduce((sum, at) => sum + (widths[at] ?? 0) + GAP.length, -GAP.length);
  while (total() > width) {
    const rank = Math.max(...shown.map((at) => columns[at]?.rank ?? 0));
    if (rank === 0) break;
    shown = shown.filter((at) => (columns[at]?.rank ?? 0) !== rank);
  }
  return shown;
}
