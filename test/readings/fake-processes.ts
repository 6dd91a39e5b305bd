import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";

import { addFile } from "../host/fake-root.ts";

/**
 * Kernels whose formats differ. All are made from the kernel's documentation and sources of these versions, none is
 * recorded: no such machine was at hand. The real kernel's are read by test/real/.
 */
export const KERNELS = ["4.18", "5.14", "6.1", "6.12"] as const;
export type Kernel = (typeof KERNELS)[number];

/** How control groups are mounted and laid out. */
export const LAYOUTS = ["v1", "v2", "hybrid", "none"] as const;
export type Layout = (typeof LAYOUTS)[number];

export const BOOT_S = 1_700_000_000;
const START_TICKS = 12_345;

export interface FakeProcess {
  readonly pid: number;
  readonly id: number;
  readonly vcpus: number;
  readonly kernel: Kernel;
  readonly layout: Layout;
  /** KVM unless given. */
  readonly accelerator?: string;
  readonly startTicks?: number;
}

const since = (kernel: Kernel, version: Kernel) => KERNELS.indexOf(kernel) >= KERNELS.indexOf(version);

/** The process as a domain's reading has it. */
export function processOf({ pid, startTicks = START_TICKS }: Pick<FakeProcess, "pid" | "startTicks">) {
  return { pid, startedAtNs: BigInt(BOOT_S) * 1_000_000_000n + BigInt(startTicks) * 10_000_000n };
}

/** What all processes share: the boot time, mounts, nodes and devices. Its folder's paths are in the mountinfo. */
export function addFakeHost(root: string, layout: Layout): void {
  addFile(`${root}/proc/stat`, `cpu  1 2 3\nbtime ${BOOT_S}\n`);
  addFile(`${root}/proc/sys/kernel/sched_schedstats`, "1\n");
  const v1 = ["cpu,cpuacct", "cpuset", "memory", "blkio", "pids"].map(
    (name) => `31 22 0:27 / ${root}/cgroup/${name} rw - cgroup cgroup rw,${name}`,
  );
  const mounts = {
    v1,
    v2: [`31 22 0:28 / ${root}/cgroup rw - cgroup2 cgroup2 rw,nsdelegate`],
    hybrid: [...v1, `32 22 0:28 / ${root}/cgroup/unified rw - cgroup2 cgroup2 rw`],
    none: [],
  }[layout];
  addFile(
    `${root}/mountinfo`,
    [`22 1 8:2 / / rw - ext4 /dev/sda2 rw`, ...mounts].map((line) => `${line}\n`).join(""),
  );
  for (const [node, cpus] of ["0-7", "8-15"].entries())
    addFile(`${root}/sys/devices/system/node/node${node}/cpulist`, `${cpus}\n`);
  for (const [number, name] of Object.entries({ "8:2": "sda2", "253:0": "dm-0" })) {
    mkdirSync(join(root, "sys/devices", name), { recursive: true });
    mkdirSync(join(root, "sys/dev/block"), { recursive: true });
    mkdirSync(join(root, "sys/class/block", name), { recursive: true });
    symlinkSync(`../../devices/${name}`, join(root, "sys/dev/block", number));
  }
}

/** Writes all files of one QEMU process with its groups. */
export function addFakeProcess(root: string, process: FakeProcess): void {
  const { pid, vcpus, accelerator = "KVM" } = process;
  const folder = `${root}/proc/${pid}`;
  const threads = vcpus + 4;
  addFile(`${folder}/stat`, statOf(process, { name: "qemu-system-x86", ticks: [1253, 287], threads }));
  addFile(`${folder}/status`, statusOf(process, threads));
  addFile(
    `${folder}/io`,
    "rchar: 9\nwchar: 9\nsyscr: 9\nsyscw: 9\nread_bytes: 12288\nwrite_bytes: 4096\ncancelled_write_bytes: 0\n",
  );
  for (const fd of [0, 1, 2]) addFile(`${folder}/fd/${fd}`, "");
  addFile(
    `${folder}/numa_maps`,
    "7f2c40000000 default anon=768 dirty=768 N0=256 N1=512 kernelpagesize_kB=4\n7f2c5c000000 default stack\n",
  );
  addFile(`${folder}/cgroup`, membershipsOf(process, "emulator"));
  const extra = ["qemu-system-x86", "IO mon_iothread", "IO iothread1", "worker"];
  extra.forEach((name, index) => {
    const part = name === "IO iothread1" ? "iothread1" : "emulator";
    addThread(process, { folder, tid: pid + index, name, part, ticks: [1, 1], waitNs: 1000 * (index + 1) });
  });
  for (let vcpu = 0; vcpu < vcpus; vcpu++) {
    addThread(process, {
      folder,
      tid: pid + 10 + vcpu,
      name: `CPU ${vcpu}/${accelerator}`,
      part: `vcpu${vcpu}`,
      ticks: [100 + vcpu, 50],
      waitNs: 1_000_000 + vcpu,
    });
  }
  addGroups(root, process);
}

