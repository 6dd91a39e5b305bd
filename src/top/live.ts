import type { CommandContext } from "../cli/command.ts";
import { clockTime } from "../cli/demo/view.ts";
import { type Command, pressed } from "./bindings.ts";
import type { TopFeed } from "./feed.ts";
import { type Frame, frameOf } from "./frame.ts";
import { Keyboard } from "./keyboard.ts";
import { inkOf, isUnicode, painterFor } from "./paint.ts";
import { Screen } from "./screen.ts";
import type { View } from "./view.ts";

export interface LiveOptions {
  readonly feed: TopFeed;
  readonly intervalText: string;
  /** How things are seen at the beginning. */
  readonly view: View;
}

/** Signals that end the program without a word to anybody, unless somebody listens. */
const HANG_UPS = ["SIGHUP", "SIGQUIT"] as const;

/** A process that has no shell to stop it goes on at once. */
const SUSPEND_MS = 200;

/**
 * The live screen, until somebody ends it. Whatever ends it, the terminal is as it was: an order, a signal, an error, a
 * terminal that went away.
 */
export async function runLive(options: LiveOptions, context: CommandContext): Promise<void> {
  const ended = new AbortController();
  const end = (): void => ended.abort();
  const stop = AbortSignal.any([context.signal, ended.signal]);
  const session = new LiveSession(options, context, end);
  for (const signal of HANG_UPS) process.on(signal, end);
  process.on("SIGCONT", session.resume);
  process.on("exit", session.leave);
  context.stdout.on?.("resize", session.redraw);
  session.enter();
  try {
    for await (const _ of options.feed.refreshes(stop, () => session.isPaused)) session.refreshed();
  } finally {
    session.leave();
    context.stdout.off?.("resize", session.redraw);
    process.off("exit", session.leave);
    process.off("SIGCONT", session.resume);
    for (const signal of HANG_UPS) process.off(signal, end);
  }
}

/** The screen, the keyboard, and what is to be seen. */
class LiveSession {
  readonly #options: LiveOptions;
  readonly #screen: Screen;
  readonly #keyboard: Keyboard;
  readonly #paint;
  readonly #alphabet;
  readonly #commands: Readonly<Record<Command, () => void>>;
  #view: View;
  #time = clockTime();
  #frame: Frame | undefined;

  constructor(options: LiveOptions, { stdout, stdin, env }: CommandContext, end: () => void) {
    this.#options = options;
    this.#view = options.view;
    this.#screen = new Screen(stdout);
    this.#keyboard = new Keyboard(stdin, (key) => this.#press(key));
    this.#paint = painterFor(inkOf(env));
    this.#alphabet = isUnicode(env) ? ("unicode" as const) : ("ascii" as const);
    this.#commands = { quit: end, redraw: this.redraw, suspend: () => this.#suspend() };
  }

  get isPaused(): boolean {
    return this.#view.isPaused;
  }

  enter(): void {
    this.#screen.enter();
    this.#keyboard.enter();
    this.#draw();
  }

  readonly leave = (): void => {
    this.#keyboard.leave();
    this.#screen.leave();
  };

  /** The model has changed. */
  refreshed(): void {
    // A pause that began meanwhile keeps what it was meant to keep.
    if (this.#view.isPaused) return;
    this.#time = clockTime();
    this.#draw();
  }

  /** What is on the terminal cannot be relied on: its size changed, or somebody wrote on it. */
  readonly redraw = (): void => {
    this.#screen.forget();
    this.#draw();
  };

  /** The shell lets the program go on. */
  readonly resume = (): void => {
    this.leave();
    this.enter();
  };

  #draw(): void {
    const { feed, intervalText } = this.#options;
    const scene = { model: feed.model, view: this.#view, time: this.#time, intervalText };
    this.#frame = frameOf(scene, { ...this.#screen.size, paint: this.#paint, alphabet: this.#alphabet });
    this.#screen.draw(this.#frame.lines);
  }

  #press(key: string): void {
    if (this.#frame === undefined) return;
    const effect = pressed(this.#view, key, this.#frame.keys);
    if (typeof effect === "string") {
      this.#commands[effect]();
      return;
    }
    this.#view = effect;
    this.#draw();
  }

  /** As a terminal that is not in raw mode does it: the whole job stops. */
  #suspend(): void {
    this.leave();
    process.kill(0, "SIGTSTP");
    setTimeout(() => this.enter(), SUSPEND_MS);
  }
}
