import type { CommandContext, Output } from "../cli/command.ts";
import { clockTime } from "../cli/demo/view.ts";
import { terminalSize } from "../cli/terminal-size.ts";
import { placeColumns, rowLine, titleLine } from "./cells.ts";
import { csvLine, csvTitles } from "./csv.ts";
import type { TopFeed } from "./feed.ts";
import { headLines } from "./head.ts";
import type { TopModel } from "./model.ts";
import { painterFor } from "./paint.ts";
import { columnsFor, rowsOf, type View } from "./view.ts";

export interface BatchOptions {
  readonly feed: TopFeed;
  readonly intervalText: string;
  readonly view: View;
  readonly format: "table" | "csv";
  /** How many samples to print; undefined: until a signal. */
  readonly count: number | undefined;
}

/** The second reading has rates; after a first one that took very long what costs is left out of the next. */
const WARM_UP_LIMIT = 3;

/**
 * Prints one sample after the other, as many lines as there are VMs. What comes before there are rates is not printed. Gives how many samples had a hypervisor.
 */
export async function runBatch(options: BatchOptions, { stdout, signal }: CommandContext): Promise<number> {
  const { feed, format, count = Infinity } = options;
  let printed = 0;
  let good = 0;
  let warmUp = 0;
  if (format === "csv") stdout.write(`${csvTitles()}\n`);
  for await (const _ of feed.refreshes(signal, () => false)) {
    const isInSight = feed.model.hosts.some((host) => host.isInSight);
    if (isInSight && !hasRates(feed.model) && warmUp < WARM_UP_LIMIT) {
      warmUp += 1;
      continue;
    }
    if (isInSight) good += 1;
    stdout.write(format === "csv" ? csvSample(options) : tableSample(options, stdout));
    printed += 1;
    if (printed >= count) break;
  }
  return good;
}

/** A host on which nothing runs has none, and needs none. */
function hasRates({ domains }: TopModel): boolean {
  const running = domains.filter(({ condition: { state } }) => state === "running");
  return running.length === 0 || running.some(({ whole }) => whole.figure("cpu") !== undefined);
}

function csvSample({ feed, view }: BatchOptions): string {
  const time = new Date();
  return rowsOf(feed.model.domains, view)
    .map((domain) => `${csvLine(domain, time)}\n`)
    .join("");
}

function tableSample({ feed: { model }, view, intervalText }: BatchOptions, stdout: Output): string {
  const width = terminalSize(stdout).columns ?? Infinity;
  const paint = painterFor("none");
  const rows = rowsOf(model.domains, view);
  const head = headLines(model, {
    width,
    paint,
    view,
    time: clockTime(),
    intervalText,
    rowCount: rows.length,
  });
  const { sort, isReversed, shift, units } = view;
  const placed = placeColumns(columnsFor(model.hosts.length), { width, shift, sort });
  const lines = [
    ...head,
    titleLine(placed, sort, isReversed),
    ...rows.map((domain) => rowLine(placed, domain, { units, isSelected: false, paint })),
    "",
  ];
  return lines.map((line) => `${line.trimEnd()}\n`).join("");
}
