import { catalogue, type CatalogueEntry } from "../metrics/catalogue.ts";
import type { CommandContext, ExitCode } from "./command.ts";
import { helpOf, parseFlags } from "./flags.ts";
import { renderTable, type Column } from "./table.ts";
import { terminalSize } from "./terminal-size.ts";

export const SYNTAX = {
  usage: "kvmeter metrics [options]",
  about: "Lists every metric that kvmeter knows, and which of them are sent by default.",
  flags: {
    format: {
      value: "FORMAT",
      choices: ["table", "json", "markdown"],
      default: "table",
      help: "What to print.",
    },
  },
} as const;

/** `kvmeter metrics`: the catalogue. */
export async function run(args: readonly string[], { stdout }: CommandContext): Promise<ExitCode> {
  const values = parseFlags(args, SYNTAX);
  if (values === undefined) {
    stdout.write(helpOf(SYNTAX));
    return 0;
  }
  const entries = catalogue();
  if (values.format === "json") stdout.write(`${JSON.stringify(entries, undefined, 2)}\n`);
  else if (values.format === "markdown") stdout.write(metricsMarkdown(entries));
  else stdout.write(metricsTable(entries, terminalSize(stdout).columns));
  return 0;
}

const COLUMNS: readonly Column[] = [
  { title: "METRIC", align: "left" },
  { title: "KIND", align: "left", rank: 1 },
  { title: "UNIT", align: "left" },
  { title: "SENT", align: "left" },
  { title: "DESCRIPTION", align: "left", rank: 2 },
];

function metricsTable(entries: readonly CatalogueEntry[], width?: number): string {
  const rows = entries.map(({ name, kind, unit, on, description }) => [
    name,
    kind,
    unit,
    on ? "yes" : "if enabled",
    description,
  ]);
  return `${renderTable(COLUMNS, rows, width).join("\n")}\n`;
}

/** The catalogue as a Markdown table. */
export function metricsMarkdown(entries: readonly CatalogueEntry[]): string {
  const rows = entries.map(({ name, kind, unit, attributes, source, on, description }) => {
    const named = attributes.map(({ name, values }) =>
      values.length === 0 ? `\`${name}\`` : `\`${name}\` (${values.join(", ")})`,
    );
    const cells = [
      `\`${name}\``,
      kind,
      `\`${unit}\``,
      named.join(", "),
      `\`${source}\``,
      on ? "yes" : "no",
      description,
    ];
    return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  });
  return `| metric | kind | unit | attributes | source | sent | |\n|---|---|---|---|---|---|---|\n${rows.join("\n")}\n`;
}
