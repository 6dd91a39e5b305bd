import { request } from "node:http";
import { text } from "node:stream/consumers";

import { KvmeterError, messageOf } from "../errors.ts";
import { formatAddress, type ListenAddress } from "../local-endpoint/address.ts";
import type { CommandContext, ExitCode } from "./command.ts";
import { AGENT_FLAGS, helpOf, parseFlags, refuse } from "./flags.ts";
import { loadSettings } from "./settings.ts";

export const SYNTAX = {
  usage: "kvmeter health [options]",
  about: `Asks the local endpoint of the agent on this machine whether it cycles, prints the answer, and
exits with 0 or 1. For container runtimes and others that take a command as their check.`,
  flags: {
    config: AGENT_FLAGS.config,
    ready: { help: "Ask whether it does its work: a source was read and a destination took data." },
  },
  examples: { "kvmeter health -c /etc/kvmeter/kvmeter.yaml": "Its exit code is the agent's health." },
} as const;

const TIMEOUT_MS = 4000;

/** An agent that listens everywhere is reached through loopback. */
const EVERYWHERE: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };

/** `kvmeter health`: what the local endpoint says of the agent. */
export async function run(args: readonly string[], context: CommandContext): Promise<ExitCode> {
  const values = parseFlags(args, SYNTAX);
  if (values === undefined) {
    context.stdout.write(helpOf(SYNTAX));
    return 0;
  }
  const { listen } = loadSettings(values, context, SYNTAX).configuration;
  if (listen === undefined) {
    return refuse("the configuration has no local endpoint to ask: give it listen: 127.0.0.1:9560", SYNTAX);
  }
  const { status, body } = await ask(listen, values.ready ? "/readyz" : "/healthz");
  context.stdout.write(body);
  return status === 200 ? 0 : 1;
}

async function ask({ host, port }: ListenAddress, path: string): Promise<{ status: number; body: string }> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const asked = { host: EVERYWHERE[host] ?? host, port };
  try {
    return await new Promise((resolve, reject) => {
      const call = request({ ...asked, path, signal, agent: false }, (response) => {
        text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
      });
      call.on("error", reject).end();
    });
  } catch (cause) {
    const reason = signal.aborted ? `no answer within ${TIMEOUT_MS} ms` : messageOf(cause);
    const problem = `Cannot ask the local endpoint at ${formatAddress(asked)}: ${reason}; see whether the agent runs with this configuration`;
    throw new KvmeterError("ENDPOINT_SILENT", problem, { cause });
  }
}
