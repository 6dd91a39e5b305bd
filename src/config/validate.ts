import * as v from "valibot";

import type { ConfigurationDocument } from "./document.ts";
import { suggestion } from "./nearest.ts";
import type { Path } from "./path.ts";
import type { Problem } from "./problems.ts";
import {
  configurationSchema,
  destinationSchema,
  type FileConfiguration,
  type FileDestination,
} from "./schema.ts";
import { removeUnknownKeys } from "./unknown-keys.ts";

const MAX_SHOWN_LENGTH = 60;

/** What the schema makes of a document. */
export interface Validation {
  /** Absent when there is a problem. */
  readonly file: FileConfiguration | undefined;
  /** The entries of `export`, also of a file with problems elsewhere; undefined in place of one that has some. */
  readonly destinations: readonly (FileDestination | undefined)[] | undefined;
  readonly problems: readonly Problem[];
}

/** Checks a document against the schema and gathers everything that is wrong with it. */
export function validateDocument(document: ConfigurationDocument): Validation {
  const problems = [...document.problems];
  const unreadable = problems.some(({ code }) => code === "CONFIG_SYNTAX");
  if (unreadable) return { file: undefined, destinations: undefined, problems };
  const unresolved = new Set(problems.map(({ path }) => JSON.stringify(path)));

  const { known, unknown } = removeUnknownKeys(document.value, configurationSchema);
  problems.push(...unknown.map(({ path, message }) => document.problemAt(path, "key", message)));
  const result = v.safeParse(configurationSchema, known);
  for (const issue of result.issues ?? []) {
    // What a reference that leads nowhere would have stood for cannot be wrong as well.
    if (!unresolved.has(JSON.stringify(pathOf(issue)))) problems.push(issueProblem(document, issue));
  }
  const sound = result.success && problems.length === 0;
  return {
    file: sound ? result.output : undefined,
    destinations: destinationsOf(known, unresolved),
    problems,
  };
}

function destinationsOf(known: unknown, unresolved: ReadonlySet<string>): Validation["destinations"] {
  const { export: entries } = (known ?? {}) as { export?: unknown };
  if (!Array.isArray(entries)) return undefined;
  return entries.map((entry, index) => {
    const isUnresolved = [...unresolved].some((path) => path.startsWith(`["export",${index},`));
    const result = v.safeParse(destinationSchema, entry);
    return result.success && !isUnresolved ? result.output : undefined;
  });
}

type Issue = v.InferIssue<typeof configurationSchema>;

function pathOf(issue: Issue): Path {
  return (issue.path ?? []).map(({ key }) => key as string | number);
}

function issueProblem(document: ConfigurationDocument, issue: Issue): Problem {
  const path = pathOf(issue);
  if (issue.path?.at(-1)?.origin === "key") return document.problemAt(path, "key", issue.message);
  const near = issue.type === "picklist" ? suggestion(String(issue.input), picklistOptions(issue)) : "";
  const message = withoutResolved(document, path, `${issue.message}${near}`);
  const shown = shownValue(document, path);
  const now = shown === undefined ? "" : `: current value is ${shown}`;
  return document.problemAt(path, "value", `${message}${now}`);
}

function picklistOptions(issue: Issue): readonly string[] {
  return [...(issue.expected ?? "").matchAll(/"([^"]+)"/g)].map(([, option]) => option ?? "");
}

/** After its colon a message can quote the option's value, which nobody may see where it came from a reference. */
export function withoutResolved(document: ConfigurationDocument, path: Path, message: string): string {
  return document.locate(path)?.resolved === undefined ? message : message.replace(/: .*$/s, "");
}

/**
 * What is written at a path, fit to be shown: a reference instead of its value, nothing of a header and nothing of
 * a URL that may hold a password.
 */
function shownValue(document: ConfigurationDocument, path: Path): string | undefined {
  const location = document.locate(path);
  if (location?.source === undefined || path.includes("headers")) return undefined;
  if (mayHoldPassword(location.source, path)) return undefined;
  const text = location.source;
  return JSON.stringify(text.length > MAX_SHOWN_LENGTH ? `${text.slice(0, MAX_SHOWN_LENGTH)}…` : text);
}

function mayHoldPassword(source: string, path: Path): boolean {
  const isEndpoint = path.at(-1) === "endpoint" || path.at(-1) === "logs_endpoint";
  return isEndpoint ? /[@?]/.test(source) : /:\/\/[^/]*:[^/]*@/.test(source);
}
