import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setImmediate as giveWay } from "node:timers/promises";

import { systemClock } from "../src/clock.ts";
import { readProcPidStatNow } from "../src/host/proc-pid-stat.ts";
import { readProcStat } from "../src/host/proc-stat.ts";
import { DomainProcesses, type LocalDomain, type LocalReaders } from "../src/readings/domain-processes.ts";
import { addFakeHost, addFakeProcess, processOf } from "../test/readings/fake-processes.ts";
import { type Cost, costOf } from "./cost.ts";
import { type BenchResult, type BenchRow, median, printResult } from "./result.ts";

const PROCESSES = 100;
const VCPUS = 4;
/** Of QEMU beside its vCPUs, as {@link addFakeProcess} makes them. */
const OTHER_THREADS = 4;
const WARM_UP_CYCLES = 30;
const CYCLES = 100;

const NONE = { process: false, threads: false, cgroup: false, numa: false, disks: false, likeLibvirt: false };
const ALL = { ...NONE, process: true, threads: true, cgroup: true, numa: true, disks: true };
const READERS: Readonly<Record<string, LocalReaders>> = {
  "the processes alone": { ...NONE, process: true },
  "threads alone": { ...NONE, threads: true },
  "control groups alone": { ...NONE, cgroup: true },
  "in place of libvirt's figures": { ...NONE, likeLibvirt: true },
  "all metrics": ALL,
};

/** Reading the QEMU processes of a host and their control groups: in a folder, and this machine's own processes. */
export async function run(): Promise<BenchResult> {
  const rows = [...(await inFolder()), ...(await ofThisMachine())];
  return {
    name: "QEMU's processes and control groups",
    method:
      `${PROCESSES} processes of ${VCPUS + OTHER_THREADS} threads, ${VCPUS} of them vCPUs, with cgroup v2. They are files in a ` +
      `folder, which cost the kernel less to read than those that it makes up at the moment; so the same is measured over ` +
      `this machine's own processes, as if each were a domain's. CPU is user and system of all threads, the garbage ` +
      `collector's included, over ${CYCLES} cycles after ${WARM_UP_CYCLES}; the longest stretch is the usual one in which ` +
      `nothing else in the agent could run.`,
    rows,
  };
}

interface ReadingCost extends Cost {
  readonly stretchMs: number;
  readonly found: number;
}

async function measure(
  readers: LocalReaders,
  domains: readonly LocalDomain[],
  roots: object,
): Promise<ReadingCost> {
  const processes = new DomainProcesses({
    ...roots,
    readers,
    numaIntervalMs: 240_000,
    clock: systemClock,
    onNotice: () => undefined,
  });
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const stretchesMs: number[] = [];
  let found = 0;
  const cost = await costOf(
    async () => {
      delay.reset();
      delay.enable();
      found = (await processes.read(domains)).size;
      await giveWay();
      delay.disable();
      stretchesMs.push(delay.max / 1e6);
    },
    { warmUp: WARM_UP_CYCLES, count: CYCLES },
  );
  await processes.settled();
  return { ...cost, stretchMs: median(stretchesMs.slice(WARM_UP_CYCLES)), found };
}

function rowsOf(label: string, { cpuMs, allocatedMB }: Cost): BenchRow[] {
  return [
    { label: `${label}: CPU of a cycle`, value: cpuMs, unit: "ms" },
    { label: `${label}: allocated in the heap by a cycle`, value: allocatedMB, unit: "MB" },
  ];
}

async function inFolder(): Promise<BenchRow[]> {
  const root = mkdtempSync(join(tmpdir(), "kvmeter-bench-"));
  try {
    addFakeHost(root, "v2");
    const pids = Array.from({ length: PROCESSES }, (_, index) => 1000 * (index + 1));
    for (const [index, pid] of pids.entries())
      addFakeProcess(root, { pid, id: index + 1, vcpus: VCPUS, kernel: "6.12", layout: "v2" });
    const domains = pids.map((pid) => ({
      uuid: `${pid}`,
      process: processOf({ pid }),
      description: undefined,
    }));
    const roots = { procfs: `${root}/proc`, sysfs: `${root}/sys`, mountinfo: `${root}/mountinfo` };
    const rows: BenchRow[] = [];
    for (const [label, readers] of Object.entries(READERS)) {
      const cost = await measure(readers, domains, roots);
      rows.push(...rowsOf(label, cost));
      if (readers === ALL)
        rows.push({ label: `${label}: longest stretch`, value: cost.stretchMs, unit: "ms" });
    }
    return rows;
  } finally {
    rmSync(root, { recursive: true });
  }
}

async function ofThisMachine(): Promise<BenchRow[]> {
  const bootTimeS = (await readProcStat("/proc"))?.bootTimeS ?? 0;
  const stats = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readProcPidStatNow("/proc", Number(name)))
    .filter((stat) => stat !== undefined)
    .toSorted((a, b) => b.threads - a.threads)
    .slice(0, PROCESSES);
  const domains = stats.map(({ pid, startTimeTicks }) => ({
    uuid: `${pid}`,
    process: { pid, startedAtNs: BigInt(bootTimeS) * 1_000_000_000n + BigInt(startTimeTicks) * 10_000_000n },
    description: undefined,
  }));
  const cost = await measure(ALL, domains, {});
  return [
    { label: "this machine: processes", value: cost.found, unit: "" },
    {
      label: "this machine: their threads",
      value: stats.reduce((sum, { threads }) => sum + threads, 0),
      unit: "",
    },
    ...rowsOf("this machine", cost),
  ];
}

if (import.meta.main) {
  printResult(await run());
  process.exit();
}
