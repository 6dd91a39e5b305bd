import { suggestion } from "../config/nearest.ts";
import { KvmeterError } from "../errors.ts";
import type { CommandContext, ExitCode } from "./command.ts";
import { COMMANDS } from "./commands.ts";

export const SYNTAX = {
  usage: "kvmeter help [command]",
  about: "Shows all commands, or the options of one.",
  flags: {},
} as const;

/** `kvmeter help [command]`. */
export async function run(args: readonly string[], context: CommandContext): Promise<ExitCode> {
  const [name] = args;
  if (name === undefined || name === "help" || name.startsWith("-")) {
    context.stdout.write(overview());
    return 0;
  }
  return (await loadCommand(name)).run(["--help"], context);
}

/**
 * The subcommand of a name.
 * @throws KvmeterError USAGE that names the nearest one
 */
export async function loadCommand(name: string): ReturnType<(typeof COMMANDS)[string]["load"]> {
  const row = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (row !== undefined) return row.load();
  const near = suggestion(name, Object.keys(COMMANDS));
  const message = `Cannot read the command line: unknown command "${name}"${near}; see kvmeter --help`;
  throw new KvmeterError("USAGE", message);
}

function overview(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  const rows = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}\n`);
  return `kvmeter [command] [options]

Reads every virtual machine of a KVM host from libvirt and pushes OpenTelemetry metrics over OTLP.

Commands
${rows.join("")}
kvmeter COMMAND --help shows the options of a command.

Exit codes
  0  ok    1  failure    2  wrong command line or configuration
`;
}
