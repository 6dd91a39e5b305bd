import { setTimeout as sleep } from "node:timers/promises";

import { systemClock } from "../src/clock.ts";
import { DOMAIN_ROWS } from "../src/metrics/definitions.ts";
import { DomainMeter } from "../src/metrics/domain-meter.ts";
import type { ResourcePoints } from "../src/metrics/points.ts";
import { requiredGroups, selectRows, unusedScopes } from "../src/metrics/selection.ts";
import { encodeCycle } from "../src/otlp/encode.ts";
import { kvmeterScope } from "../src/otlp/scope.ts";
import { HypervisorSource } from "../src/readings/hypervisor-source.ts";
import { startHypervisor } from "./children.ts";
import { type BenchResult, median, printResult } from "./result.ts";
import { type SdkCycle, sdkWithOneResource, sdkWithResourcePerDomain } from "./sdk.ts";

const DOMAINS = 1000;
const WARM_UP_ROUNDS = 12;
const ROUNDS = 45;
/** In less there are disks without an operation, and a latency that is there in every other cycle is no steady state. */
const APART_MS = 1000;
const SCOPE = kvmeterScope("0.0.0");

/** From readings to bytes, against the JavaScript SDK's collect and serialise of the same points, in one process. */
export async function run(): Promise<BenchResult> {
  const hypervisor = await startHypervisor(DOMAINS);
  // Without the histograms, which few domains have: the SDK cannot observe them.
  const rows = selectRows(DOMAIN_ROWS).filter(({ kind }) => kind !== "histogram");
  const source = new HypervisorSource({
    uri: hypervisor.address,
    timeoutMs: 30_000,
    groups: requiredGroups(rows),
    unusedScopes: unusedScopes(rows),
    wanted: () => true,
    clock: systemClock,
  });
  const { signal } = new AbortController();
  const meter = new DomainMeter({ rows });
  let points: readonly ResourcePoints[] = [];
  let bytes: Buffer<ArrayBuffer> | undefined;

  const build = async (): Promise<number> => {
    await sleep(APART_MS);
    const reading = await source.read(signal);
    return cpuMs(() => (points = meter.update(reading)));
  };
  // As in the agent, which has compressed the bytes of the cycle before by now.
  const encode = (): Promise<number> => cpuMs(() => ({ bytes } = encodeCycle(points, SCOPE, bytes)));

  const first = { build: await build(), encode: await encode() };
  const steady = await repeat(async () => ({ build: await build(), encode: await encode() }));
  // Afterwards, so that the one's garbage and heap do not slow down the other.
  const perDomain = sdkWithResourcePerDomain(points);
  const single = sdkWithOneResource(points);
  const sdkFirst = Math.min(await cpuMs(perDomain), await cpuMs(single));
  // Each after a reading, as kvmeter's: right after one another half of it would still be in the caches.
  const afterReading = async (cycle: SdkCycle): Promise<number> => {
    await build();
    return cpuMs(cycle);
  };
  const sdkSteady = await repeat(async () => ({
    perDomain: await afterReading(perDomain),
    single: await afterReading(single),
  }));
  await source.close();
  await hypervisor.stop();

  const count = countPoints(points);
  const own = steady.map((round) => round.build + round.encode);
  const sdk = sdkSteady.map((round) => Math.min(round.perDomain, round.single));
  return {
    name: `Building and encoding the points of ${DOMAINS.toLocaleString("en")} domains`,
    method:
      `Readings of a simulated hypervisor, a second apart and each with other values, to bytes; then, after as many more ` +
      `readings, the SDK observes, collects and serialises the same points, in two ways of which the faster counts. ` +
      `CPU of all threads, the garbage collector's included; ${ROUNDS} cycles after ${WARM_UP_ROUNDS}.`,
    rows: [
      { label: "points", value: count, unit: "" },
      { label: "kvmeter: build, first reading", value: first.build, unit: "ms" },
      { label: "kvmeter: encode, first cycle", value: first.encode, unit: "ms" },
      { label: "kvmeter: build, steady", value: median(steady.map((round) => round.build)), unit: "ms" },
      { label: "kvmeter: encode, steady", value: median(steady.map((round) => round.encode)), unit: "ms" },
      { label: "kvmeter: build + encode, least", value: Math.min(...own), unit: "ms" },
      { label: "kvmeter: build + encode, median", value: median(own), unit: "ms" },
      { label: "kvmeter: build + encode, a point", value: (median(own) * 1e6) / count, unit: "ns" },
      { label: "kvmeter: size of a cycle", value: (bytes?.length ?? 0) / 1e6, unit: "MB" },
      { label: "SDK: collect + serialise, first cycle", value: sdkFirst, unit: "ms" },
      { label: "SDK: collect + serialise, least", value: Math.min(...sdk), unit: "ms" },
      { label: "SDK: collect + serialise, median", value: median(sdk), unit: "ms" },
      { label: "SDK / kvmeter, first cycle", value: sdkFirst / (first.build + first.encode), unit: "x" },
      { label: "SDK / kvmeter, steady, least", value: Math.min(...sdk) / Math.min(...own), unit: "x" },
      { label: "SDK / kvmeter, steady, median", value: median(sdk) / median(own), unit: "x" },
    ],
  };
}

async function repeat<Round>(cycle: () => Promise<Round>): Promise<Round[]> {
  const rounds: Round[] = [];
  for (let number = 0; number < WARM_UP_ROUNDS + ROUNDS; number += 1) rounds.push(await cycle());
  return rounds.slice(WARM_UP_ROUNDS);
}

async function cpuMs(action: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await action();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function countPoints(all: readonly ResourcePoints[]): number {
  let count = 0;
  for (const { metrics } of all) for (const { points } of metrics) count += points.length;
  return count;
}

if (import.meta.main) printResult(await run());
