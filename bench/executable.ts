import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type AgentCommand, buildInstalled, measureAgent } from "./agent.ts";
import { type BenchResult, type BenchRow, median, printResult } from "./result.ts";

const ROOT = join(import.meta.dirname, "..");
const DOMAINS = 100;
const STARTS = 7;

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
      const startsMs: number[] = [];
      for (let start = 1; start < STARTS; start += 1) {
        const { firstExportMs } = await measureAgent(command, { domains: DOMAINS, warmUpMs: 0, cycles: 0 });
        startsMs.push(firstExportMs);
      }
      const { residentMb, privateMb, firstExportMs } = await measureAgent(command, { domains: DOMAINS });
      rows.push(
        { label: `${name}: start to first export`, value: median([...startsMs, firstExportMs]), unit: "ms" },
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
