import type { Input } from "../cli/command.ts";
import { KeyDecoder } from "./key-decoder.ts";

/** What comes this much later than an Escape does not belong to it: less than a person's second key. */
const ESCAPE_MS = 50;

/** Keys of a terminal in raw mode: each at once, and none is shown. */
export class Keyboard {
  readonly #stdin: Input | undefined;
  readonly #onKey: (key: string) => void;
  readonly #decoder = new KeyDecoder();
  #timer: NodeJS.Timeout | undefined;
  #isOpen = false;

  /** Input that is no terminal has no keys. */
  constructor(stdin: Input | undefined, onKey: (key: string) => void) {
    this.#stdin = stdin?.isTTY === true ? stdin : undefined;
    this.#onKey = onKey;
  }

  enter(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#stdin?.setEncoding("utf8");
    this.#stdin?.setRawMode?.(true);
    this.#stdin?.on("data", this.#take);
    this.#stdin?.resume();
  }

  /** Gives the terminal back as it was. May be called at any time, and twice. */
  leave(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    clearTimeout(this.#timer);
    this.#stdin?.off("data", this.#take);
    this.#stdin?.setRawMode?.(false);
    this.#stdin?.pause();
  }

  readonly #take = (text: string): void => {
    clearTimeout(this.#timer);
    for (const key of this.#decoder.feed(text)) this.#onKey(key);
    if (!this.#decoder.isPending) return;
    this.#timer = setTimeout(() => {
      for (const key of this.#decoder.flush()) this.#onKey(key);
    }, ESCAPE_MS);
  };
}
