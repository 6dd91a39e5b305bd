import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { systemClock } from "../src/clock.ts";
import { DOMAIN_ROWS } from "../src/metrics/definitions.ts";
import { DomainMeter } from "../src/metrics/domain-meter.ts";
import type { ResourcePoints } from "../src/metrics/points.ts";
import { requiredGroups, selectRows, unusedScopes } from "../src/metrics/selection.ts";
import { HypervisorSource } from "../src/readings/hypervisor-source.ts";
import { startSimulator } from "../src/simulator/index.ts";
import { SHAPE } from "./children.ts";
import { type BenchResult, median, printResult } from "./result.ts";

const DOMAINS = 1000;
const WARM_UP_ROUNDS = 5;
const ROUNDS = 15;

/** Readings of 1,000 domains to points. */
export async function run(): Promise<BenchResult> {
  const folder = mkdtempSync(join(tmpdir(), "kvmeter-bench-"));
  const simulator = await startSimulator({
    socketPath: join(folder, "libvirt-sock"),
    domains: DOMAINS,
    shape: SHAPE,
  });
  const rows = selectRows(DOMAIN_ROWS);
  const source = new HypervisorSource({
    uri: simulator.uri,
    timeoutMs: 30_000,
    groups: requiredGroups(rows),
    unusedScopes: unusedScopes(rows),
    wanted: () => true,
    clock: systemClock,
  });
  const meter = new DomainMeter({ rows });
  const { signal } = new AbortController();
  const roundsMs: number[] = [];
  let points = 0;
  for (let round = 0; round <= WARM_UP_ROUNDS + ROUNDS; round += 1) {
    const reading = await source.read(signal);
    const start = performance.now();
    const made = meter.update(reading);
    roundsMs.push(performance.now() - start);
    points = countPoints(made);
  }
  await source.close();
  await simulator.stop();
  rmSync(folder, { recursive: true });
  const steadyMs = median(roundsMs.slice(1 + WARM_UP_ROUNDS));
  return {
    name: `Readings of ${DOMAINS.toLocaleString("en")} domains to points`,
    method: `Median of ${ROUNDS} readings after ${1 + WARM_UP_ROUNDS}. The first one makes every series.`,
    rows: [
      { label: "points", value: points, unit: "" },
      { label: "first reading", value: roundsMs[0] ?? Number.NaN, unit: "ms" },
      { label: "steady", value: steadyMs, unit: "ms" },
      { label: "steady, a point", value: (steadyMs * 1e6) / points, unit: "ns" },
    ],
  };
}

function countPoints(made: readonly ResourcePoints[]): number {
  let count = 0;
  for (const { metrics } of made) for (const { points } of metrics) count += points.length;
  return count;
}

if (import.meta.main) printResult(await run());
