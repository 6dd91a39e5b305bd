import { pad, textWidth } from "../cli/text.ts";
import { BINDINGS } from "./bindings.ts";
import { COLUMNS } from "./columns.ts";
import type { Paint } from "./paint.ts";

const TERM_WIDTH = 13;

/** The keys and the columns, as they are in their tables. */
export function helpLines({ width, paint }: { readonly width: number; readonly paint: Paint }): string[] {
  return [
    paint("Keys", "strong"),
    ...BINDINGS.flatMap(({ keys, help }) => entry(keys.join(" "), help, width)),
    "",
    paint("Columns. Rates are per second, since the refresh before.", "strong"),
    ...COLUMNS.flatMap(({ title, help }) => entry(title, help, width)),
  ];
}

/** A term and what it means, in as many lines as that takes. */
function entry(term: string, meaning: string, width: number): string[] {
  const lines = [""];
  for (const word of meaning.split(" ")) {
    const last = lines.at(-1) ?? "";
    const longer = last === "" ? word : `${last} ${word}`;
    if (TERM_WIDTH + textWidth(longer) <= width || last === "") lines.splice(-1, 1, longer);
    else lines.push(word);
  }
  const isLong = textWidth(term) >= TERM_WIDTH;
  const terms = isLong ? [term, ...lines.map(() => "")] : [term];
  const meanings = isLong ? ["", ...lines] : lines;
  return meanings.map((line, at) => (pad(terms[at] ?? "", TERM_WIDTH, "right") + line).trimEnd());
}
