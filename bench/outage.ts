import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { type AgentCommand, buildInstalled } from "./agent.ts";
import { startHypervisor, startSink } from "./children.ts";
import { type BenchResult, type BenchRow, median, printResult } from "./result.ts";

const DOMAINS = 100;
/** An hour of cycles of 10 s. */
const CYCLES = 360;
const INTERVAL_MS = 250;
/** Memory is looked at over the last cycles, a look in each second. */
const LOOKS = 30;

/** Nobody listens there, and nobody will: a port of its own for a service that nobody has any more. */
const NOWHERE = "http://127.0.0.1:9/v1/metrics";

/** Memory of the agent over as many cycles as an hour has, with a backend that is well and with one that is away. */
export async function run(): Promise<BenchResult> {
  const command = buildInstalled();
  const [hypervisor, sink] = await Promise.all([startHypervisor(DOMAINS), startSink()]);
  try {
    const measure = (endpoint: string, isDurable: boolean): Promise<Measured> =>
      measureAgent({ command, uri: hypervisor.address, endpoint, isDurable });
    const [healthy, outage] = await Promise.all([measure(sink.address, true), measure(NOWHERE, true)]);
    const [healthyInMemory, inMemory] = await Promise.all([
      measure(sink.address, false),
      measure(NOWHERE, false),
    ]);
    return {
      name: "An hour without the backend",
      method:
        `\`kvmeter run\` with ${DOMAINS} domains over ${CYCLES} cycles, which are an hour of 10 s each, here every ` +
        `${INTERVAL_MS} ms: resident memory at the end, the median of ${LOOKS} looks, and the most that there ever ` +
        `was. MB are 10^6 bytes.`,
      rows: [
        ...rowsOf("backend well", healthy),
        ...rowsOf("backend away", outage),
        { label: "away, more than well", value: outage.residentMb - healthy.residentMb, unit: "MB" },
        { label: "away: queue on disk", value: outage.queueMb, unit: "MB" },
        ...rowsOf("well, no state directory", healthyInMemory),
        ...rowsOf("away, no state directory", inMemory),
        {
          label: "no state directory: away, more than well",
          value: inMemory.residentMb - healthyInMemory.residentMb,
          unit: "MB",
        },
      ],
    };
  } finally {
    await Promise.all([hypervisor.stop(), sink.stop()]);
  }
}

interface Measured {
  readonly residentMb: number;
  readonly peakMb: number;
  readonly queueMb: number;
}

function rowsOf(label: string, { residentMb, peakMb }: Measured): BenchRow[] {
  return [
    { label: `${label}: resident memory`, value: residentMb, unit: "MB" },
    { label: `${label}: its peak`, value: peakMb, unit: "MB" },
  ];
}

async function measureAgent({
  command: [program, ...args],
  uri,
  endpoint,
  isDurable,
}: {
  readonly command: AgentCommand;
  readonly uri: string;
  readonly endpoint: string;
  readonly isDurable: boolean;
}): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), "kvmeter-bench-"));
  const configuration = join(folder, "kvmeter.yaml");
  writeFileSync(
    configuration,
    `libvirt: [{ uri: "${uri}" }]
interval: ${INTERVAL_MS}ms
${isDurable ? "state_directory: state" : ""}
export: [{ preset: collector, protocol: http/protobuf, endpoint: "${endpoint}" }]
`,
  );
  const agent = spawn(program, [...args, "run", "--config", configuration], {
    stdio: "ignore",
  });
  try {
    await sleep(CYCLES * INTERVAL_MS - LOOKS * 1000);
    const residentMb: number[] = [];
    for (let look = 0; look < LOOKS; look += 1) {
      await sleep(1000);
      residentMb.push(megabytesOf(agent, "VmRSS"));
    }
    const queueMb = isDurable ? statSync(join(folder, "state/kvmeter.db")).size / 1e6 : 0;
    return { residentMb: median(residentMb), peakMb: megabytesOf(agent, "VmHWM"), queueMb };
  } finally {
    agent.kill("SIGKILL");
    rmSync(folder, { recursive: true });
  }
}

function megabytesOf({ pid, exitCode }: ChildProcess, name: string): number {
  if (exitCode !== null) throw new Error(`the agent ended with ${exitCode}`);
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return (Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) * 1024) / 1e6;
}

if (import.meta.main) printResult(await run());
