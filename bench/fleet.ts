import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { freePorts } from "../test/real/bed/processes.ts";
import { startVictoriaMetrics, type VictoriaMetrics } from "../test/real/bed/victoriametrics.ts";
import { type FleetAccount, storedOf, sumOf } from "./fleet/account.ts";
import { type AgentAccount, startAgents } from "./fleet/agents.ts";
import { createBalancer, Gateway, type Program } from "./fleet/gateways.ts";
import { measureSizes } from "./fleet/sizing.ts";
import { type BenchResult, type BenchRow, printResult } from "./result.ts";

const PROCESSES = 4;
const AGENTS_OF_A_PROCESS = 125;
const AGENTS = PROCESSES * AGENTS_OF_A_PROCESS;
const DOMAINS = 20;
const INTERVAL_MS = 60_000;
/** First cycles read every domain's XML: all at once they would be too much for one event loop of so many. */
const SPREAD_MS = 55_000;
/** The first cycles are over, and the backend knows the series. */
const WARM_UP_MS = 100_000;
const MEASURED_MS = 120_000;
const KILL_AFTER_MS = 60_000;
const AWAY_MS = 30_000;
const AFTERWARDS_MS = 90_000;
/** Every VM has one in every cycle, also one that is busy with something. */
const SERIES = 'libvirt_domain_status{libvirt_domain_state="running"}';

interface Fleet {
  readonly folder: string;
  readonly backend: VictoriaMetrics;
  readonly gateways: readonly [Gateway, Gateway];
  readonly balancer: Program;
  readonly endpoint: string;
}

