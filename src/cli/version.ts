import { VERSION } from "../version.ts";
import type { CommandContext, ExitCode } from "./command.ts";
import { helpOf, parseFlags } from "./flags.ts";

const SYNTAX = { usage: "kvmeter version", about: "Prints the version.", flags: {} };

export async function run(args: readonly string[], { stdout }: CommandContext): Promise<ExitCode> {
  stdout.write(parseFlags(args, SYNTAX) === undefined ? helpOf(SYNTAX) : `kvmeter ${VERSION}\n`);
  return 0;
}
