import { execFile } from "node:child_process";
import { access, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { systemClock } from "../src/clock.ts";
import { HOST_ROWS } from "../src/metrics/definitions.ts";
import { HostMeter } from "../src/metrics/host-meter.ts";
import { requiredReaders, selectRows } from "../src/metrics/selection.ts";
import { encodeCycle } from "../src/otlp/encode.ts";
import { kvmeterScope } from "../src/otlp/scope.ts";
import { hostReaders } from "../src/readings/host-scopes.ts";
import { HostSource } from "../src/readings/host-source.ts";
import { TWO_SOCKETS, writeLargeHost } from "../test/host/large-host.ts";
import { startNodeExporter } from "../test/real/bed/node-exporter.ts";
import { paths } from "../test/real/bed/parts.ts";
import { type Cost, costOf } from "./cost.ts";
import { type BenchResult, type BenchRow } from "./result.ts";

const WARM_UP_CYCLES = 100;
const CYCLES = 200;
/** node_exporter's own CPU time is told in hundredths of a second. */
const SCRAPES = 200;
const CLOCK_TICK_MS = 10;

const execute = promisify(execFile);

/** Reading, points and encoding of the host alone, beside node_exporter's scrape of the same machine. */
export async function run(): Promise<BenchResult> {
  const root = await mkdtemp(join(tmpdir(), "kvmeter-bench-"));
  try {
    writeLargeHost(root);
    const large = await measure({ procfs: `${root}/proc`, sysfs: `${root}/sys` });
    const own = await measure({ procfs: "/proc", sysfs: "/sys" });
    return {
      name: "The host",
      method:
        `All readers that are on, points and encoding, in every cycle, without libvirt. The ${TWO_SOCKETS.cpus} CPUs are ` +
        `files on a disk, with ${TWO_SOCKETS.interrupts} interrupts and ${TWO_SOCKETS.interfaces} interfaces: the kernel's ` +
        `own work of writing them is missing there. What is read every 30 s or less often is in it once. CPU is user ` +
        `and system of all threads, the garbage collector's included, over ${CYCLES} cycles after ${WARM_UP_CYCLES}; node_exporter as Debian has it, over ${SCRAPES} scrapes.`,
      rows: [
        ...rowsOf(`${TWO_SOCKETS.cpus} CPUs`, large),
        ...rowsOf("this machine", own),
        ...(await exporterRows(own.cpuMs)),
      ],
    };
  } finally {
    await rm(root, { recursive: true });
  }
}

interface HostCost extends Cost {
  readonly points: number;
}

function rowsOf(label: string, { points, cpuMs, allocatedMB }: HostCost): BenchRow[] {
  return [
    { label: `${label}: points`, value: points, unit: "" },
    { label: `${label}: CPU of a cycle`, value: cpuMs, unit: "ms" },
    { label: `${label}: allocated in the heap by a cycle`, value: allocatedMB, unit: "MB" },
  ];
}

async function measure(roots: { readonly procfs: string; readonly sysfs: string }): Promise<HostCost> {
  const rows = selectRows(HOST_ROWS);
  const needed = requiredReaders(rows);
  const source = new HostSource({
    ...roots,
    readers: hostReaders({ taps: false }).filter(({ name }) => needed.has(name)),
    clock: systemClock,
    onAbsent: () => undefined,
    onContainer: () => undefined,
  });
  const meter = new HostMeter({ rows });
  const scope = kvmeterScope("bench");
  const never = new AbortController().signal;
  let points = 0;
  const cycle = async () => {
    const all = meter.update(await source.read(never));
    points = all.metrics.reduce((sum, metric) => sum + metric.points.length, 0);
    encodeCycle([all], scope);
  };
  const cost = await costOf(cycle, { warmUp: WARM_UP_CYCLES, count: CYCLES });
  return { points, ...cost };
}

/** Nothing where this machine has no node_exporter: scripts/install-real-parts.sh brings it. */
async function exporterRows(ownCpuMs: number): Promise<BenchRow[]> {
  if (
    !(await access(paths.nodeExporter).then(
      () => true,
      () => false,
    ))
  )
    return [];
  const exporter = await startNodeExporter();
  try {
    for (let number = 0; number < 20; number += 1) await exporter.scrape();
    const before = await cpuTicks(exporter.pid);
    for (let number = 0; number < SCRAPES; number += 1) await exporter.scrape();
    const cpuMs = (((await cpuTicks(exporter.pid)) - before) * CLOCK_TICK_MS) / SCRAPES;
    const { stdout: version } = await execute(paths.nodeExporter, ["--version"]).catch(() => ({
      stdout: "",
    }));
    const label = /version (\S+)/.exec(version)?.[1] ?? "";
    return [
      { label: `this machine: CPU of node_exporter's scrape ${label}`.trim(), value: cpuMs, unit: "ms" },
      { label: "this machine: node_exporter's CPU over kvmeter's", value: cpuMs / ownCpuMs, unit: "x" },
    ];
  } finally {
    await exporter.stop();
  }
}

/** User and system time, fields 14 and 15. */
async function cpuTicks(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11]) + Number(fields[12]);
}
