import { cut, pad } from "../cli/text.ts";
import { printable } from "../printable.ts";
import { LEVEL_STYLES } from "./cells.ts";
import { numberLevel } from "./column.ts";
import { PART_TABLES, type PartTable, WHOLE_ROWS, type WholeRow } from "./detail-tables.ts";
import { healthOf } from "./health.ts";
import type { Paint } from "./paint.ts";
import { shownAs, type Units } from "./quantities.ts";
import { type Alphabet, sparkline } from "./sparkline.ts";
import { PAST_LENGTH, type Subject } from "./subject.ts";
import type { TopDomain } from "./top-domain.ts";

export interface DetailContext {
  readonly width: number;
  readonly paint: Paint;
  readonly units: Units;
  readonly alphabet: Alphabet;
}

const TITLE_WIDTH = 14;
const VALUE_WIDTH = 6;
const PART_NAME_WIDTH = 10;
const BESIDE_WIDTH = 28;

/** All of one VM: itself, its vCPUs, disks and vNICs. */
export function detailLines(domain: TopDomain, context: DetailContext): string[] {
  const { width, paint } = context;
  const tables = PART_TABLES.flatMap((table) => {
    const parts = domain.parts(table.kind);
    return parts.length === 0 ? [] : [""].concat(partLines(table, parts, context));
  });
  const identity = `${printable(domain.name)}  ${domain.uuid}  on ${printable(domain.host)}`;
  return [
    paint(cut(identity, width), "strong"),
    conditionLine(domain, context),
    ...WHOLE_ROWS.map((row) => wholeLine(row, domain.whole, context)),
    ...tables,
  ];
}

function conditionLine(domain: TopDomain, { width, paint }: DetailContext): string {
  const { state, reason } = domain.condition;
  const uptime = domain.whole.figure("uptime");
  const health = healthOf(domain);
  const parts = [
    `${state ?? "state unknown"}${reason === undefined ? "" : ` (${reason})`}`,
    uptime === undefined ? "" : `up ${shownAs(uptime, "age", "binary")}`,
    health.text === "-" ? "" : `health: ${health.text}`,
  ];
  return paint(cut(parts.filter(Boolean).join("  "), width), LEVEL_STYLES[health.level]);
}

function wholeLine(row: WholeRow, subject: Subject, { width, units, alphabet }: DetailContext): string {
  const value = shownAs(row.value(subject), row.format, units);
  const beside = row.beside
    .map(([title, name, format]) => [title, shownAs(subject.figure(name), format, units)] as const)
    .filter(([, text]) => text !== "-")
    .map(([title, text]) => `${title} ${text}`)
    .join("  ");
  const start = `${pad(row.title, TITLE_WIDTH, "right")} ${pad(value, VALUE_WIDTH, "left")}  `;
  const [first] = row.pasts;
  const past = subject.past(row.pasts.find((name) => subject.figure(name) !== undefined) ?? first);
  const room = Math.min(PAST_LENGTH, Math.max(0, width - start.length - 2 - BESIDE_WIDTH));
  const full = row.full?.(subject);
  const line = sparkline(past, { width: room, alphabet, ...(full !== undefined && { full }) });
  return cut(`${start}${line}  ${beside}`.trimEnd(), width);
}

function partLines(
  { title, columns, pasts }: PartTable,
  parts: readonly Subject[],
  { width, paint, units, alphabet }: DetailContext,
): string[] {
  const used = PART_NAME_WIDTH + columns.reduce((sum, { width }) => sum + 1 + width, 0);
  const room = Math.min(PAST_LENGTH, Math.floor((width - used) / pasts.length) - 2);
  const shown = room < 4 ? [] : pasts;
  const titles = [
    pad(title, PART_NAME_WIDTH, "right"),
    ...columns.map((column) => pad(column.title, column.width, "left")),
    ...shown.map(([title]) => ` ${pad(title, room, "left")}`),
  ];
  const rows = parts.map((part) => {
    const name = pad(cut(printable(part.name), PART_NAME_WIDTH), PART_NAME_WIDTH, "right");
    const cells = columns.map((column) => {
      const value = column.value(part);
      const text = pad(shownAs(value, column.format, units), column.width, "left");
      return paint(text, LEVEL_STYLES[numberLevel(column, value)]);
    });
    const lines = shown.map(
      ([, name, full]) =>
        ` ${sparkline(part.past(name), { width: room, alphabet, ...(full !== undefined && { full }) })}`,
    );
    return [name, ...cells, ...lines].join(" ");
  });
  return [paint(cut(pad(titles.join(" "), width, "right"), width), "titles"), ...rows];
}
