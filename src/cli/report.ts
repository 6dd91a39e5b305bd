import { ConfigurationError } from "../config/problems.ts";
import { KvmeterError } from "../errors.ts";
import { oneLine, printable } from "../printable.ts";
import type { ExitCode } from "./command.ts";

/** How an error that ends a command is shown, and with which exit code. */
export interface ErrorReport {
  readonly text: string;
  readonly exitCode: ExitCode;
}

/**
 * One line for each problem, with its code. A message of kvmeter's own says all that is needed, and that in one line,
 * which its cause's does not always; the stack is only for what kvmeter did not raise itself.
 */
export function reportOf(thrown: unknown): ErrorReport {
  if (thrown instanceof ConfigurationError) {
    const lines = thrown.problems.map(({ line, code }) => `${line} [${code}]\n`);
    return { text: lines.join(""), exitCode: thrown.exitCode };
  }
  if (thrown instanceof KvmeterError) {
    const line = printable(oneLine(thrown.message));
    return { text: `kvmeter: ${line} [${thrown.code}]\n`, exitCode: thrown.exitCode };
  }
  const stack = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  return { text: `kvmeter: unexpected error, please report it: ${stack}\n`, exitCode: 1 };
}
