import { ConfigurationError } from "../config/problems.ts";
import { KvmeterError, messageOf } from "../errors.ts";
import type { ExitCode } from "./command.ts";

/** How an error that ends a command is shown, and with which exit code. */
export interface ErrorReport {
  readonly text: string;
  readonly exitCode: ExitCode;
}

/** One line for each problem, with its code; the stack only for what kvmeter did not raise itself. */
export function reportOf(thrown: unknown): ErrorReport {
  if (thrown instanceof ConfigurationError) {
    const lines = thrown.problems.map(({ line, code }) => `${line} [${code}]\n`);
    return { text: lines.join(""), exitCode: thrown.exitCode };
  }
  if (thrown instanceof KvmeterError) {
    return { text: `kvmeter: ${messageOf(thrown)} [${thrown.code}]\n`, exitCode: thrown.exitCode };
  }
  const stack = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  return { text: `kvmeter: unexpected error, please report it: ${stack}\n`, exitCode: 1 };
}
