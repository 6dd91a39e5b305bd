import type { LoadedConfiguration } from "../config/load.ts";
import type { CommandContext, ExitCode } from "./command.ts";
import { AGENT_FLAGS, helpOf, parseFlags } from "./flags.ts";
import { loadSettings } from "./settings.ts";

export const SYNTAX = {
  usage: "kvmeter check [options]",
  about: `Looks at everything that the agent needs: configuration, libvirt and every VM, the host,
the state directory, the clock, and each destination by a real request. Says what is well, what
is missing, and how to mend it. Changes nothing; a destination gets two metrics of its own.
Exit code 0 when no data is lost, 1 when some is (fail), 2 for a wrong configuration.`,
  flags: {
    ...AGENT_FLAGS,
    format: {
      value: "FORMAT",
      choices: ["text", "json"],
      default: "text",
      help: "json is a stable interface for scripts.",
    },
    strict: { help: "Exit code 1 for warnings, too." },
  },
  examples: {
    "kvmeter check -c /etc/kvmeter/kvmeter.yaml": "Before the first start, and when something is missing.",
    "kvmeter check --format json | jq '.findings[] | select(.state == \"warn\")'": "For scripts.",
  },
} as const satisfies Parameters<typeof helpOf>[0];

/** `kvmeter check`. */
export async function run(args: readonly string[], context: CommandContext): Promise<ExitCode> {
  const values = parseFlags(args, SYNTAX);
  const { stdout, env, signal } = context;
  if (values === undefined) {
    stdout.write(helpOf(SYNTAX));
    return 0;
  }
  const [{ runCheck }, { configurationFailure }, { countStates, worstOf }, { secretHider }] =
    await Promise.all([
      import("../check/check.ts"),
      import("../check/configuration.ts"),
      import("../check/verdict.ts"),
      import("../log.ts"),
    ]);
  const print = async (findings: Awaited<ReturnType<typeof runCheck>>, hide: (text: string) => string) => {
    if (values.format === "json") {
      const { toCheckJson } = await import("../check/json.ts");
      stdout.write(`${hide(JSON.stringify(toCheckJson(findings), undefined, 2))}\n`);
      return;
    }
    const [{ renderCheck }, { inkOf, painterFor }] = await Promise.all([
      import("../check/text.ts"),
      import("../top/paint.ts"),
    ]);
    stdout.write(hide(renderCheck(findings, painterFor(stdout.isTTY === true ? inkOf(env) : "none"))));
  };

  let loaded: LoadedConfiguration;
  try {
    loaded = loadSettings(values, context, SYNTAX);
  } catch (error) {
    const findings = configurationFailure(error, values.config);
    if (findings === undefined) throw error;
    await print(findings, (text) => text);
    return 2;
  }
  const findings = await runCheck(loaded, { file: values.config, signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  // Whoever stopped the command knows that it did not finish.
  if (findings === undefined) return 1;
  await print(findings, secretHider(loaded.configuration.secrets));
  const worst = worstOf(countStates(findings));
  return worst === "fail" || (values.strict && worst === "warn") ? 1 : 0;
}
