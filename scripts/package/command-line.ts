import { COMMANDS } from "../../src/cli/commands.ts";
import type { Flag, Syntax } from "../../src/cli/flags.ts";

/** Every command takes it, so no table has it. */
const HELP: Flag = { short: "h", help: "Show this." };

/** One subcommand, as the manual page and the shells' completions need it. */
export interface CommandDescription {
  readonly name: string;
  readonly summary: string;
  readonly syntax: Syntax;
  /** Its options by name, `help` included. */
  readonly flags: readonly (readonly [name: string, flag: Flag])[];
  /** Words that its usage offers in the place of the first argument: `kvmeter config print|schema|validate`. */
  readonly words: readonly string[];
}

/** All subcommands, in the order of the help. */
export async function describeCommands(): Promise<CommandDescription[]> {
  const rows = Object.entries(COMMANDS);
  return Promise.all(
    rows.map(async ([name, { summary, load }]) => {
      const { SYNTAX: syntax } = await load();
      const [, , argument = ""] = syntax.usage.split(" ");
      const names = name === "help" ? rows.map(([command]) => command) : [];
      return {
        name,
        summary,
        syntax,
        flags: [...Object.entries(syntax.flags), ["help", HELP] as const],
        words: argument.includes("|") ? argument.split("|") : names,
      };
    }),
  );
}
