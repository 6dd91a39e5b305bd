import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { startHypervisor, startSink } from "./children.ts";
import { type BenchResult, type BenchRow, printResult } from "./result.ts";

const ROOT = join(import.meta.dirname, "..");
/** USER_HZ, which is 100 on every Linux that Node runs on. */
const MS_PER_TICK = 10;
/** V8 has compiled what is hot, and the heap has found its size. */
const WARM_UP_MS = 15_000;
const MEASURED_CYCLES = 20;

/** How the agent is started; what follows are its arguments. */
export type AgentCommand = readonly [program: string, ...args: string[]];

export interface AgentLoad {
  readonly domains: number;
  readonly warmUpMs?: number;
  readonly cycles?: number;
}

/** The installed agent as a process of its own, in cycles of a second. */
export async function run(): Promise<BenchResult> {
  const installed = buildInstalled();
  const rows: BenchRow[] = [];
  for (const domains of [100, 1000]) {
    const { cpuMs, residentMb, privateMb, firstExportMs } = await measureAgent(installed, { domains });
    const label = (what: string): string => `${domains.toLocaleString("en")} domains: ${what}`;
    rows.push(
      { label: label("CPU of a cycle"), value: cpuMs, unit: "ms" },
      { label: label("resident memory"), value: residentMb, unit: "MB" },
      { label: label("of it not Node's own files"), value: privateMb, unit: "MB" },
      { label: label("start to first export"), value: firstExportMs, unit: "ms" },
    );
  }
  return {
    name: "The agent as it is installed",
    method:
      `\`kvmeter run\` with an interval of 1 s, measured from outside in /proc: CPU over ${MEASURED_CYCLES} cycles, ` +
      `memory at their end, ${WARM_UP_MS / 1000} s after the start at the earliest. MB are 10^6 bytes.`,
    rows,
  };
}

/** Compiles the sources, as they are installed. */
export function buildInstalled(): AgentCommand {
  const build = spawnSync(process.execPath, [join(ROOT, "scripts/build.ts")], {
    cwd: ROOT,
    stdio: "inherit",
  });
  if (build.status !== 0) throw new Error("the build failed");
  return [process.execPath, join(ROOT, "dist/main.js")];
}

interface Measured {
  readonly cpuMs: number;
  readonly residentMb: number;
  readonly privateMb: number;
  readonly firstExportMs: number;
}

/** What an agent in cycles of a second takes, against a simulated hypervisor. */
export async function measureAgent(
  [program, ...args]: AgentCommand,
  { domains, warmUpMs = WARM_UP_MS, cycles = MEASURED_CYCLES }: AgentLoad,
): Promise<Measured> {
  const [hypervisor, sink] = await Promise.all([startHypervisor(domains), startSink()]);
  const folder = mkdtempSync(join(tmpdir(), "kvmeter-bench-"));
  const configuration = join(folder, "kvmeter.yaml");
  writeFileSync(configuration, configurationText(hypervisor.address, sink.address));
  const startedMs = performance.now();
  const agent = spawn(program, [...args, "run", "--config", configuration], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  try {
    await logged(agent.stderr, "Export works");
    const firstExportMs = performance.now() - startedMs;
    const { pid } = agent;
    if (pid === undefined) throw new Error("the agent did not start");
    await sleep(warmUpMs);
    const beforeMs = cpuMsOf(pid);
    await sleep(cycles * 1000);
    return { cpuMs: (cpuMsOf(pid) - beforeMs) / cycles, ...memoryOf(pid), firstExportMs };
  } finally {
    agent.kill();
    await Promise.all([hypervisor.stop(), sink.stop()]);
    rmSync(folder, { recursive: true });
  }
}

/** An agent's configuration for one hypervisor and one backend. */
export function configurationText(uri: string, endpoint: string): string {
  return `libvirt: [{ uri: "${uri}" }]
interval: 1s
export: [{ preset: collector, protocol: http/protobuf, endpoint: "${endpoint}" }]
`;
}

/** Resolves when a log says the text. */
export async function logged(lines: AsyncIterable<Buffer>, text: string): Promise<void> {
  let log = "";
  for await (const chunk of lines) {
    log += chunk.toString();
    if (log.includes(text)) return;
  }
  throw new Error(`the agent ended: ${log}`);
}

function cpuMsOf(pid: number): number {
  // The second field is the command in brackets and can hold anything; utime and stime are the 14th and 15th.
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
}

function memoryOf(pid: number): { residentMb: number; privateMb: number } {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const megabytes = (name: string): number =>
    (Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) * 1024) / 1e6;
  return { residentMb: megabytes("VmRSS"), privateMb: megabytes("RssAnon") };
}

if (import.meta.main) printResult(await run());
