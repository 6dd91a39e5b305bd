import { KvmeterError, type ErrorCode } from "../errors.ts";
import type { Path } from "./path.ts";

/** One thing that is wrong with a configuration: a line that says where, what, and how to mend it. */
export interface Problem {
  readonly code: ErrorCode;
  /** The option in the file, where it is one. */
  readonly path?: Path;
  readonly line: string;
  /** Offset in the file, for the order in which problems are listed; infinite for what is not in the file. */
  readonly offset: number;
}

/** Everything that is wrong with a configuration, found in one go. The message has one line for each problem. */
export class ConfigurationError extends KvmeterError {
  override readonly name = "ConfigurationError";
  readonly problems: readonly Problem[];

  constructor(problems: readonly [Problem, ...Problem[]]) {
    super(problems[0].code, problems.map(({ line }) => line).join("\n"));
    this.problems = problems;
  }
}

/** Throws what was found, in the order of the file; returns when that is nothing. */
export function throwProblems(problems: readonly Problem[]): void {
  const [first, ...others] = problems.toSorted((a, b) => a.offset - b.offset);
  if (first !== undefined) throw new ConfigurationError([first, ...others]);
}
