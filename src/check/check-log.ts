import type { Logger } from "../log.ts";

const nothing = (): void => undefined;

/** What the agent's parts would log; findings tell it. */
export const SILENT_LOG: Logger = {
  error: nothing,
  warn: nothing,
  info: nothing,
  debug: nothing,
  trace: nothing,
};

/** Keeps what the agent's parts tell at the levels info and warn: what cannot be read though all else can. */
export function noticeLog(): {
  readonly log: Logger;
  readonly notices: string[];
  readonly warnings: string[];
} {
  const notices: string[] = [];
  const warnings: string[] = [];
  const log = {
    ...SILENT_LOG,
    info: (_: unknown, text: string) => void notices.push(text),
    warn: (_: unknown, text: string) => void warnings.push(text),
  };
  return { log, notices, warnings };
}
