/**
 * Runs the benchmarks, all or those named, each in a process of its own, and writes docs/benchmarks.md.
 *
 *     npm run bench                       all but those that take many minutes
 *     npm run bench -- decode cycle       these; nothing is written
 *     npm run bench -- --no-write         as without; nothing is written
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { benchmarksDocument } from "./document.ts";
import { type BenchResult, printResult } from "./result.ts";

const BENCHES: Readonly<Record<string, () => Promise<{ run(): Promise<BenchResult> }>>> = {
  decode: () => import("./decode.ts"),
  "hot-path": () => import("./hot-path.ts"),
  cycle: () => import("./cycle.ts"),
  host: () => import("./host.ts"),
  processes: () => import("./processes.ts"),
  agent: () => import("./agent.ts"),
  executable: () => import("./executable.ts"),
  hypervisor: () => import("./hypervisor-cost.ts"),
  outage: () => import("./outage.ts"),
  top: () => import("./top.ts"),
  fleet: () => import("./fleet.ts"),
};

/** Only run when named: it keeps both cores of a small machine busy for ten minutes. */
const ONLY_NAMED = new Set(["fleet"]);

/** How this file calls itself for one benchmark, whose result it then sends to its parent. */
const ALONE = "--alone";

if (process.argv[2] === ALONE) await runAlone(process.argv[3] ?? "");
else await runAll();

async function runAlone(name: string): Promise<void> {
  const bench = await BENCHES[name]?.();
  process.send?.(await bench?.run(), () => process.exit());
}

async function runAll(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { "no-write": { type: "boolean", default: false } },
    allowPositionals: true,
  });
  const unknown = positionals.find((name) => !Object.hasOwn(BENCHES, name));
  if (unknown !== undefined) {
    console.error(`There is no benchmark "${unknown}"; there are ${Object.keys(BENCHES).join(", ")}`);
    process.exit(2);
  }
  const results: BenchResult[] = [];
  const usual = Object.keys(BENCHES).filter((name) => !ONLY_NAMED.has(name));
  for (const name of positionals.length > 0 ? positionals : usual) {
    const result = await runInChild(name);
    printResult(result);
    console.log();
    results.push(result);
  }
  if (values["no-write"] || positionals.length > 0) return;
  const document = join(import.meta.dirname, "../docs/benchmarks.md");
  writeFileSync(document, benchmarksDocument(results, readFileSync(document, "utf8")));
}

/** What one benchmark leaves in the heap and in the compiler does not reach the next. */
async function runInChild(name: string): Promise<BenchResult> {
  const child = fork(import.meta.filename, [ALONE, name]);
  const exit = once(child, "exit");
  const [result] = (await Promise.race([once(child, "message"), exit])) as [BenchResult | number];
  await exit;
  if (typeof result !== "object") throw new Error(`the benchmark ${name} failed`);
  return result;
}
