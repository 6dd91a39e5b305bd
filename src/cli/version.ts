import { commit } from "../commit.ts";
import { VERSION } from "../version.ts";
import type { CommandContext, ExitCode } from "./command.ts";
import { helpOf, parseFlags } from "./flags.ts";

export const SYNTAX = {
  usage: "kvmeter version",
  about: "Prints the version, and the commit that it was built from.",
  flags: {},
};

export async function run(args: readonly string[], { stdout }: CommandContext): Promise<ExitCode> {
  stdout.write(parseFlags(args, SYNTAX) === undefined ? helpOf(SYNTAX) : version());
  return 0;
}

function version(): string {
  const builtFrom = commit();
  return builtFrom === undefined ? `kvmeter ${VERSION}\n` : `kvmeter ${VERSION} (commit ${builtFrom})\n`;
}
