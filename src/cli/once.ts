import { KvmeterError } from "../errors.ts";
import type { ResourcePoints } from "../metrics/points.ts";
import { VERSION } from "../version.ts";
import type { CommandContext, ExitCode, Output } from "./command.ts";
import { AGENT_FLAGS, helpOf, parseFlags, type FlagValues } from "./flags.ts";
import { loadSettings } from "./settings.ts";
import { terminalSize } from "./terminal-size.ts";

export const SYNTAX = {
  usage: "kvmeter once [options]",
  about: `Reads every domain once, prints what was read, and exits. Sends nothing.
It takes two readings a second apart, because utilization is a change over time.`,
  flags: {
    ...AGENT_FLAGS,
    format: {
      value: "FORMAT",
      choices: ["table", "json", "otlp-json"],
      default: "table",
      help: "json is a stable interface for scripts.",
    },
    domain: { value: "NAME", help: "Every value of the domain of this name or uuid." },
  },
  examples: {
    "kvmeter once": "A line for each domain.",
    "kvmeter once --domain web1": "Every value of one.",
    "kvmeter once --format json | jq '.[].resource'": "For scripts.",
  },
} as const satisfies Parameters<typeof helpOf>[0];

/** `kvmeter once`: one cycle on standard output. */
export async function run(args: readonly string[], context: CommandContext): Promise<ExitCode> {
  const values = parseFlags(args, SYNTAX);
  if (values === undefined) {
    context.stdout.write(helpOf(SYNTAX));
    return 0;
  }
  const { configuration } = loadSettings(values, context, SYNTAX);
  const [{ createLogger }, { collectOnce }] = await Promise.all([
    import("../log.ts"),
    import("../collect-once.ts"),
  ]);
  // Without a file nobody asked for more than what went wrong.
  const level = values.config === undefined ? "warn" : configuration.log.level;
  const { secrets } = configuration;
  const log = await createLogger({ ...configuration.log, level, stream: context.stderr, secrets });
  const { signal } = context;
  const all = await collectOnce(configuration, { log, signal }).catch(ignoreAfterAbort(signal));
  if (all === undefined) return 1;
  await print(ofDomain(all, values.domain), values, context.stdout);
  return 0;
}

/** Whoever stopped the command knows that it did not finish. */
function ignoreAfterAbort(signal: AbortSignal): (error: unknown) => undefined {
  return (error) => {
    if (!signal.aborted) throw error;
  };
}

function ofDomain(all: readonly ResourcePoints[], domain: string | undefined): readonly ResourcePoints[] {
  if (domain === undefined) return all;
  const chosen = all.filter(({ resource: { attributes } }) =>
    [attributes["libvirt.domain.name"], attributes["libvirt.domain.uuid"]].includes(domain),
  );
  if (chosen.length > 0) return chosen;
  throw new KvmeterError(
    "USAGE",
    `Cannot show a domain: none is called "${domain}"; kvmeter once lists them`,
  );
}

async function print(
  all: readonly ResourcePoints[],
  { format, domain }: FlagValues<typeof SYNTAX.flags>,
  stdout: Output,
): Promise<void> {
  if (format === "json") {
    const { toJson } = await import("../metrics/json.ts");
    stdout.write(`${JSON.stringify(toJson(all), undefined, 2)}\n`);
  } else if (format === "otlp-json") {
    const [{ toOtlpJson }, { kvmeterScope }] = await Promise.all([
      import("../otlp/otlp-json.ts"),
      import("../otlp/scope.ts"),
    ]);
    stdout.write(`${JSON.stringify(toOtlpJson(all, kvmeterScope(VERSION)), undefined, 2)}\n`);
  } else {
    const { domainsTable, valuesTable } = await import("./once-table.ts");
    stdout.write(domain === undefined ? domainsTable(all, terminalSize(stdout).columns) : valuesTable(all));
  }
}
