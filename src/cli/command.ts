import type { Environment } from "../config/variables.ts";
import type { Syntax } from "./flags.ts";

/** Where a command writes: a standard stream, or what a test collects in. */
export interface Output {
  readonly isTTY?: boolean | undefined;
  /** Width of the terminal. */
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
  write(text: string): unknown;
  /** A terminal tells when its size changes. */
  on?(event: "resize", listener: () => void): unknown;
  off?(event: "resize", listener: () => void): unknown;
}

/** Standard input, as far as it is a keyboard. */
export interface Input {
  readonly isTTY?: boolean | undefined;
  setEncoding(encoding: "utf8"): unknown;
  /** Each key at once, and none shown. */
  setRawMode?(isRaw: boolean): unknown;
  on(event: "data", listener: (text: string) => void): unknown;
  off(event: "data", listener: (text: string) => void): unknown;
  resume(): unknown;
  pause(): unknown;
}

/** What a command may know of the world around it. */
export interface CommandContext {
  readonly stdout: Output;
  readonly stderr: Output;
  /** Only a command with keys looks at it: looking opens it. */
  readonly stdin?: Input | undefined;
  readonly env: Environment;
  /** Aborted by the first SIGINT, SIGTERM or SIGHUP: the command then stops in order. */
  readonly signal: AbortSignal;
}

/** 0 ok, 1 failure, 2 usage or configuration. */
export type ExitCode = 0 | 1 | 2;

/** One subcommand, in a file of its own. `args` are those after its name. */
export interface Command {
  /** What its line may hold: for its help, the manual page and shells that complete it. */
  readonly SYNTAX: Syntax;
  run(args: readonly string[], context: CommandContext): Promise<ExitCode>;
}
