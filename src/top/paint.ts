import type { Environment } from "../config/variables.ts";

/** What a text is, not how it looks. */
export type Style = "titles" | "selected" | "strong" | "faint" | "good" | "notice" | "bad";

/** colours: all. mono: what every terminal can, for NO_COLOR. none: text alone. */
export type Ink = "colours" | "mono" | "none";

/** ECMA-48 Select Graphic Rendition. Nothing is told by colour alone. */
const CODES: Readonly<Record<Ink, Readonly<Partial<Record<Style, string>>>>> = {
  colours: { titles: "7", selected: "7", strong: "1", faint: "2", notice: "33", bad: "1;31" },
  mono: { titles: "7", selected: "7", strong: "1", bad: "1" },
  none: {},
};

/** Gives a text its looks. */
export type Paint = (text: string, style: Style | undefined) => string;

export function painterFor(ink: Ink): Paint {
  const codes = CODES[ink];
  return (text, style) => {
    const code = style === undefined || text === "" ? undefined : codes[style];
    return code === undefined ? text : `\u001b[${code}m${text}\u001b[0m`;
  };
}

/** What a terminal can take, by TERM and https://no-color.org. */
export function inkOf({ NO_COLOR, TERM }: Environment): Ink {
  if (isDumb({ TERM })) return "none";
  return NO_COLOR === undefined || NO_COLOR === "" ? "colours" : "mono";
}

/** Has the terminal no cursor that could be moved? */
export function isDumb({ TERM = "" }: Environment): boolean {
  return TERM === "" || TERM === "dumb";
}

/** Does the terminal show more than ASCII, as the locale says? The first of the three that is set decides (POSIX). */
export function isUnicode({ LC_ALL, LC_CTYPE, LANG }: Environment): boolean {
  return /utf-?8/i.test([LC_ALL, LC_CTYPE, LANG].find((name) => name !== undefined && name !== "") ?? "");
}
