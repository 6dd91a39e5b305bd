import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { connect, getAllDomainStats, listAllDomains, StatsFlags } from "../src/libvirt/index.ts";
import { pausedDomains, qemuPid } from "../test/real/bed/guests.ts";
import { type Libvirtd, startHostLibvirtd } from "../test/real/bed/libvirtd.ts";
import { whyNot } from "../test/real/bed/parts.ts";
import { freePorts } from "../test/real/bed/processes.ts";
import { domstats } from "../test/real/bed/virsh.ts";
import { buildInstalled } from "./agent.ts";
import { startSink } from "./children.ts";
import { type BenchResult, type BenchRow, printResult } from "./result.ts";

const DOMAINS = 100;
/** Groups state, cpu, balloon, vcpu, interface and block. */
const MASK = 0x3f;
/** Whoever asks does it at the agent's own interval: right after one another, half of it would still be in the caches. */
const INTERVAL_S = 10;
const ROUNDS = 6;
/** V8 compiles what is hot during the agent's first minutes. */
const WARM_UP_S = 300;
/** Two slow intervals: what is read seldom is in it as often as it is in a day. */
const MEASURED_S = 240;

/** What a cycle costs whom, milliseconds of CPU. */
interface Cost {
  readonly qemu: number;
  readonly libvirtd: number;
  readonly client: number;
}

/** What asking a hundred real domains costs the machine, by whoever asks. Needs the parts of the real tests. */
export async function run(): Promise<BenchResult> {
  const missing = await whyNot("libvirtd");
  if (missing !== undefined) throw new Error(missing);
  const daemon = await startHostLibvirtd();
  try {
    const domains = await pausedDomains(daemon, DOMAINS, { disks: 1, nics: 1, vcpus: 1 });
    const guests = await Promise.all(domains.map((domain) => qemuPid(daemon, domain)));
    const costs: [string, Cost][] = [
      [`one bulk call, mask 0x${MASK.toString(16)}`, await bulkCost(daemon, guests)],
      ["virsh domstats, the same", await virshCost(daemon, guests)],
      ...(await exporterCost(daemon, guests)),
      ["kvmeter, a cycle of ten seconds, all default metrics", await agentCost(daemon, guests)],
    ];
    return {
      name: "What it costs the hypervisor",
      method:
        `${DOMAINS} real domains, paused, with a disk, a NIC and a vCPU each, emulated, on this machine's libvirtd: ` +
        `CPU of their QEMU, of libvirtd and of who asks, for each time all are asked. kvmeter is the agent as it is ` +
        `installed, over ${MEASURED_S / 60} minutes after ${WARM_UP_S / 60}; the others are asked every ${INTERVAL_S} s as well, ` +
        `over ${ROUNDS} rounds after one.`,
      rows: costs.flatMap(([label, cost]) => rowsOf(label, cost)),
    };
  } finally {
    await daemon.stop();
  }
}

function rowsOf(label: string, { qemu, libvirtd, client }: Cost): BenchRow[] {
  return [
    { label: `${label}: QEMU`, value: qemu, unit: "ms" },
    { label: `${label}: libvirtd`, value: libvirtd, unit: "ms" },
    { label: `${label}: who asks`, value: client, unit: "ms" },
    { label: `${label}: in all`, value: qemu + libvirtd + client, unit: "ms" },
  ];
}

async function bulkCost(daemon: Libvirtd, guests: readonly number[]): Promise<Cost> {
  const connection = await connect(daemon.uri, { timeoutMs: 30_000 });
  try {
    const domains = (await connection.call(listAllDomains, { flags: 0 })).filter(({ id }) => id >= 0);
    const ask = () => connection.call(getAllDomainStats, { domains, groups: MASK, flags: StatsFlags.nowait });
    return await costOf(daemon, guests, { client: () => cpuMs([process.pid]), rounds: ROUNDS, ask });
  } finally {
    await connection.close();
  }
}

