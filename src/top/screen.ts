import { stripVTControlCharacters } from "node:util";

import type { Output } from "../cli/command.ts";
import { terminalSize } from "../cli/terminal-size.ts";
import { textWidth } from "../cli/text.ts";

/** Alternate screen, no cursor, no wrapping: DEC private modes 1049, 25 and 7. */
const ENTER = "\u001b[?1049h\u001b[?25l\u001b[?7l";
const LEAVE = "\u001b[?7h\u001b[?25h\u001b[?1049l";

/** Synchronized output, mode 2026: terminals that know it show a frame at once, others pass over it. */
const BEGIN = "\u001b[?2026h";
const END = "\u001b[?2026l";

const CLEAR_SCREEN = "\u001b[2J";
const CLEAR_REST_OF_LINE = "\u001b[K";

const DEFAULT_SIZE = { width: 80, height: 24 } as const;

/**
 * The terminal's second screen. Only lines that changed are sent, in one write, so that nothing flickers and a slow line
 * carries little.
 */
export class Screen {
  readonly #stdout: Output;
  #shown: readonly string[] | undefined;
  #isOpen = false;

  constructor(stdout: Output) {
    this.#stdout = stdout;
  }

  get size(): { readonly width: number; readonly height: number } {
    const { columns, rows } = terminalSize(this.#stdout);
    return { width: columns ?? DEFAULT_SIZE.width, height: rows ?? DEFAULT_SIZE.height };
  }

  enter(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#stdout.write(ENTER);
    this.forget();
  }

  /** Gives the terminal back as it was. May be called at any time, and twice. */
  leave(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#stdout.write(LEAVE);
  }

  /** What is on the screen is not known any longer: the next frame is sent as a whole. */
  forget(): void {
    this.#shown = undefined;
  }

  draw(lines: readonly string[]): void {
    if (!this.#isOpen) return;
    const before = this.#shown;
    this.#shown = lines;
    let output = before === undefined ? CLEAR_SCREEN : "";
    const count = Math.max(lines.length, before?.length ?? 0);
    for (let at = 0; at < count; at++) {
      const line = lines[at] ?? "";
      if (line === (before?.[at] ?? "")) continue;
      // On the last column there is no rest, and the cursor still stands on what was written there.
      const rest = textWidth(stripVTControlCharacters(line)) < this.size.width ? CLEAR_REST_OF_LINE : "";
      output += `\u001b[${at + 1};1H${line}${rest}`;
    }
    if (output !== "") this.#stdout.write(BEGIN + output + END);
  }
}