/** Many agents, a balancer, two Collectors and a backend on one machine: what it costs, and that nothing is lost. */
export async function run(): Promise<BenchResult> {
  const folder = mkdtempSync(join(tmpdir(), "kvmeter-fleet-"));
  try {
    const fleet = await startFleet(folder);
    try {
      const [sizes, calm] = await Promise.all([measureSizes(folder), runCalm(fleet)]);
      const storm = await runWithKill(fleet);
      await sleep(3000);
      await fleet.backend.flush();
      const stored = storedOf(await fleet.backend.export(SERIES));
      const toldSamples = (calm.account.cycles + storm.account.cycles) * DOMAINS;
      return {
        name: `A fleet: ${AGENTS} agents with ${DOMAINS} VMs each`,
        method:
          `Sizes: agents with 20 and with 60 VMs over two minutes of 10 s cycles; what they differ by is the VMs'. ` +
          `Fleet: ${AGENTS} agents in ${PROCESSES} processes, each agent with a state directory and a simulated ` +
          `hypervisor of its own in the same event loop, without the host's own readings; an interval of ` +
          `${INTERVAL_MS / 1000} s; over gRPC through HAProxy to two Collectors, and by remote write to one ` +
          `VictoriaMetrics, with the files of config/fleet/ as they are. Measured over ${MEASURED_MS / 1000} s; then ` +
          `again, with one of the Collectors killed (SIGKILL) and away for ${AWAY_MS / 1000} s. MB are 10^6 bytes.`,
        rows: [
          ...sizes,
          ...calm.rows,
          ...storm.rows,
          { label: "both: VMs in the backend", value: stored.domains, unit: "" },
          { label: `both: samples of \`${SERIES}\` that were made`, value: toldSamples, unit: "" },
          { label: "both: of these not in the backend", value: toldSamples - stored.samples, unit: "" },
          { label: "both: of these there twice, as sent again", value: stored.repeated, unit: "" },
        ],
      };
    } finally {
      await Promise.all([fleet.balancer.end(), ...fleet.gateways.map((gateway) => gateway.end())]);
      await fleet.backend.stop();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function startFleet(folder: string): Promise<Fleet> {
  const backend = await startVictoriaMetrics(["-memory.allowedBytes=2GB"]);
  const ports = await freePorts(6);
  const remoteWriteUrl = `${backend.url}/api/v1/write`;
  const gateway = (number: number): Gateway =>
    new Gateway(ports.slice(3 * number, 3 * number + 3), {
      remoteWriteUrl,
      logPath: join(folder, `gateway-${number}.log`),
    });
  const gateways = [gateway(0), gateway(1)] as const;
  await Promise.all(gateways.map((one) => one.start()));
  const { program, endpoint } = await createBalancer(gateways, join(folder, "balancer.log"));
  await program.start();
  return { folder, backend, gateways, balancer: program, endpoint };
}

/** Agents that do their work until `during` is over. */
async function withAgents(
  { folder, endpoint }: Fleet,
  name: string,
  during: () => Promise<void>,
): Promise<FleetAccount> {
  const place = join(folder, name);
  mkdirSync(place);
  const agents = await startAgents(PROCESSES, {
    agents: AGENTS_OF_A_PROCESS,
    firstSeed: 1,
    domains: DOMAINS,
    endpoint,
    protocol: "grpc",
    intervalMs: INTERVAL_MS,
    slowIntervalMs: 120_000,
    spreadMs: SPREAD_MS,
    folder: place,
  });
  await during();
  const accounts = await agents.stop();
  tellProblems(accounts);
  return sumOf(accounts);
}

/** The first of each kind, on standard error: a figure is worth nothing when the agents were unwell. */
function tellProblems(accounts: readonly AgentAccount[]): void {
  const problems = accounts.flatMap((account) => account.problems);
  const kinds = Map.groupBy(problems, (problem) => problem.replaceAll(/[\d.]+/g, "N").slice(0, 80));
  for (const [, [first = "", ...others]] of kinds)
    console.error(`${others.length + 1} x ${first.slice(0, 300)}`);
}

interface Course {
  readonly account: FleetAccount;
  readonly rows: readonly BenchRow[];
}

async function runCalm(fleet: Fleet): Promise<Course> {
  const { gateways, balancer, backend } = fleet;
  const programs = [...gateways, balancer];
  let points = 0;
  let cpuS: number[] = [];
  let residentMb: number[] = [];
  const account = await withAgents(fleet, "calm", async () => {
    await sleep(WARM_UP_MS);
    const before = { points: await acceptedBy(gateways), cpuS: programs.map(({ usage }) => usage.cpuS) };
    await sleep(MEASURED_MS);
    points = (await acceptedBy(gateways)) - before.points;
    cpuS = programs.map(({ usage }, index) => usage.cpuS - (before.cpuS[index] ?? Number.NaN));
    residentMb = programs.map(({ usage }) => usage.residentMb);
  });
  const accepted = await acceptedBy(gateways);
  const [first = 0, second = 0, balancing = 0] = cpuS;
  const ofMillion = (seconds: number): number => seconds / (points / 1e6);
  await backend.flush();
  return {
    account,
    rows: [
      { label: "fleet: points a second", value: points / (MEASURED_MS / 1000), unit: "" },
      {
        label: "fleet: CPU of the Collectors, a million points",
        value: ofMillion(first + second),
        unit: "s",
      },
      { label: "fleet: CPU of HAProxy, a million points", value: ofMillion(balancing), unit: "s" },
      {
        label: "fleet: resident memory of a Collector",
        value: Math.max(...residentMb.slice(0, 2)),
        unit: "MB",
      },
      {
        label: "fleet: one Collector's share of the CPU",
        value: (100 * first) / (first + second),
        unit: "%",
      },
      ...accountRows("fleet", account),
      { label: "fleet: points accepted by the Collectors", value: accepted, unit: "" },
    ],
  };
}

async function runWithKill(fleet: Fleet): Promise<Course> {
  const [victim] = fleet.gateways;
  const account = await withAgents(fleet, "storm", async () => {
    await sleep(KILL_AFTER_MS);
    await victim.end("SIGKILL");
    await sleep(AWAY_MS);
    await victim.start();
    await sleep(AFTERWARDS_MS);
  });
  return { account, rows: accountRows("one killed", account) };
}

function accountRows(
  label: string,
  { cycles, skippedCycles, exported, queued, dropped }: FleetAccount,
): BenchRow[] {
  return [
    { label: `${label}: cycles of all agents`, value: cycles, unit: "" },
    { label: `${label}: skipped`, value: skippedCycles, unit: "" },
    { label: `${label}: points exported by the agents`, value: exported, unit: "" },
    { label: `${label}: points queued or dropped at the end`, value: queued + dropped, unit: "" },
  ];
}

async function acceptedBy(gateways: readonly Gateway[]): Promise<number> {
  const counts = gateways.map((gateway) => gateway.count("otelcol_receiver_accepted_metric_points"));
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}

if (import.meta.main) {
  printResult(await run());
  process.exit();
}
