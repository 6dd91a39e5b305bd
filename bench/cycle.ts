import { setTimeout as sleep } from "node:timers/promises";

import { systemClock } from "../src/clock.ts";
import { DOMAIN_ROWS } from "../src/metrics/definitions.ts";
import { DomainMeter } from "../src/metrics/domain-meter.ts";
import { requiredGroups, selectRows, unusedScopes } from "../src/metrics/selection.ts";
import { cutRequests } from "../src/otlp/batch.ts";
import { encodeCycle } from "../src/otlp/encode.ts";
import { HttpTransport } from "../src/otlp/http.ts";
import { OTLP_DEFAULTS } from "../src/otlp/options.ts";
import { kvmeterScope } from "../src/otlp/scope.ts";
import { HypervisorSource } from "../src/readings/hypervisor-source.ts";
import { startHypervisor, startSink } from "./children.ts";
import { type BenchResult, type BenchRow, median, printResult } from "./result.ts";

const WARM_UP_CYCLES = 12;
const CYCLES = 15;
/** The simulated hypervisor and the sink settle, so that they do not run into the next cycle. */
const PAUSE_MS = 60;

const STAGES = ["read", "points", "encode", "gzip and send"] as const;

type Stage = (typeof STAGES)[number];

/** Milliseconds of one cycle. */
interface Cycle {
  readonly points: number;
  readonly cpuMs: number;
  readonly wallMs: number;
  readonly stageCpuMs: Readonly<Record<Stage, number>>;
}

/** A whole cycle, stage by stage, against a simulated hypervisor and a sink in processes of their own. */
export async function run(): Promise<BenchResult> {
  const rows: BenchRow[] = [];
  for (const domains of [100, 1000]) {
    const cycles = await measure(domains);
    const of = (value: (cycle: Cycle) => number): number => median(cycles.map(value));
    const label = (what: string): string => `${domains.toLocaleString("en")} domains: ${what}`;
    rows.push(
      { label: label("points"), value: of(({ points }) => points), unit: "" },
      { label: label("CPU of a cycle"), value: of(({ cpuMs }) => cpuMs), unit: "ms" },
      ...STAGES.map((stage) => ({
        label: label(`CPU, ${stage}`),
        value: of(({ stageCpuMs }) => stageCpuMs[stage]),
        unit: "ms",
      })),
      {
        label: label("from the first call to the last answer"),
        value: of(({ wallMs }) => wallMs),
        unit: "ms",
      },
    );
  }
  return {
    name: "A cycle, stage by stage",
    method:
      `Read, points, encode, cut, gzip, HTTP, in one process; hypervisor and sink in others. Median of ${CYCLES} ` +
      `cycles after ${WARM_UP_CYCLES}; CPU is user and system of all threads, the garbage collector's included.`,
    rows,
  };
}

async function measure(domains: number): Promise<Cycle[]> {
  const [hypervisor, sink] = await Promise.all([startHypervisor(domains), startSink()]);
  try {
    const cycle = agentCycle(hypervisor.address, sink.address);
    const cycles: Cycle[] = [];
    for (let number = 0; number < WARM_UP_CYCLES + CYCLES; number += 1) {
      const measured = await cycle();
      if (number >= WARM_UP_CYCLES) cycles.push(measured);
      await sleep(PAUSE_MS);
    }
    return cycles;
  } finally {
    await Promise.all([hypervisor.stop(), sink.stop()]);
  }
}

function agentCycle(uri: string, endpoint: string): () => Promise<Cycle> {
  const rows = selectRows(DOMAIN_ROWS);
  const source = new HypervisorSource({
    uri,
    timeoutMs: 10_000,
    groups: requiredGroups(rows),
    unusedScopes: unusedScopes(rows),
    wanted: () => true,
    clock: systemClock,
  });
  const meter = new DomainMeter({ rows });
  const scope = kvmeterScope("0.0.0");
  const { timeoutMs, requestLimitBytes } = OTLP_DEFAULTS;
  const transport = new HttpTransport({
    protocol: "http/protobuf",
    endpoint,
    headers: {},
    compression: "gzip",
    timeoutMs,
    requestLimitBytes,
    tls: {},
  });
  const { signal } = new AbortController();
  return async () => {
    const begunMs = performance.now();
    const marks = [process.cpuUsage()];
    const mark = (): unknown => marks.push(process.cpuUsage());
    const reading = await source.read(signal);
    if (reading.problems[0] !== undefined) throw reading.problems[0];
    mark();
    const points = meter.update(reading);
    mark();
    const requests = cutRequests(encodeCycle(points, scope), requestLimitBytes);
    mark();
    for (const request of requests) {
      const outcome = await transport.export(request);
      if (outcome.status !== "accepted") throw outcome.error;
    }
    mark();
    const cpuMs = marks.map(({ user, system }) => (user + system) / 1000);
    const between = (from: number, to: number): number => (cpuMs[to] ?? 0) - (cpuMs[from] ?? 0);
    return {
      points: requests.reduce((sum, { pointCount }) => sum + pointCount, 0),
      cpuMs: between(0, STAGES.length),
      wallMs: performance.now() - begunMs,
      stageCpuMs: {
        read: between(0, 1),
        points: between(1, 2),
        encode: between(2, 3),
        "gzip and send": between(3, 4),
      },
    };
  };
}

if (import.meta.main) {
  printResult(await run());
  process.exit();
}
