import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** What the tree is to have. */
export interface LargeHost {
  readonly cpus: number;
  readonly nodes: number;
  readonly disks: number;
  readonly interfaces: number;
  /** Interrupts of devices. */
  readonly interrupts: number;
}

/** Two sockets of 32 cores with two threads each, some disks and a network card with a queue for each CPU. */
export const TWO_SOCKETS: LargeHost = { cpus: 128, nodes: 2, disks: 24, interfaces: 140, interrupts: 400 };

/**
 * Writes the /proc and /sys of a large host into a folder, in the format of Linux 6.1. `tick` moves its counters: a
 * later reading of the same host.
 */
export function writeLargeHost(root: string, host: LargeHost = TWO_SOCKETS, tick = 0): void {
  for (const [path, text] of Object.entries(filesOf(host, tick))) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

function filesOf(host: LargeHost, tick: number): Record<string, string> {
  const cpus = count(host.cpus);
  const cpuTimes = (factor: number) =>
    [101_001 + tick, 202, 50_503, 9_000_004 + 2 * tick, 7005, 0, 1707, 0, 60_609 + tick, 10]
      .map((ticks) => ticks * factor)
      .join(" ");
  const files: Record<string, string> = {
    "proc/stat": linesOf([
      `cpu  ${cpuTimes(host.cpus)}`,
      ...cpus.map((cpu) => `cpu${cpu} ${cpuTimes(1)}`),
      `intr ${count(4 * host.interrupts).join(" ")}`,
      "ctxt 58203631",
      "btime 1700000000",
      "processes 268674",
      "procs_running 4",
      "procs_blocked 1",
    ]),
    "proc/meminfo": linesOf(
      ["MemTotal", "MemFree", "MemAvailable", "Buffers", "Cached", "Shmem", "SReclaimable", "SUnreclaim"]
        .concat(
          ["SwapTotal", "SwapFree"],
          count(40).map((number) => `Other${number}`),
        )
        .map((name, number) => `${`${name}:`.padEnd(16)}${1_000_000_000 >> number} kB`),
    ),
    "proc/vmstat": linesOf([
      ...["pswpin", "pswpout", "pgmajfault", "pgfault"].map(
        (name, number) => `${name} ${1000 ** number + tick}`,
      ),
      ...count(25).map((number) => `thp_event_${"abcdefghijklmnopqrstuvwxyz"[number]} ${number}`),
      ...count(120).map((number) => `nr_other_${number} ${number}`),
    ]),
    "proc/loadavg": "61.02 60.11 58.90 63/2828 22084\n",
    "proc/uptime": "1023456.78 4087654.32\n",
    "proc/diskstats": linesOf(
      count(host.disks).map(
        (disk) =>
          ` 259 ${disk} nvme${disk}n1 31420 1201 1893362 10920 60210 40011 2891034 55001 2 41020 70210 0 0 0 0 2101 4289`,
      ),
    ),
    "proc/1/net/dev": linesOf([
      "Inter-|   Receive                                                |  Transmit",
      " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed",
      ...count(host.interfaces).map(
        (nic) => `${nic < 40 ? `eth${nic}` : `vnet${nic}`}: 4061384 7021 1 2 0 0 0 9 790210 5010 3 4 0 0 0 0`,
      ),
    ]),
    "proc/1/mounts": linesOf(["proc /proc proc rw 0 0", "/dev/nvme0n1p2 / xfs rw,relatime 0 0"]),
    "proc/schedstat": linesOf([
      "version 15",
      "timestamp 4294892296",
      ...cpus.flatMap((cpu) => [
        `cpu${cpu} 0 0 0 0 0 0 102938475610 5647382910 123456`,
        ...count(4).map((domain) => `domain${domain} ${"ffffffff,".repeat(4)} ${count(36).join(" ")}`),
      ]),
    ]),
    "proc/interrupts": interruptsOf(host, tick),
    "proc/cpuinfo": cpus
      .map(
        (cpu) =>
          `processor\t: ${cpu}\nvendor_id\t: GenuineIntel\ncpu MHz\t\t: 2900.125\nflags\t\t: ${"fpu vme avx512_vnni ".repeat(60)}\n\n`,
      )
      .join(""),
    "sys/devices/system/cpu/online": `0-${host.cpus - 1}\n`,
    "sys/class/net/eth0/address": "52:54:00:00:00:01\n",
  };
  for (const resource of ["cpu", "memory", "io"]) {
    const line = "avg10=1.53 avg60=0.87 avg300=0.26 total=68234417";
    files[`proc/pressure/${resource}`] = `some ${line}\nfull ${line}\n`;
  }
  for (const cpu of cpus) {
    const sibling = cpu % (host.cpus / 2);
    files[`sys/devices/system/cpu/cpu${cpu}/topology/thread_siblings_list`] =
      `${sibling},${sibling + host.cpus / 2}\n`;
  }
  for (const node of count(host.nodes)) {
    const folder = `sys/devices/system/node/node${node}`;
    files[`${folder}/meminfo`] = linesOf(
      ["MemTotal", "MemFree", "MemUsed"].map((name) => `Node ${node} ${name}:       32921956 kB`),
    );
    files[`${folder}/numastat`] = linesOf(
      ["numa_hit", "numa_miss", "numa_foreign", "interleave_hit", "local_node", "other_node"].map(
        (name, number) => `${name} ${1000 * number + tick}`,
      ),
    );
  }
  for (const disk of count(host.disks)) files[`sys/block/nvme${disk}n1/size`] = "937703088\n";
  for (const name of ["pages_shared", "pages_sharing", "pages_unshared", "pages_volatile", "full_scans"])
    files[`sys/kernel/mm/ksm/${name}`] = "1180\n";
  for (const size of [2048, 1_048_576]) {
    for (const name of ["nr", "free", "resv", "surplus"])
      files[`sys/kernel/mm/hugepages/hugepages-${size}kB/${name}_hugepages`] = "512\n";
  }
  return files;
}

function interruptsOf({ cpus, interrupts }: LargeHost, tick: number): string {
  const numbers = (value: number) =>
    count(cpus)
      .map((cpu) => String(value + cpu + tick).padStart(10))
      .join(" ");
  const lines = [
    `      ${count(cpus)
      .map((cpu) => `CPU${cpu}`.padStart(10))
      .join(" ")}`,
    ...count(interrupts).map(
      (irq) =>
        `${String(irq).padStart(4)}: ${numbers(irq)}  IR-PCI-MSI ${524_288 + irq}-edge      eth0-TxRx-${irq}`,
    ),
    ...["NMI", "LOC", "RES", "CAL", "TLB", "PIN", "NPI", "PIW"].map(
      (name) => ` ${name}: ${numbers(90_000_000)}   Some interrupts`,
    ),
    " ERR:          0",
  ];
  return `${lines.join("\n")}\n`;
}

function count(length: number): number[] {
  return Array.from({ length }, (_, number) => number);
}

function linesOf(texts: readonly string[]): string {
  return `${texts.join("\n")}\n`;
}
