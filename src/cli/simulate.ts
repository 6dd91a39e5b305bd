import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { parseFault, startSimulator } from "../simulator/index.ts";
import type { CommandContext, ExitCode } from "./command.ts";
import { countFlag, helpOf, parseFlags } from "./flags.ts";

const MAX_DOMAINS = 100_000;

export const SYNTAX = {
  usage: "kvmeter simulate [options]",
  about: `Runs a simulated libvirtd: the real protocol on a unix socket, domains with believable load.
Prints the URI to connect with, for kvmeter, virsh and any other libvirt client, and runs until
SIGINT or SIGTERM.`,
  flags: {
    socket: {
      value: "PATH",
      help: "Where to listen. Default libvirt-simulated-PID.sock in the temporary directory.",
    },
    domains: { value: "N", help: "How many domains there are.", default: "12" },
    seed: { value: "N", help: "Equal seeds give equal domains.", default: "1" },
    churn: { help: "One domain comes and goes." },
    fault: { value: "FAULT", help: "What goes wrong; can be given several times.", multiple: true },
  },
  examples: {
    "kvmeter simulate --domains 100 --fault hang:vm-3": "A hypervisor with one domain that hangs.",
    "kvmeter simulate --fault delay:500ms --fault restart:30s:2s": "A slow daemon that restarts every 30 s.",
  },
} as const;

/** `kvmeter simulate`: only the simulated hypervisor. */
export async function run(args: readonly string[], context: CommandContext): Promise<ExitCode> {
  const values = parseFlags(args, SYNTAX);
  if (values === undefined) {
    context.stdout.write(helpOf(SYNTAX));
    return 0;
  }
  const simulator = await startSimulator({
    socketPath: values.socket ?? join(tmpdir(), `libvirt-simulated-${process.pid}.sock`),
    domains: countFlag("domains", values.domains, { min: 0, max: MAX_DOMAINS, syntax: SYNTAX }),
    seed: countFlag("seed", values.seed, { min: 0, max: 2 ** 31 - 1, syntax: SYNTAX }),
    scenario: values.churn ? "demo" : "still",
    faults: values.fault.map(parseFault),
  });
  context.stdout.write(`${simulator.uri}\n`);
  if (!context.signal.aborted) await once(context.signal, "abort");
  await simulator.stop();
  return 0;
}
