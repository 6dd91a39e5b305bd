/**
 * What a cycle over the QEMU processes of this host costs: 100 fake ones of eight threads each, with their control groups
 * (v2), in a folder. The files are ordinary ones, which cost the kernel less to read than those that it makes up at the
 * moment; so the same is measured over this machine's own processes as well, as if each were a domain's.
 *
 *     node bench/processes.ts
 */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";

import { systemClock } from "../src/clock.ts";
import { readProcPidStatNow } from "../src/host/proc-pid-stat.ts";
import { readProcStat } from "../src/host/proc-stat.ts";
import { DomainProcesses, type LocalDomain, type LocalReaders } from "../src/readings/domain-processes.ts";
import { addFakeHost, addFakeProcess, processOf } from "../test/readings/fake-processes.ts";

const PROCESSES = 100;
const VCPUS = 4;
const WARM_UP = 10;
const CYCLES = 50;

const READERS: Readonly<Record<string, Partial<LocalReaders>>> = {
  "in place of libvirt's figures": { likeLibvirt: true },
  process: { process: true },
  threads: { threads: true },
  cgroup: { cgroup: true },
  "all rows": { process: true, threads: true, cgroup: true, numa: true, disks: true },
};
const NONE = { process: false, threads: false, cgroup: false, numa: false, disks: false, likeLibvirt: false };

async function measure(processes: DomainProcesses, domains: readonly LocalDomain[]) {
  for (let cycle = 0; cycle < WARM_UP; cycle++) await processes.read(domains);
  await processes.settled();
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const heapBefore = process.memoryUsage().heapUsed;
  delay.enable();
  const cpu = process.cpuUsage();
  let found = 0;
  for (let cycle = 0; cycle < CYCLES; cycle++) {
    found = (await processes.read(domains)).size;
    await sleep(0);
  }
  const { user, system } = process.cpuUsage(cpu);
  delay.disable();
  const heapMb = (process.memoryUsage().heapUsed - heapBefore) / 1e6;
  return { cpuMs: (user + system) / 1000 / CYCLES, maxMs: delay.max / 1e6, found, heapMb };
}

async function table(title: string, domains: readonly LocalDomain[], roots: object): Promise<void> {
  console.log(`\n${title}\n`);
  console.log("| what is read | CPU ms a cycle | longest stretch ms | found |");
  console.log("|---|---:|---:|---:|");
  for (const [name, readers] of Object.entries(READERS)) {
    const processes = new DomainProcesses({
      ...roots,
      readers: { ...NONE, ...readers },
      numaIntervalMs: 60_000,
      clock: systemClock,
      onNotice: (text) => console.log(text),
    });
    const { cpuMs, maxMs, found } = await measure(processes, domains);
    console.log(`| ${name} | ${cpuMs.toFixed(1)} | ${maxMs.toFixed(1)} | ${found} |`);
  }
}

async function fake(): Promise<void> {
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
    await table(`${PROCESSES} processes of ${VCPUS + 4} threads in a folder`, domains, roots);
  } finally {
    rmSync(root, { recursive: true });
  }
}

async function real(): Promise<void> {
  const bootTimeS = (await readProcStat("/proc"))?.bootTimeS ?? 0;
  const found = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readProcPidStatNow("/proc", Number(name)))
    .filter((stat) => stat !== undefined)
    .toSorted((a, b) => b.threads - a.threads)
    .slice(0, PROCESSES);
  const threads = found.reduce((sum, stat) => sum + stat.threads, 0);
  const domains = found.map(({ pid, startTimeTicks }) => ({
    uuid: `${pid}`,
    process: { pid, startedAtNs: BigInt(bootTimeS) * 1_000_000_000n + BigInt(startTimeTicks) * 10_000_000n },
    description: undefined,
  }));
  await table(`${found.length} processes of this machine with ${threads} threads`, domains, {});
}

await fake();
await real();
