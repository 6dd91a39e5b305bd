import { printable } from "../../printable.ts";
import type { Output } from "../command.ts";
import { byName, DOMAIN_COLUMNS, domainCells, shown } from "../domain-row.ts";
import { formatBytes } from "../quantity.ts";
import { renderTable, type Column } from "../table.ts";
import { terminalSize } from "../terminal-size.ts";
import { cut } from "../text.ts";
import type { Arrivals } from "./arrivals.ts";
import { clockTime, type DemoView } from "./view.ts";

const ENTER = "\u001b[?1049h\u001b[?25l";
const LEAVE = "\u001b[?25h\u001b[?1049l";
const HOME = "\u001b[H";
const CLEAR_LINE = "\u001b[K";
const CLEAR_BELOW = "\u001b[J";

const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 24;
const NEWS_LINES = 3;
/** Title, two empty lines and the table's titles. */
const FRAME_LINES = 4;

const RATE_COLUMNS: readonly Column[] = [
  { title: "READ/s", align: "right" },
  { title: "WRITE/s", align: "right" },
  { title: "IN/s", align: "right", rank: 2 },
  { title: "OUT/s", align: "right", rank: 2 },
];

/**
 * A table that is redrawn in place. It has the terminal's second screen, so that nothing of what was there before
 * is lost and a change of size needs no knowledge of what was drawn.
 */
export function screenView(stdout: Output): DemoView {
  const news: string[] = [];
  let shownArrivals: Arrivals | undefined;
  let open = true;
  const tell = (line: string) => {
    news.push(`${clockTime()} ${printable(line.trim())}`);
    if (news.length > NEWS_LINES) news.shift();
  };
  const draw = () => {
    if (!open || shownArrivals === undefined) return;
    const { columns = DEFAULT_COLUMNS, rows = DEFAULT_ROWS } = terminalSize(stdout);
    const lines = frameLines(shownArrivals, news, { columns, rows });
    stdout.write(`${HOME}${lines.map((line) => line + CLEAR_LINE).join("\r\n")}${CLEAR_BELOW}`);
  };
  const close = () => {
    if (!open) return;
    open = false;
    stdout.off?.("resize", draw);
    process.off("exit", close);
    stdout.write(LEAVE);
  };
  // A second signal ends the program at once; the terminal must be usable after that too.
  process.on("exit", close);
  stdout.on?.("resize", draw);
  stdout.write(`${ENTER}${HOME}${CLEAR_BELOW}Waiting for the first cycle …`);
  return {
    update(arrivals, changes) {
      shownArrivals = arrivals;
      for (const { domain, what } of changes) tell(`${domain} ${what}`);
      draw();
    },
    log: tell,
    close,
  };
}

/** The lines of one frame: never more nor wider than the terminal. */
export function frameLines(
  arrivals: Arrivals,
  news: readonly string[],
  { columns, rows }: { readonly columns: number; readonly rows: number },
): string[] {
  const { cycles, points, bytes } = arrivals.totals;
  const title = `kvmeter demo (Ctrl-C ends): ${cycles} cycles, ${points} points, ${formatBytes(bytes)} over OTLP/gRPC`;
  const domains = arrivals.domains.toSorted(byName);
  const space = Math.max(1, rows - FRAME_LINES - NEWS_LINES);
  const visible = domains.length > space ? domains.slice(0, space - 1) : domains;
  const cells = visible.map((domain) => {
    const { diskRead, diskWritten, received, sent } = domain.rates;
    const rates = [diskRead, diskWritten, received, sent].map((rate) => shown(rate, formatBytes));
    return domainCells(domain).concat(rates);
  });
  const table = renderTable([...DOMAIN_COLUMNS, ...RATE_COLUMNS], cells, columns);
  const more = domains.length - visible.length;
  const rest = more > 0 ? [`… and ${more} more`] : [];
  const lines = [title, "", ...table, ...rest, "", ...news];
  return lines.slice(0, rows).map((line) => cut(line, columns));
}
