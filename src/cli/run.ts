import { keepHeapSmall } from "../heap.ts";
import type { CommandContext, ExitCode } from "./command.ts";
import { AGENT_FLAGS, helpOf, parseFlags } from "./flags.ts";
import { loadSettings } from "./settings.ts";

export const SYNTAX = {
  usage: "kvmeter run [options]",
  about: `Reads every domain in each interval and sends what was read, until SIGINT or SIGTERM.
Without a configuration file: the local hypervisor, every 10 s, to the destination that the
OTEL_EXPORTER_OTLP_* environment names, or else to http://localhost:4318.`,
  flags: {
    ...AGENT_FLAGS,
    interval: { value: "DURATION", help: "Time from one cycle to the next, such as 10s." },
  },
  examples: {
    "kvmeter run -c /etc/kvmeter/kvmeter.yaml": "As a service runs it.",
    "OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318 kvmeter": "Without a file.",
  },
} as const;

/** `kvmeter run`: the agent. Resolves after an orderly stop. */
export async function run(args: readonly string[], context: CommandContext): Promise<ExitCode> {
  const values = parseFlags(args, SYNTAX);
  if (values === undefined) {
    context.stdout.write(helpOf(SYNTAX));
    return 0;
  }
  keepHeapSmall();
  const { configuration } = loadSettings(values, context, SYNTAX);
  const [{ createLogger }, { runAgent }] = await Promise.all([import("../log.ts"), import("../agent.ts")]);
  const { secrets, warnings } = configuration;
  const log = await createLogger({ ...configuration.log, stream: context.stderr, secrets });
  for (const warning of warnings) log.warn({}, warning);
  await runAgent(configuration, { log, signal: context.signal, env: context.env });
  return 0;
}
