import { suggestion } from "../config/nearest.ts";
import type { CommandContext, ExitCode } from "./command.ts";
import { AGENT_FLAGS, helpOf, parseFlags, refuse } from "./flags.ts";
import { loadSettings } from "./settings.ts";

export const SYNTAX = {
  usage: "kvmeter config print|schema|validate [options]",
  about: `print     The configuration in effect, as YAML: defaults, file, environment and this
          command line taken together. Secrets are hidden.
schema    The JSON Schema of the configuration file.
validate  Check the configuration. Exit code 2 and one line for each problem.`,
  flags: {
    ...AGENT_FLAGS,
    interval: { value: "DURATION", help: "Time from one cycle to the next." },
  },
  examples: { "kvmeter config validate -c /etc/kvmeter/kvmeter.yaml": "Check a file before a restart." },
} as const;

type Action = (args: readonly string[], context: CommandContext) => Promise<ExitCode>;

const ACTIONS: Readonly<Record<string, Action>> = {
  async print(args, context) {
    const values = parseFlags(args, SYNTAX);
    if (values === undefined) return help(context);
    const { printConfiguration } = await import("../config/print.ts");
    context.stdout.write(printConfiguration(loadSettings(values, context, SYNTAX)));
    return 0;
  },
  async schema(args, context) {
    if (parseFlags(args, SYNTAX) === undefined) return help(context);
    const { configurationJsonSchema } = await import("../config/json-schema.ts");
    context.stdout.write(`${JSON.stringify(configurationJsonSchema(), undefined, 2)}\n`);
    return 0;
  },
  async validate(args, context) {
    const values = parseFlags(args, SYNTAX);
    if (values === undefined) return help(context);
    const { configuration } = loadSettings(values, context, SYNTAX);
    for (const warning of configuration.warnings) context.stderr.write(`${warning}\n`);
    context.stdout.write(`${values.config ?? "The configuration"} is valid.\n`);
    return 0;
  },
};

/** `kvmeter config print|schema|validate`. */
export async function run(args: readonly string[], context: CommandContext): Promise<ExitCode> {
  const [name, ...rest] = args;
  if (name === "--help" || name === "-h") return help(context);
  const action = name !== undefined && Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  if (action !== undefined) return action(rest, context);
  const names = Object.keys(ACTIONS).join(", ");
  const near = name === undefined ? "" : suggestion(name, Object.keys(ACTIONS));
  const now = name === undefined ? "" : `: current value is "${name}"`;
  return refuse(`what to do must be one of ${names}${near}${now}`, SYNTAX);
}

function help(context: CommandContext): ExitCode {
  context.stdout.write(helpOf(SYNTAX));
  return 0;
}