interface FakeThread {
  readonly folder: string;
  readonly tid: number;
  readonly name: string;
  readonly part: string;
  readonly ticks: readonly [number, number];
  readonly waitNs: number;
}

function addThread(process: FakeProcess, { folder, tid, name, part, ticks, waitNs }: FakeThread): void {
  const own = `${folder}/task/${tid}`;
  addFile(`${own}/comm`, `${name}\n`);
  addFile(`${own}/stat`, statOf({ ...process, pid: tid }, { name, ticks, threads: process.vcpus + 4 }));
  addFile(`${own}/schedstat`, `${waitNs * 7} ${waitNs} 42\n`);
  const waitSum = { "4.18": "se.statistics.wait_sum", "5.14": "se.statistics.wait_sum" } as Record<
    string,
    string
  >;
  addFile(
    `${own}/sched`,
    `${name} (${tid}, #threads: 8)\n---\n${waitSum[process.kernel] ?? "wait_sum"}   :   ${waitNs / 1e6}\nnr_switches : 5\n`,
  );
  addFile(`${own}/cgroup`, membershipsOf(process, part));
}

function statOf(
  { pid, startTicks = START_TICKS }: FakeProcess,
  {
    name,
    ticks: [user, system],
    threads,
  }: { name: string; ticks: readonly [number, number]; threads: number },
): string {
  const tail = `0 18446744073709551615 1 1 0 0 0 0 268444224 4096 16963 0 0 0 17 9 0 0 0 0 0 0 0 0 0 0 0 0 0`;
  return `${pid} (${name}) S 1 12661 12661 0 -1 138412416 39157 0 41 0 ${user} ${system} 0 0 20 0 ${threads} 0 ${startTicks} 546897920 58293 ${tail.slice(2)}\n`;
}

function statusOf({ kernel, pid }: FakeProcess, threads: number): string {
  const lines = [
    "Name:\tqemu-system-x86",
    "Umask:\t0022",
    "State:\tS (sleeping)",
    `Pid:\t${pid}`,
    ...(since(kernel, "6.12") ? ["Kthread:\t0"] : []),
    "VmPeak:\t 1800000 kB",
    "VmSize:\t 1730588 kB",
    "VmRSS:\t  233204 kB",
    "RssAnon:\t  209144 kB",
    "RssFile:\t   22824 kB",
    "RssShmem:\t    1236 kB",
    "VmSwap:\t       4 kB",
    ...(since(kernel, "5.14") ? ["THP_enabled:\t1"] : []),
    ...(since(kernel, "6.12") ? ["untag_mask:\t0xffffffffffffffff"] : []),
    `Threads:\t${threads}`,
    ...(since(kernel, "5.14") ? ["Seccomp_filters:\t1"] : []),
    "voluntary_ctxt_switches:\t3874",
    "nonvoluntary_ctxt_switches:\t916",
    ...(since(kernel, "6.12") ? ["x86_Thread_features:\t", "x86_Thread_features_locked:\t"] : []),
  ];
  return `${lines.join("\n")}\n`;
}

/** With machined in v2, as libvirt itself does it in the others. */
const scopeOf = (id: number) => String.raw`/machine.slice/machine-qemu\x2d${id}\x2dweb${id}.scope`;
const plainOf = (id: number) => `/machine/qemu-${id}-web${id}.libvirt-qemu`;

function membershipsOf({ layout, id }: FakeProcess, part: string): string {
  const plain = plainOf(id);
  const v1 = [
    "9:name=systemd:/",
    `7:blkio:${plain}`,
    "6:pids:/",
    `4:memory:${plain}`,
    `3:cpuset:${plain}/${part}`,
    `1:cpu,cpuacct:${plain}/${part}`,
  ];
  const lines = {
    v1,
    v2: [`0::${scopeOf(id)}/libvirt/${part}`],
    hybrid: [...v1.slice(0, -1), `1:cpu:${plain}/${part}`, "2:cpuacct:/", `0::${plain}/${part}`],
    none: ["0::/system.slice/libvirtd.service"],
  }[layout];
  return lines.map((line) => `${line}\n`).join("");
}

