import { escapeXml } from "../../test/real/bed/domain-xml.ts";

export interface TextPlace {
  readonly x: number;
  readonly y: number;
  /** Classes of the style sheet. */
  readonly class: string;
  readonly anchor?: "middle" | "end";
}

/** A text element. */
export function text(words: string, { x, y, class: kind, anchor }: TextPlace): string {
  const place = `x="${Math.round(x)}" y="${Math.round(y)}"${anchor === undefined ? "" : ` text-anchor="${anchor}"`}`;
  return `<text ${place} class="${kind}">${escapeXml(words)}</text>`;
}

/** The space that a text of 11 pixels takes at most, in pixels: which font there will be is not known. */
export function widthOf(words: string): number {
  return words.length * 6.4;
}

/** Whoever looks has a light or a dark page; the picture brings its own background for either. */
export const STYLE = `
svg { --page: #f4f5f7; --panel: #ffffff; --edge: #dcdfe4; --ink: #24292f; --faint: #626b76;
  --0: #2f7d4f; --1: #b8860b; --2: #2b6cb0; --3: #c2410c; --4: #8e4ec6; --5: #0e7490;
  --green: #2f7d4f; --yellow: #b8860b; --red: #cf222e; }
@media (prefers-color-scheme: dark) {
  svg { --page: #0f1217; --panel: #181c23; --edge: #2b313b; --ink: #d5d9e0; --faint: #98a1ae;
    --0: #6fcf97; --1: #f2c94c; --2: #6ea8fe; --3: #ff9a62; --4: #c79bf2; --5: #5cc8d7;
    --green: #6fcf97; --yellow: #f2c94c; --red: #ff7b72; }
}
text { font-family: system-ui, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; fill: var(--ink); }
.page { fill: var(--page) } .panel { fill: var(--panel); stroke: var(--edge) }
.head { font-size: 16px; font-weight: 600 } .row { font-size: 14px; font-weight: 600 }
.title { font-size: 12.5px; font-weight: 600 } .name, .axis { font-size: 11px }
.axis, .none, .about { fill: var(--faint) } .none, .about { font-size: 12px }
.big { font-size: 26px; font-weight: 500 } .big.text { fill: var(--ink) }
.big.green { fill: var(--green) } .big.yellow { fill: var(--yellow) } .big.red { fill: var(--red) }
.grid { stroke: var(--edge); fill: none } .limit { fill: none; stroke-dasharray: 6 4 }
.limit.yellow { stroke: var(--yellow) } .limit.red { stroke: var(--red) }
.line { fill: none; stroke-width: 1.5 } .fill { stroke: none; opacity: .08 } .fill.full { opacity: .35 }
${[0, 1, 2, 3, 4, 5].map((n) => `.line.c${n} { stroke: var(--${n}) } .fill.c${n}, .key.c${n} { fill: var(--${n}) }`).join("\n")}
`;
