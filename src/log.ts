import type { DestinationStream } from "pino";

import { oneLine, printable } from "./printable.ts";

/** From the quietest on: what is logged is the level given and everything before it in this list. */
export const LOG_LEVELS = ["error", "warn", "info", "debug", "trace"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** auto: pretty on a terminal, JSON elsewhere. */
export const LOG_FORMATS = ["auto", "json", "pretty"] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

/** Fields first, then the message: the fields are what a machine searches, the message what a person reads. */
export type LogMethod = (fields: Readonly<Record<string, unknown>>, message: string) => void;

/** What a stage needs in order to log. */
export type Logger = Readonly<Record<LogLevel, LogMethod>>;

/** Where lines go: process.stderr, or what a test collects in. */
export interface LogStream {
  readonly isTTY?: boolean | undefined;
  write(line: string): unknown;
}

export interface LoggerOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  readonly stream: LogStream;
  /** Values that no line may show, whichever way they got into it. */
  readonly secrets?: readonly string[];
}

/** Shorter ones would blot out ordinary text and are not worth guessing at. */
const MIN_SECRET_LENGTH = 4;

/**
 * A logger that writes each line at once, in this thread: what was logged before a crash is there after it.
 * Fields that carry headers are left out by name, secrets by value.
 */
export async function createLogger(options: LoggerOptions): Promise<Logger> {
  // The configuration needs the names of the levels only, and many commands log nothing.
  const { pino } = await import("pino");
  const hide = secretHider(options.secrets ?? []);
  const target = { write: (line: string) => void options.stream.write(hide(line)) };
  const logger = pino(
    {
      base: null,
      level: options.level,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
      redact: { paths: ["headers", "*.headers", "authorization", "*.authorization"], censor: "***" },
    },
    await lineStream(options, { target, hide }),
  );
  return logger;
}

async function lineStream(
  options: LoggerOptions,
  { target, hide }: { readonly target: DestinationStream; readonly hide: (text: string) => string },
): Promise<DestinationStream> {
  const onTerminal = options.stream.isTTY === true;
  if (options.format === "json" || (options.format === "auto" && !onTerminal)) return target;
  const { prettyFactory } = await import("pino-pretty");
  const pretty = prettyFactory({ colorize: onTerminal, translateTime: "SYS:HH:MM:ss.l", singleLine: true });
  // A secret is not found any more when its line breaks have become spaces.
  const shown = (_key: string, value: unknown): unknown =>
    typeof value === "string" ? harmless(hide(value)) : value;
  return { write: (line) => target.write(pretty(JSON.parse(line, shown))) };
}

/** Text can be of a VM's owner, a daemon or a backend. JSON escapes what a terminal would obey, reading it does not. */
function harmless(text: string): string {
  return printable(oneLine(text));
}

/** Replaces each secret by `***`, also where JSON or a URL has escaped it. */
export function secretHider(secrets: readonly string[]): (text: string) => string {
  const spellings = secrets.flatMap((secret) =>
    secret.length < MIN_SECRET_LENGTH
      ? []
      : [secret, JSON.stringify(secret).slice(1, -1), encodeURI(secret.toWellFormed())],
  );
  const longestFirst = [...new Set(spellings)].toSorted((a, b) => b.length - a.length);
  return (text) => longestFirst.reduce((hidden, secret) => hidden.replaceAll(secret, "***"), text);
}
