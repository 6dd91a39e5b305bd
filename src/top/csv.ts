import { printable } from "../printable.ts";
import { COLUMNS } from "./columns.ts";
import type { TopDomain } from "./top-domain.ts";

/** The first line. */
export function csvTitles(): string {
  return ["time", "uuid", ...COLUMNS.map(({ id }) => id)].join(",");
}

/** A VM's line: numbers in the units that the titles name, nothing where there is no value (RFC 4180). */
export function csvLine(domain: TopDomain, time: Date): string {
  const cells = COLUMNS.map((column) =>
    column.kind === "text"
      ? quoted(printable(column.text(domain) ?? ""))
      : String(column.value(domain.whole) ?? ""),
  );
  return [time.toISOString(), domain.uuid, ...cells].join(",");
}

function quoted(text: string): string {
  return /[",]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
