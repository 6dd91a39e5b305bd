import { LineCounter, parseDocument, type YAMLError } from "yaml";

import { formatPath, type Path } from "./path.ts";
import { toPlain, type Location, type PlainDocument } from "./plain.ts";
import type { Problem } from "./problems.ts";
import type { ReferenceScope } from "./references.ts";

/** A YAML file as plain data, and the way back from a path in the data to a place in the file. */
export interface ConfigurationDocument {
  readonly value: unknown;
  /** What came out of `${file:…}`. */
  readonly fileValues: readonly string[];
  /** Syntax errors, after which the value says nothing, and references that lead nowhere. */
  readonly problems: readonly Problem[];
  /** What is written at a path; undefined where nothing is. */
  locate(path: Path): Location | undefined;
  /** A problem with the option at a path, at its key or its value, or at the closest option around it. */
  problemAt(path: Path, what: "key" | "value", message: string): Problem;
}

/** Reads YAML text. `name` is what problems call the file. Never throws for what the text holds. */
export function readDocument(text: string, name: string, scope: ReferenceScope): ConfigurationDocument {
  const lines = new LineCounter();
  const problems: Problem[] = [];
  const reportSyntax = (offset: number, message: string) => {
    problems.push({ code: "CONFIG_SYNTAX", offset, line: `${placeOf(lines, name, offset)} ${message}` });
  };
  let plain: PlainDocument = { value: {}, locations: new Map(), fileValues: [], findings: [] };
  try {
    const yaml = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      stringKeys: true,
      uniqueKeys: false,
    });
    // The errors after the first are mostly its consequences.
    const [error] = [...yaml.errors, ...yaml.warnings];
    if (error !== undefined) {
      reportSyntax(error.pos[0], wordsOf(error));
    }
    if (problems.length === 0) plain = toPlain(yaml, scope);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    reportSyntax(0, `too large to be a configuration: ${error.message}`);
  }
  for (const { code, path, offset, message } of plain.findings) {
    const line = `${placeOf(lines, name, offset)} ${formatPath(path)}: ${message}`;
    problems.push({ code, path, offset, line });
  }
  const locate = (path: Path) => plain.locations.get(JSON.stringify(path));
  return {
    value: plain.value,
    fileValues: plain.fileValues,
    problems,
    locate,
    problemAt: (path, what, message) => {
      const offset = offsetOf(path, what, locate);
      const line = `${placeOf(lines, name, offset)} ${formatPath(path)}: ${message}`;
      return { code: "CONFIG_INVALID", path, offset, line };
    },
  };
}

/** Without what the parser quotes of the file: a secret that needs quotes and has none breaks the syntax. */
function wordsOf({ code, message }: YAMLError): string {
  if (code === "MULTIPLE_DOCS") return "a second document begins here; keep one of the two";
  if (code === "TAG_RESOLVE_FAILED") return "unknown tag; put text that begins with ! in quotes";
  return message.replace(/^Maximum call stack.*/, "nested too deeply").replace(/(\w): .*$/s, "$1");
}

function placeOf(lines: LineCounter, name: string, offset: number): string {
  const { line, col } = lines.linePos(offset);
  return `${name}:${Math.max(line, 1)}:${Math.max(col, 1)}`;
}

function offsetOf(path: Path, what: "key" | "value", locate: ConfigurationDocument["locate"]): number {
  for (let length = path.length; length >= 0; length -= 1) {
    const location = locate(path.slice(0, length));
    if (location === undefined) continue;
    const atKey = what === "key" || length < path.length;
    return atKey ? (location.keyOffset ?? location.valueOffset) : location.valueOffset;
  }
  return 0;
}
