import { resolve } from "node:path";

import { readSmallText, reasonOf } from "./small-file.ts";

const MAX_FILE_BYTES = 64 * 1024;

/** `$${` for a literal `${`, or a reference up to its closing brace. */
const REFERENCE = /\$\$\{|\$\{([^}]*)(\}?)/g;
const ENVIRONMENT_REFERENCE = /^env:([A-Za-z_]\w*)(?::-(.*))?$/s;

/** Where references look. */
export interface ReferenceScope {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Relative paths start here: the directory of the configuration file. */
  readonly directory: string;
}

export interface Resolved {
  readonly text: string;
  /** Does the text hold a reference? Its value is then shown nowhere. */
  readonly hasReference: boolean;
  /** What came out of files: secret wherever it stands. */
  readonly fileValues: readonly string[];
  /** What is wrong with the references, and how to mend it; never a value. */
  readonly problems: readonly string[];
}

/**
 * Puts values in place of `${env:NAME}`, `${env:NAME:-default}` and `${file:path}`. A value is taken as it is:
 * references inside it are not followed. Of a file one trailing newline is cut. An empty variable takes the
 * default, as in a shell and in the OpenTelemetry configuration files.
 */
export function resolveReferences(text: string, scope: ReferenceScope): Resolved {
  const problems: string[] = [];
  const fileValues: string[] = [];
  let hasReference = false;
  const resolved = text.replace(
    REFERENCE,
    (whole, inner: string | undefined, closing: string | undefined) => {
      if (inner === undefined) return "${";
      hasReference = true;
      try {
        if (closing !== "}") throw new Error(`${whole} has no closing brace; write $\${ for a literal \${`);
        if (!inner.startsWith("file:")) return environmentValue(inner, scope.env);
        const value = fileValue(inner.slice("file:".length), scope.directory);
        fileValues.push(value);
        return value;
      } catch (error) {
        problems.push((error as Error).message);
        return "";
      }
    },
  );
  return { text: resolved, hasReference, fileValues, problems };
}

/**
 * The text with its references kept and everything between them hidden, but for the name of an authentication
 * scheme: `Bearer ${file:token}` stays as it is, `abc${env:REST}` becomes `***${env:REST}`.
 */
export function hideLiterals(text: string): string {
  let shown = "";
  let end = 0;
  for (const match of text.matchAll(/\$\{[^}]*\}/g)) {
    shown += hideLiteral(text.slice(end, match.index)) + withoutDefault(match[0]);
    end = match.index + match[0].length;
  }
  return shown + hideLiteral(text.slice(end));
}

function hideLiteral(text: string): string {
  return /^(?:(?:Bearer|Basic|Api-Token|Token) )?$/i.test(text) ? text : "***";
}

function withoutDefault(reference: string): string {
  return reference.replace(/:-.*\}$/s, ":-***}");
}

function environmentValue(inner: string, env: ReferenceScope["env"]): string {
  const match = ENVIRONMENT_REFERENCE.exec(inner);
  const [, name, fallback] = match ?? [];
  if (name === undefined) {
    const near = /^[A-Za-z_]\w*$/.test(inner) ? `; write \${env:${inner}}` : "";
    throw new Error(
      `\${${inner}} is no reference${near || "; write ${env:NAME}, ${file:/path} or $${ for a literal ${"}`,
    );
  }
  const value = env[name];
  if (value !== undefined && (value !== "" || fallback === undefined)) return value;
  if (fallback !== undefined) return fallback;
  throw new Error(
    `environment variable ${name} is not set; set it or give a default as in \${env:${name}:-default}`,
  );
}

function fileValue(path: string, directory: string): string {
  if (path === "") throw new Error("${file:} names no file; write ${file:/path}");
  const absolute = resolve(directory, path);
  try {
    return readSmallText(absolute, MAX_FILE_BYTES).replace(/\r?\n$/, "");
  } catch (error) {
    throw new Error(`cannot read ${absolute}: ${reasonOf(error)}; create it or correct the path`, {
      cause: error,
    });
  }
}