function addGroups(root: string, process: FakeProcess): void {
  const { layout, id } = process;
  if (layout === "v2")
    addUnified(process, `${root}/cgroup${scopeOf(id)}`, `${root}/cgroup${scopeOf(id)}/libvirt`);
  if (layout === "hybrid") {
    const folder = `${root}/cgroup/unified${plainOf(id)}`;
    addCpu(process, folder, { isController: false });
    addPressure(process, folder);
  }
  if (layout === "v1" || layout === "hybrid") addLegacy(root, process);
}

function addUnified(process: FakeProcess, top: string, nested: string): void {
  addCpu(process, top, { isController: true });
  addCpu(process, nested, { isController: true });
  addFile(`${nested}/emulator/cgroup.threads`, `${process.pid}\n`);
  for (let vcpu = 0; vcpu < process.vcpus; vcpu++)
    addFile(
      `${nested}/vcpu${vcpu}/cpu.stat`,
      `usage_usec 1\nnr_periods 10\nnr_throttled 2\nthrottled_usec 300\n`,
    );
  const files = {
    "memory.current": "250000000\n",
    "memory.max": "max\n",
    "memory.swap.current": "8192\n",
    "memory.stat": "anon 1\nfile 2\ninactive_file 50000000\n",
    "memory.events": `low 0\nhigh 1\nmax 2\noom 3\noom_kill 4\n${since(process.kernel, "6.1") ? "oom_group_kill 0\n" : ""}`,
    "io.stat":
      "8:2 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0\n253:9 rbytes=5 wbytes=6 rios=7 wios=8 dbytes=0 dios=0\n",
    "pids.current": "12\n",
  };
  for (const [name, text] of Object.entries(files)) addFile(`${top}/${name}`, text);
  addPressure(process, top);
}

function addCpu({ kernel }: FakeProcess, folder: string, { isController }: { isController: boolean }): void {
  addFile(
    `${folder}/cpu.stat`,
    `usage_usec 15400001\nuser_usec 12530000\nsystem_usec 2870001\n` +
      (since(kernel, "5.14") ? "core_sched.force_idle_usec 0\n" : "") +
      (since(kernel, "6.12") ? "nice_usec 0\n" : "") +
      (isController ? "nr_periods 0\nnr_throttled 0\nthrottled_usec 0\n" : "") +
      (isController && since(kernel, "5.14") ? "nr_bursts 0\nburst_usec 0\n" : ""),
  );
}

/** Since 4.20 with CONFIG_PSI; of cpu all at once since 5.13. */
function addPressure({ kernel }: FakeProcess, folder: string): void {
  if (!since(kernel, "5.14")) return;
  for (const resource of ["cpu", "memory", "io"]) {
    addFile(
      `${folder}/${resource}.pressure`,
      "some avg10=0.19 avg60=0.08 avg300=0.01 total=84482\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=67582\n",
    );
  }
}

function addLegacy(root: string, { layout, id, vcpus }: FakeProcess): void {
  const plain = plainOf(id);
  const memory = `${root}/cgroup/memory${plain}`;
  const files = {
    "memory.usage_in_bytes": "250000000\n",
    "memory.limit_in_bytes": "9223372036854771712\n",
    "memory.failcnt": "5\n",
    "memory.stat": "cache 1\ninactive_file 7\ntotal_inactive_file 50000000\ntotal_swap 8192\n",
    "memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n",
  };
  for (const [name, text] of Object.entries(files)) addFile(`${memory}/${name}`, text);
  const cpu = `${root}/cgroup/cpu,cpuacct${plain}`;
  addFile(`${cpu}/cpu.stat`, "nr_periods 0\nnr_throttled 0\nthrottled_time 0\n");
  for (let vcpu = 0; vcpu < vcpus; vcpu++)
    addFile(`${cpu}/vcpu${vcpu}/cpu.stat`, "nr_periods 10\nnr_throttled 2\nthrottled_time 300000\n");
  if (layout === "v1") {
    addFile(`${cpu}/cpuacct.usage`, "15400001234\n");
    addFile(`${cpu}/cpuacct.stat`, "user 1253\nsystem 287\n");
  }
  const blkio = `${root}/cgroup/blkio${plain}`;
  addFile(
    `${blkio}/blkio.throttle.io_service_bytes_recursive`,
    "8:2 Read 1\n8:2 Write 2\n8:2 Total 3\nTotal 3\n",
  );
  addFile(`${blkio}/blkio.throttle.io_serviced_recursive`, "8:2 Read 3\n8:2 Write 4\nTotal 7\n");
}
