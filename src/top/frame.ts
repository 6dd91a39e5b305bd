import { cut, pad } from "../cli/text.ts";
import type { KeyContext } from "./bindings.ts";
import { placeColumns, rowLine, titleLine } from "./cells.ts";
import { detailLines } from "./detail.ts";
import { headLines } from "./head.ts";
import { helpLines } from "./help.ts";
import type { TopModel } from "./model.ts";
import type { Paint } from "./paint.ts";
import type { Alphabet } from "./sparkline.ts";
import type { TopDomain } from "./top-domain.ts";
import { columnsFor, cursorAt, rowsOf, type View } from "./view.ts";

/** What a frame is drawn on. */
export interface Canvas {
  readonly width: number;
  readonly height: number;
  readonly paint: Paint;
  readonly alphabet: Alphabet;
}

/** What a frame shows. */
export interface Scene {
  readonly model: TopModel;
  readonly view: View;
  /** What the time was at the last refresh, for the reader: 14:32:05. */
  readonly time: string;
  readonly intervalText: string;
}

/** A frame, and what the next key's effect depends on. */
export interface Frame {
  /** Never more than the canvas has. */
  readonly lines: readonly string[];
  readonly keys: KeyContext;
}

const HINTS = "Enter VM  / filter  < > sort  r reverse  Space pause  u units  ? help  q end";

/** The screen as lines of text. */
export function frameOf(scene: Scene, canvas: Canvas): Frame {
  const { model, view } = scene;
  const { width, height, paint } = canvas;
  const rows = rowsOf(model.domains, view);
  const columns = columnsFor(model.hosts.length);
  const selected = rows[cursorAt(rows, view)];
  const page = view.page === "domain" && selected === undefined ? "table" : view.page;
  const wholeHead = headLines(model, { ...scene, width, paint, rowCount: rows.length });
  const head = page === "table" ? wholeHead : wholeHead.slice(0, 1);
  const bodyHeight = Math.max(1, height - head.length - 1);
  const text = page === "table" ? [] : pageLines(page, selected, { canvas, view });
  const maxScroll = Math.max(0, text.length - bodyHeight);
  const body =
    page === "table"
      ? tableLines(rows, { view, canvas, height: bodyHeight, columns })
      : text.slice(Math.min(view.scroll, maxScroll)).slice(0, bodyHeight);
  const filler = Array.from({ length: Math.max(0, bodyHeight - body.length) }, () => "");
  const lines = [...head, ...body, ...filler, footLine(view, canvas)].slice(0, height);
  const keys = { rows, columns, width, pageLines: Math.max(1, bodyHeight - 1), maxScroll };
  return { lines, keys };
}

function pageLines(
  page: "domain" | "help",
  selected: TopDomain | undefined,
  { canvas, view }: { readonly canvas: Canvas; readonly view: View },
): string[] {
  if (page === "help" || selected === undefined) return helpLines(canvas);
  return detailLines(selected, { ...canvas, units: view.units });
}

interface TableContext {
  readonly view: View;
  readonly canvas: Canvas;
  readonly height: number;
  readonly columns: KeyContext["columns"];
}

/** The titles, and the part of the rows around the cursor that fits. */
function tableLines(rows: readonly TopDomain[], { view, canvas, height, columns }: TableContext): string[] {
  const { width, paint } = canvas;
  const { sort, isReversed, shift, units } = view;
  const placed = placeColumns(columns, { width, shift, sort });
  const titles = pad(cut(titleLine(placed, sort, isReversed), width), width, "right");
  const space = Math.max(0, height - 1);
  const at = cursorAt(rows, view);
  // Whole pages: the rows stand still while the cursor moves among them.
  const first = space === 0 ? 0 : Math.floor(at / space) * space;
  const shown = rows.slice(first, first + space);
  const lines = shown.map((domain, index) =>
    rowLine(placed, domain, { units, isSelected: first + index === at, paint }),
  );
  return [paint(titles, "titles"), ...lines];
}

function footLine({ typing }: View, { width, paint }: Canvas): string {
  if (typing === undefined) return paint(cut(HINTS, width), "faint");
  return cut(`filter: ${typing}_  (Enter keeps it, Escape drops it)`, width);
}
