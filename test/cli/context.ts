import type { CommandContext } from "../../src/cli/command.ts";

/** A context whose streams are kept, for commands that are called instead of spawned. */
export function collectingContext(options: { env?: Record<string, string>; signal?: AbortSignal } = {}) {
  const texts = { stdout: "", stderr: "" };
  const context: CommandContext = {
    stdout: { write: (text) => (texts.stdout += text) },
    stderr: { write: (text) => (texts.stderr += text) },
    env: options.env ?? {},
    signal: options.signal ?? new AbortController().signal,
  };
  return { texts, context };
}
