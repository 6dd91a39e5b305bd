import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { systemClock } from "../src/clock.ts";
import {
  connect,
  getAllDomainStats,
  listAllDomains,
  type Procedure,
  XdrReader,
} from "../src/libvirt/index.ts";
import { DOMAIN_ROWS } from "../src/metrics/definitions.ts";
import { selectRows, unusedScopes } from "../src/metrics/selection.ts";
import { createStatisticsReader } from "../src/readings/read-statistics.ts";
import { type DomainShape, startSimulator } from "../src/simulator/index.ts";
import { SHAPE } from "./children.ts";
import { decodeNaively } from "./decode-naive.ts";
import { type BenchResult, type BenchRow, median, printResult } from "./result.ts";

const DOMAINS = 100;
const WARM_UP_ROUNDS = 60;
const ROUNDS = 100;

/** What one bulk reply is made of. */
const SUBJECTS: readonly { readonly label: string; readonly shape: Partial<DomainShape> }[] = [
  { label: "small guests without KVM", shape: { vcpus: 1, disks: 1, nics: 1, kvm: false } },
  { label: "8 vCPUs on KVM", shape: SHAPE },
];

/** Decoding a bulk reply of 100 domains, against a naive decoder, and giving its fields their places. */
export async function run(): Promise<BenchResult> {
  const rows: BenchRow[] = [];
  for (const { label, shape } of SUBJECTS) rows.push(...measure(label, await recordReply(shape)));
  return {
    name: `Decoding a bulk reply of ${DOMAINS} domains`,
    method:
      `Median of ${ROUNDS} rounds after ${WARM_UP_ROUNDS}, alternating. The naive decoder makes a Map, a BigInt and ` +
      `a new string of everything. Readings are by the default rows.`,
    rows,
  };
}

function measure(label: string, reply: Buffer): BenchRow[] {
  const statistics = createStatisticsReader({ unusedScopes: unusedScopes(selectRows(DOMAIN_ROWS)) });
  const decode = () => getAllDomainStats.decode(new XdrReader(reply));
  const read = () => {
    const readAt = systemClock.now();
    return decode().map(({ parameters }) => statistics.read(parameters, readAt));
  };
  const rounds = { own: [] as number[], reading: [] as number[], naive: [] as number[] };
  for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round += 1) {
    const own = timed(decode);
    const reading = timed(read);
    const naive = timed(() => decodeNaively(reply));
    if (round < WARM_UP_ROUNDS) continue;
    rounds.own.push(own);
    rounds.reading.push(reading);
    rounds.naive.push(naive);
  }
  const parameters = decode().reduce((sum, record) => sum + record.parameters.length, 0);
  const own = median(rounds.own);
  const naive = median(rounds.naive);
  return [
    { label: `${label}: parameters`, value: parameters, unit: "" },
    { label: `${label}: size`, value: reply.length / 1e6, unit: "MB" },
    { label: `${label}: decode`, value: own, unit: "ms" },
    { label: `${label}: decode, a parameter`, value: (own * 1e6) / parameters, unit: "ns" },
    { label: `${label}: decode and read`, value: median(rounds.reading), unit: "ms" },
    { label: `${label}: naive decode`, value: naive, unit: "ms" },
    { label: `${label}: naive / own`, value: naive / own, unit: "x" },
  ];
}

function timed(action: () => { readonly length: number } | { readonly size: number }): number {
  const start = performance.now();
  const result = action();
  const durationMs = performance.now() - start;
  if (("size" in result ? result.size : result.length) !== DOMAINS) throw new Error("a domain is missing");
  return durationMs;
}

/** The body of the reply, as the simulator sends it with all groups. */
async function recordReply(shape: Partial<DomainShape>): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), "kvmeter-bench-"));
  const simulator = await startSimulator({
    socketPath: join(folder, "libvirt-sock"),
    domains: DOMAINS,
    shape,
    release: "9.0",
  });
  try {
    const connection = await connect(simulator.uri);
    const domains = await connection.call(listAllDomains, { flags: 0 });
    const reply = await connection.call(asBytes(getAllDomainStats), { domains, groups: 0, flags: 0 });
    await connection.close();
    return reply;
  } finally {
    await simulator.stop();
    rmSync(folder, { recursive: true });
  }
}

function asBytes<Arguments>(procedure: Procedure<Arguments, unknown>): Procedure<Arguments, Buffer> {
  return {
    ...procedure,
    decode: (reader) => Buffer.from(reader.fixedOpaque(reader.remaining)),
  };
}

if (import.meta.main) printResult(await run());
