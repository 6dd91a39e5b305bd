import type { CommandContext } from "../../src/cli/command.ts";

/** A context whose streams are kept, for commands that are called instead of spawned. */
export function collectingContext(
  options: {
    env?: Record<string, string>;
    signal?: AbortSignal;
    /** Of a terminal; without it standard output is none. */
    size?: { columns: number; rows: number };
  } = {},
) {
  const texts = { stdout: "", stderr: "" };
  const context: CommandContext = {
    stdout: {
      isTTY: options.size !== undefined,
      ...options.size,
      write: (text) => (texts.stdout += text),
    },
    stderr: { write: (text) => (texts.stderr += text) },
    env: options.env ?? {},
    signal: options.signal ?? new AbortController().signal,
  };
  return { texts, context };
}
