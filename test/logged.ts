import { LOG_LEVELS, type Logger, type LogLevel } from "../src/log.ts";

/** One line that was logged. */
export interface LoggedLine {
  readonly level: LogLevel;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** A logger that keeps its lines. */
export function collectLog(): { readonly log: Logger; readonly lines: LoggedLine[] } {
  const lines: LoggedLine[] = [];
  const methods = LOG_LEVELS.map((level) => [
    level,
    (fields: LoggedLine["fields"], message: string) => lines.push({ level, fields, message }),
  ]);
  return { log: Object.fromEntries(methods) as Logger, lines };
}
