import { type ErrorCode, KvmeterError, messageOf } from "../errors.ts";
import { oneLine } from "../printable.ts";
import type { Trouble } from "./finding-kind.ts";
import { type FindingId, kindOf } from "./findings.ts";

/** ok: it is well. The others as {@link Trouble} has them. */
export type CheckState = "ok" | Trouble;

/** What came of looking at one thing. */
export interface Finding {
  readonly id: FindingId;
  readonly state: CheckState;
  /** What was looked at: a file, a hypervisor's URI, a VM's name, a destination's name. */
  readonly subject: string;
  /** What is, in one line. */
  readonly says: string;
  /** The exact command, line of configuration or XML; absent where all is well, or the message itself has it. */
  readonly mend?: string;
  /** Of an error of kvmeter's own. */
  readonly code?: ErrorCode;
}

/** Values for the placeholders of a row. */
export type Values = Readonly<Record<string, string | number>>;

/** It is well. */
export function well(id: FindingId, subject: string, says: string): Finding {
  return { id, state: "ok", subject, says };
}

/** It is not, as its row says; `says` in place of the row's own words. */
export function unwell(
  id: FindingId,
  subject: string,
  { says, values = {} }: { readonly says?: string; readonly values?: Values } = {},
): Finding {
  const row = kindOf(id);
  const mend = row.mend === undefined ? undefined : fill(row.mend, values);
  return {
    id,
    state: row.state,
    subject,
    says: says ?? fill(row.says ?? "", values),
    ...(mend !== undefined && { mend }),
  };
}

/** One line of an error; one of kvmeter's own says all that is needed, which its cause's does not always do in one line. */
function lineOf(error: unknown): string {
  return oneLine(error instanceof KvmeterError ? error.message : messageOf(error));
}

/** It is not, as an error says, which names its mend; `mend` where there is an exact command besides. */
export function failed(
  id: FindingId,
  subject: string,
  { error, mend }: { readonly error: unknown; readonly mend?: string | undefined },
): Finding {
  return {
    ...unwell(id, subject, { says: lineOf(error) }),
    ...(mend !== undefined && { mend }),
    ...(error instanceof KvmeterError && { code: error.code }),
  };
}

/** Puts values in the place of `{words}`; `{{` and `}}` are braces. */
export function fill(text: string, values: Values): string {
  return text.replaceAll(/\{\{|\}\}|\{(\w+)\}/g, (whole, name: string | undefined) => {
    if (name === undefined) return whole.slice(1);
    return String(values[name] ?? whole);
  });
}

/** A word for a POSIX shell, quoted where it has to be. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./][\w@%+=:,./-]*$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
