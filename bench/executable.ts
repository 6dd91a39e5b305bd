import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type AgentCommand, buildInstalled, configurationText, logged, measureAgent } from "./agent.ts";
import { startHypervisor, startSink } from "./children.ts";
import { type BenchResult, type BenchRow, median, printResult } from "./result.ts";

const ROOT = join(import.meta.dirname, "..");
const DOMAINS = 100;
/** Of a small host: how much of a start is the agent's own, and how much the domains'. */
const FEW_DOMAINS = 20;
const STARTS = 9;

/** The single executable beside the same agent as npm installs it and as it is developed. */
export async function run(): Promise<BenchResult> {
  const folder = mkdtempSync(join(tmpdir(), "kvmeter-bench-executable-"));
  try {
    const executable = buildExecutable(folder);
    const rows: BenchRow[] = [{ label: "size", value: statSync(executable).size / 1e6, unit: "MB" }];
    const commands: Readonly<Record<string, AgentCommand>> = {
      "the executable": [executable],
      "installed by npm": buildInstalled(),
      "its sources": [process.execPath, join(ROOT, "src/main.ts")],
    };
    for (const [name, command] of Object.entries(commands)) {
      const startsMs = await measureStarts(command, { folder, domains: DOMAINS });
      const fewMs = await measureStarts(command, { folder, domains: FEW_DOMAINS });
      const { residentMb, privateMb } = await measureAgent(command, { domains: DOMAINS });
      rows.push(
        { label: `${name}: start to first export`, value: median(startsMs), unit: "ms" },
        { label: `${name}: the same, ${FEW_DOMAINS} domains`, value: median(fewMs), unit: "ms" },
        { label: `${name}: resident memory`, value: residentMb, unit: "MB" },
        { label: `${name}: of it not files`, value: privateMb, unit: "MB" },
      );
    }
    return {
      name: "The single executable",
      method:
        `\`kvmeter run\` against ${DOMAINS} simulated domains with an interval of 1 s, as above: median of ${STARTS} ` +
        `starts, from the start of the process until a backend has taken the first points; memory after half a minute.`,
      rows,
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Against a hypervisor and a backend that already run, as those of a host do. The first start only warms them. */
async function measureStarts(
  [program, ...args]: AgentCommand,
  { folder, domains }: { readonly folder: string; readonly domains: number },
): Promise<number[]> {
  const [hypervisor, sink] = await Promise.all([startHypervisor(domains), startSink()]);
  const configuration = join(folder, "kvmeter.yaml");
  writeFileSync(configuration, configurationText(hypervisor.address, sink.address));
  const startsMs: number[] = [];
  try {
    for (let start = 0; start <= STARTS; start += 1) {
      const startedMs = performance.now();
      const agent = spawn(program, [...args, "run", "--config", configuration], {
        stdio: ["ignore", "ignore", "pipe"],
      });
      await logged(agent.stderr, "Export works");
      if (start > 0) startsMs.push(performance.now() - startedMs);
      agent.kill("SIGKILL");
    }
    return startsMs;
  } finally {
    await Promise.all([hypervisor.stop(), sink.stop()]);
  }
}

function buildExecutable(folder: string): string {
  const { status } = spawnSync(
    process.execPath,
    [join(ROOT, "scripts/build-executable.ts"), "--out", folder],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  if (status !== 0) throw new Error("the build failed");
  return join(folder, `kvmeter-linux-${process.arch}`);
}

if (import.meta.main) printResult(await run());
