/**
 * Key presses out of the bytes that a terminal in raw mode sends: ECMA-48 control sequences as xterm, tmux and the
 * Linux console use them. A key has the name that the help gives it; a character is its own.
 */
const NAMED: Readonly<Record<string, string>> = {
  "\u001b[A": "up",
  "\u001b[B": "down",
  "\u001b[C": "right",
  "\u001b[D": "left",
  "\u001bOA": "up",
  "\u001bOB": "down",
  "\u001bOC": "right",
  "\u001bOD": "left",
  "\u001b[H": "home",
  "\u001bOH": "home",
  "\u001b[1~": "home",
  "\u001b[7~": "home",
  "\u001b[F": "end",
  "\u001bOF": "end",
  "\u001b[4~": "end",
  "\u001b[8~": "end",
  "\u001b[5~": "pageup",
  "\u001b[6~": "pagedown",
  "\r": "enter",
  "\n": "enter",
  "\t": "tab",
  " ": "space",
  "\b": "backspace",
  "\u007f": "backspace",
  "\u0003": "ctrl-c",
  "\u000c": "ctrl-l",
  "\u001a": "ctrl-z",
  "\u001b": "escape",
};

const ESCAPE = "\u001b";

/** A whole sequence after its Escape: CSI with its parameters and final byte, or SS3 with one byte. */
const SEQUENCE = /^(?:\[[ -?]*[@-~]|O[@-~])/;

/** The beginning of one, whose rest may be on its way. */
const BEGINNING = /^(?:\[[ -?]{0,16}|O)?$/;

const CONTROL = /^\p{Cc}$/u;

/** Takes what comes, in whatever pieces, and gives keys. */
export class KeyDecoder {
  #pending = "";

  /** Is there the beginning of a sequence, or an Escape that stands alone? Only time tells: see {@link flush}. */
  get isPending(): boolean {
    return this.#pending !== "";
  }

  feed(text: string): string[] {
    let rest = this.#pending + text;
    this.#pending = "";
    const keys: string[] = [];
    while (rest !== "") {
      const isEscape = rest.startsWith(ESCAPE);
      if (isEscape && BEGINNING.test(rest.slice(1))) {
        this.#pending = rest;
        break;
      }
      const sequence = isEscape
        ? ESCAPE + (SEQUENCE.exec(rest.slice(1))?.[0] ?? "")
        : String.fromCodePoint(rest.codePointAt(0) ?? 0);
      rest = rest.slice(sequence.length);
      const key = NAMED[sequence] ?? (isCharacter(sequence) ? sequence : undefined);
      if (key !== undefined) keys.push(key);
    }
    return keys;
  }

  /** Nothing more has come: what is pending is an Escape and what was typed after it. */
  flush(): string[] {
    const pending = this.#pending;
    this.#pending = "";
    return pending === "" ? [] : ["escape", ...Array.from(pending.slice(1))];
  }
}

function isCharacter(sequence: string): boolean {
  return !sequence.startsWith(ESCAPE) && !CONTROL.test(sequence);
}