async function virshCost(daemon: Libvirtd, guests: readonly number[]): Promise<Cost> {
  const groups = ["state", "cpu-total", "balloon", "vcpu", "interface", "block"];
  const ask = () => domstats(daemon.virsh, { groups });
  return costOf(daemon, guests, { client: childrenMs, rounds: ROUNDS, ask });
}

/** CPU of this process's children that have ended: fields 16 and 17 of /proc/self/stat, in ticks of 10 ms. */
function childrenMs(): number {
  const fields = readFileSync("/proc/self/stat", "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[13]) + Number(fields[14])) * 10;
}

async function exporterCost(daemon: Libvirtd, guests: readonly number[]): Promise<[string, Cost][]> {
  const [port = 0] = await freePorts(1);
  const exporter = spawn(
    "prometheus-libvirt-exporter",
    [`--web.listen-address=127.0.0.1:${port}`, `--libvirt.uri=${daemon.uri}`],
    { stdio: "ignore" },
  );
  try {
    const pid = await started(exporter);
    if (pid === undefined) return [];
    await sleep(1000);
    const ask = async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).arrayBuffer();
    const cost = await costOf(daemon, guests, { client: () => cpuMs([pid]), rounds: ROUNDS, ask });
    return [["a scrape of Debian's prometheus-libvirt-exporter", cost]];
  } finally {
    exporter.kill();
  }
}

/** Its process number; undefined where the program is not installed. */
function started(child: ChildProcess): Promise<number | undefined> {
  return new Promise((resolve) => {
    child.once("spawn", () => resolve(child.pid));
    child.once("error", () => resolve(undefined));
  });
}

async function agentCost(daemon: Libvirtd, guests: readonly number[]): Promise<Cost> {
  const sink = await startSink();
  const folder = mkdtempSync(join(tmpdir(), "kvmeter-bench-"));
  const configuration = join(folder, "kvmeter.yaml");
  writeFileSync(
    configuration,
    `libvirt: [{ uri: "${daemon.uri}" }]
interval: ${INTERVAL_S}s
export: [{ preset: collector, protocol: http/protobuf, endpoint: "${sink.address}" }]
`,
  );
  const [program, ...args] = buildInstalled();
  const agent = spawn(program, [...args, "run", "--config", configuration], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  try {
    const pid = await started(agent);
    if (pid === undefined) throw new Error("the agent did not start");
    await sleep(WARM_UP_S * 1000);
    const client = () => cpuMs([pid]);
    return await costOf(daemon, guests, { client, rounds: MEASURED_S / INTERVAL_S });
  } finally {
    agent.kill();
    await sink.stop();
    rmSync(folder, { recursive: true });
  }
}

interface Rounds {
  /** CPU of who asks so far, ms. */
  readonly client: () => number;
  readonly rounds: number;
  /** Left out where who asks does it of its own accord. */
  readonly ask?: () => Promise<unknown>;
}

async function costOf(
  daemon: Libvirtd,
  guests: readonly number[],
  { client, rounds, ask }: Rounds,
): Promise<Cost> {
  const look = () => ({ qemu: cpuMs(guests), libvirtd: cpuMs([daemon.process().pid]), client: client() });
  await ask?.();
  const before = look();
  for (let round = 0; round < rounds; round++) {
    await ask?.();
    await sleep(INTERVAL_S * 1000);
  }
  const after = look();
  return {
    qemu: (after.qemu - before.qemu) / rounds,
    libvirtd: (after.libvirtd - before.libvirtd) / rounds,
    client: (after.client - before.client) / rounds,
  };
}

/** CPU time of all threads of these processes, to the nanosecond: the first field of schedstat. */
function cpuMs(pids: readonly number[]): number {
  let ns = 0;
  for (const pid of pids) {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      ns += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
    }
  }
  return ns / 1e6;
}

if (import.meta.main) printResult(await run());
