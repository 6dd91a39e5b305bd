import type { DashboardModel, DashboardPanel } from "../../test/real/dashboard-queries.ts";
import { type Box, chart, type ChartData, COLOURS, type Series } from "./chart.ts";
import { STYLE, text, type TextPlace, widthOf } from "./svg.ts";
import { panelValue } from "./units.ts";

/** What there is to draw. */
export interface Picture {
  readonly model: DashboardModel;
  /** Titles of the rows that are drawn. */
  readonly rows: readonly string[];
  /** The dashboard's choices and the time, as one line. */
  readonly about: string;
  /** What a panel's queries gave. */
  readonly data: ReadonlyMap<DashboardPanel, ChartData>;
}

const COLUMN = 42;
const UNIT = 21;
const GAP = 6;
const HEAD = 40;
const WIDTH = 24 * COLUMN + GAP;
const LEGEND_LINE = 15;

/** A dashboard as an SVG: panels where gridPos puts them, with their titles, units, legends and thresholds. */
export function draw({ model, rows, about, data }: Picture): string {
  const panels = panelsOf(model, rows);
  const bottom = Math.max(0, ...panels.map(({ y, panel }) => y + panel.gridPos.h));
  const height = HEAD + bottom * UNIT + GAP;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">
<title>${model.title}</title>
<style>${STYLE}</style>
<rect class="page" width="${WIDTH}" height="${height}"/>
${text(model.title, { x: 12, y: 26, class: "head" })}
${text(about, { x: WIDTH - 12, y: 26, class: "about", anchor: "end" })}
${panels.map(({ panel, y }) => drawPanel(panel, y, data.get(panel))).join("\n")}
</svg>
`;
}

interface Placed {
  readonly panel: DashboardPanel;
  /** In units of the grid, after the rows that are left out. */
  readonly y: number;
}

/** The panels of the rows that are drawn, moved up to where rows above them are left out. */
export function panelsOf({ panels }: DashboardModel, rows: readonly string[]): Placed[] {
  let shown = false;
  let left = 0;
  let end = 0;
  return panels.flatMap((panel) => {
    const { y, h } = panel.gridPos;
    if (panel.type === "row") {
      shown = rows.includes(panel.title);
      left = shown ? y - end : left;
    }
    if (!shown) return [];
    end = Math.max(end, y - left + h);
    return [{ panel, y: y - left }];
  });
}

function drawPanel(panel: DashboardPanel, y: number, data: ChartData = { times: [], series: [] }): string {
  const { gridPos } = panel;
  const box = {
    x: GAP + gridPos.x * COLUMN,
    y: HEAD + y * UNIT,
    width: gridPos.w * COLUMN - GAP,
    height: gridPos.h * UNIT - GAP,
  };
  if (panel.type === "row") return text(panel.title, { x: box.x + 4, y: box.y + 15, class: "row" });
  const frame = `<rect class="panel" x="${box.x}" y="${box.y}" width="${box.width}" height="${box.height}" rx="3"/>`;
  const title = text(panel.title, { x: box.x + 9, y: box.y + 18, class: "title" });
  return [frame, title, content(panel, box, data)].join("\n");
}

function content(panel: DashboardPanel, box: Box, data: ChartData): string {
  const middle = { x: box.x + box.width / 2, y: box.y + box.height / 2 + 18, anchor: "middle" } as const;
  if (data.series.length === 0) return text("No data", { ...middle, class: "none" });
  if (panel.type === "stat") return stat(panel, data.series, middle);
  if (panel.type === "table") throw new Error(`Cannot draw ${panel.title}: tables are not drawn`);
  const legend = legendOf(panel, box, data.series);
  const plot = {
    x: box.x + 72,
    y: box.y + 32,
    width: box.width - 96,
    height: box.height - 32 - 26 - legend.lines * LEGEND_LINE,
  };
  return chart(panel, plot, data) + legend.drawn;
}

/** The newest values in large, in the colour of the threshold that the last of them has reached. */
function stat(panel: DashboardPanel, series: readonly Series[], place: Omit<TextPlace, "class">): string {
  const { unit = "none", thresholds } = panel.fieldConfig?.defaults ?? {};
  const words = series.map(({ name, values }) =>
    panel.options?.textMode === "name" ? name : panelValue(values.at(-1) ?? Number.NaN, unit),
  );
  const newest = series.at(-1)?.values.at(-1) ?? Number.NaN;
  const reached = thresholds?.steps.findLast(({ value }) => value === null || newest >= value);
  return text(words.join(", "), { ...place, class: `big ${reached?.color ?? "text"}` });
}

/** Names with their newest values below the chart, in as many lines as they need. */
function legendOf(panel: DashboardPanel, box: Box, series: readonly Series[]) {
  const unit = panel.fieldConfig?.defaults.unit ?? "none";
  let x = 0;
  let line = 0;
  const items = series.map(({ name, values }, index) => {
    const newest = values.findLast((value) => value !== undefined);
    const words = newest === undefined ? name : `${name}: ${panelValue(newest, unit)}`;
    const width = 18 + widthOf(words) + 10;
    if (x > 0 && x + width > box.width - 18) {
      x = 0;
      line += 1;
    }
    const place = { x: box.x + 9 + x, line, colour: `c${index % COLOURS}`, words };
    x += width;
    return place;
  });
  const lines = line + 1;
  const drawn = items.map(({ x, line, colour, words }) => {
    const y = box.y + box.height - 8 - (lines - 1 - line) * LEGEND_LINE;
    return `\n<rect class="key ${colour}" x="${Math.round(x)}" y="${y - 5}" width="12" height="3"/>${text(words, { x: x + 17, y, class: "name" })}`;
  });
  return { lines, drawn: drawn.join("") };
}
