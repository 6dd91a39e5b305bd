import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { runAgent } from "../agent.ts";
import { loadConfiguration } from "../config/load.ts";
import { createLogger } from "../log.ts";
import { startReceiver } from "../receiver/receiver.ts";
import { startSimulator } from "../simulator/index.ts";
import { isDumb } from "../top/paint.ts";
import type { CommandContext, ExitCode } from "./command.ts";
import { Arrivals, type Totals } from "./demo/arrivals.ts";
import { linesView } from "./demo/lines.ts";
import { screenView } from "./demo/screen.ts";
import type { DemoView } from "./demo/view.ts";
import { countFlag, durationFlag, helpOf, parseFlags } from "./flags.ts";
import { formatBytes, formatSeconds } from "./quantity.ts";

export const SYNTAX = {
  usage: "kvmeter demo [options]",
  about: `Starts a simulated hypervisor, the agent and an OTLP receiver, and shows what arrives at the
receiver: a table on a terminal, lines elsewhere and on a dumb one. Nothing else is needed on
this machine, and no VM of it is read.`,
  flags: {
    domains: { value: "N", default: "12", help: "How many domains there are; one more comes and goes." },
    duration: { value: "DURATION", help: "When to end. Default: on a terminal with Ctrl-C, else after 30s." },
    interval: { value: "DURATION", default: "2s", help: "Time from one cycle to the next." },
    seed: { value: "N", default: "1", help: "Equal seeds give equal domains." },
  },
  examples: { "kvmeter demo --duration 30s": "Half a minute, and a summary." },
} as const;

const DEFAULT_DURATION_MS = 30_000;
const DAY_MS = 86_400_000;

interface DemoOptions {
  readonly domains: number;
  readonly seed: number;
  readonly intervalMs: number;
  readonly signal: AbortSignal;
  readonly view: DemoView;
}

/** `kvmeter demo`. Exit code 1 when nothing arrived. */
export async function run(args: readonly string[], context: CommandContext): Promise<ExitCode> {
  const values = parseFlags(args, SYNTAX);
  const { stdout, stderr, env } = context;
  if (values === undefined) {
    stdout.write(helpOf(SYNTAX));
    return 0;
  }
  const domains = countFlag("domains", values.domains, { min: 1, max: 10_000, syntax: SYNTAX });
  const seed = countFlag("seed", values.seed, { min: 0, max: 2 ** 31 - 1, syntax: SYNTAX });
  const asked = durationFlag("duration", values.duration, { min: 1000, max: DAY_MS, syntax: SYNTAX });
  const intervalMs =
    durationFlag("interval", values.interval, { min: 200, max: DAY_MS, syntax: SYNTAX }) ?? 0;
  const onTerminal = stdout.isTTY === true;
  const durationMs = asked ?? (onTerminal ? undefined : DEFAULT_DURATION_MS);
  const ends = durationMs === undefined ? [] : [AbortSignal.timeout(durationMs)];
  const signal = AbortSignal.any([context.signal, ...ends]);

  const view = onTerminal && !isDumb(env) ? screenView(stdout) : linesView(stdout, stderr);
  const begun = performance.now();
  try {
    const totals = await demonstrate({ domains, seed, intervalMs, signal, view });
    view.close();
    stdout.write(summary(totals, (performance.now() - begun) / 1000));
    return totals.points > 0 ? 0 : 1;
  } finally {
    view.close();
  }
}

/** Everything at once in this process, but each part speaks to the next as it would to a stranger. */
async function demonstrate({ domains, seed, intervalMs, signal, view }: DemoOptions): Promise<Totals> {
  const directory = mkdtempSync(join(tmpdir(), "kvmeter-demo-"));
  const cleanUp = () => rmSync(directory, { recursive: true, force: true });
  process.on("exit", cleanUp);
  const arrivals = new Arrivals();
  try {
    const socketPath = join(directory, "libvirt.sock");
    await using stack = new AsyncDisposableStack();
    const simulator = await startSimulator({ socketPath, domains, seed, scenario: "demo" });
    stack.defer(async () => simulator.stop());
    const receiver = await startReceiver({
      protocol: "grpc",
      onMetrics: (resources, request) => {
        const changes = arrivals.take(resources, request);
        if (changes !== undefined) view.update(arrivals, changes);
      },
      onLogs: (resources, request) => arrivals.takeLogs(resources, request),
    });
    stack.defer(async () => receiver.close());
    const { configuration } = loadConfiguration({
      env: {
        OTEL_EXPORTER_OTLP_PROTOCOL: "grpc",
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
        OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
      },
      overrides: { uri: simulator.uri, intervalMs },
    });
    const stream = { write: (line: string) => view.log(line) };
    const log = await createLogger({ level: "warn", format: "pretty", stream });
    // Its hypervisor is simulated, and does not run on this machine.
    const host = { ...configuration.host, enabled: false };
    await runAgent({ ...configuration, host }, { log, signal });
  } finally {
    process.off("exit", cleanUp);
    cleanUp();
  }
  return arrivals.totals;
}

function summary(totals: Totals, seconds: number): string {
  if (totals.points === 0) return "Nothing has arrived at the receiver.\n";
  const { cycles, requests, points, records, bytes, domains, created, destroyed } = totals;
  const what = records === 0 ? `${points} points` : `${points} points and ${records} log records`;
  const size = `${what} in ${requests} requests, ${formatBytes(bytes)}`;
  return `
In ${formatSeconds(seconds)} ${cycles} cycles have arrived over OTLP/gRPC: ${size}.
${domains} domains were seen; ${created} of them came and ${destroyed} went in that time.
`;
}
