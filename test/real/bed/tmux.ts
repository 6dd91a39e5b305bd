import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { run, waitFor } from "./processes.ts";

/** A terminal that a test types into and looks at. */
export interface Terminal {
  /** Presses keys, by tmux's names: `Enter`, `Down`, `q`. */
  press(...keys: readonly string[]): Promise<void>;
  /** Types a line into the shell. */
  type(line: string): Promise<void>;
  resize(width: number, height: number): Promise<void>;
  /** The lines that are to be seen; with `escapes` with their colours. */
  lines(options?: { readonly escapes?: boolean }): Promise<string[]>;
  /** Waits until what is to be seen matches, and gives it. */
  waitFor(pattern: RegExp, what: string, timeoutMs?: number): Promise<string>;
  /** A value of tmux's, such as `alternate_on` or `cursor_flag`. */
  value(name: string): Promise<string>;
  /** Ends the terminal as a connection that breaks does. */
  close(): Promise<void>;
}

export interface TerminalOptions {
  readonly width?: number;
  readonly height?: number;
  readonly env?: NodeJS.ProcessEnv;
}

/** Opens a terminal with a shell in it, of a tmux of its own: nothing of the user's tmux is seen or touched. */
export async function openTerminal({
  width = 80,
  height = 24,
  env = {},
}: TerminalOptions = {}): Promise<Terminal> {
  const directory = await mkdtemp(join(tmpdir(), "kvmeter-tmux-"));
  const tmux = (...args: readonly string[]): Promise<string> =>
    run("/usr/bin/tmux", ["-f", "/dev/null", "-S", join(directory, "socket"), ...args]);
  const settings = Object.entries({ LC_ALL: "C.UTF-8", ...env }).flatMap(([name, value]) => [
    "-e",
    `${name}=${value}`,
  ]);
  const size = ["-x", String(width), "-y", String(height)];
  await tmux("-u", "new-session", "-d", ...size, ...settings, "/bin/bash --norc --noprofile");
  const lines: Terminal["lines"] = async ({ escapes = false } = {}) =>
    (await tmux("capture-pane", "-p", ...(escapes ? ["-e"] : []))).split("\n");
  let isOpen = true;
  return {
    press: async (...keys) => void (await tmux("send-keys", ...keys)),
    type: async (line) => {
      await tmux("send-keys", "-l", line);
      await tmux("send-keys", "Enter");
    },
    resize: async (width, height) =>
      void (await tmux("resize-window", "-x", String(width), "-y", String(height))),
    lines,
    waitFor: async (pattern, what, timeoutMs = 30_000) => {
      let seen = "";
      const matches = async (): Promise<boolean> => {
        seen = (await lines()).join("\n");
        return pattern.test(seen);
      };
      await waitFor(matches, { what, timeoutMs, everyMs: 100 }).catch((error: unknown) => {
        throw new Error(`${what}: not to be seen in\n${seen}`, { cause: error });
      });
      return seen;
    },
    value: async (name) => (await tmux("display-message", "-p", `#{${name}}`)).trim(),
    close: async () => {
      if (!isOpen) return;
      isOpen = false;
      await tmux("kill-server").catch(() => undefined);
      await rm(directory, { recursive: true, force: true });
    },
  };
}
