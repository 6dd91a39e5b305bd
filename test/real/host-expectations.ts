import { execFileSync } from "node:child_process";

import type { Attributes } from "../../src/metrics/points.ts";
import type { ExporterSample } from "./bed/node-exporter.ts";

/** What others than kvmeter say of the host at one moment. */
export interface Snapshot {
  readonly samples: readonly ExporterSample[];
  /** What a few lines of shell printed. */
  readonly shell: ReadonlyMap<string, string>;
}

/** The value of one point, as others have it; undefined where they have none. */
type Expectation = (attributes: Attributes, at: Snapshot) => number | undefined;

/** What is asked of a shell, since node_exporter does not tell it. */
export const SHELL_LINES: Readonly<Record<string, string>> = {
  uptime: "cut -d' ' -f1 /proc/uptime",
  mhz: "awk -F: '/^processor/ { n = $2 + 0 } /^cpu MHz/ { printf \"%d %.0f\\n\", n, $2 * 1000000 }' /proc/cpuinfo",
  online: "getconf _NPROCESSORS_ONLN",
  cores: "lscpu -p=CORE,SOCKET | grep -v '^#' | sort -u | wc -l",
  // Without the shell itself.
  processes: "set -- /proc/[0-9]*; echo $(($# - 1))",
  // These have a number for all CPUs together, which node_exporter passes over.
  errors: "awk '$1 ~ /^(ERR|MIS):/ { print substr($1, 1, 3), $2 }' /proc/interrupts",
  pressure:
    'for f in cpu memory io irq; do [ -e /proc/pressure/$f ] && sed "s/avg..=//; s/avg...=//g; s/avg..=//g; s/total=//; s/^/$f /" /proc/pressure/$f; done; true',
  ksm: "cd /sys/kernel/mm/ksm && grep . full_scans general_profit",
  hugepages:
    "cd /sys/kernel/mm/hugepages && for d in hugepages-*kB; do s=${d#hugepages-}; for f in nr free resv surplus; do echo $((${s%kB} * 1024)) $f $(cat $d/${f}_hugepages); done; done",
  sectors: "cd /sys/block && for d in *; do echo $d $(cat $d/size); done",
  schedstat: "[ -e /proc/schedstat ] && awk '/^cpu/ { print substr($1, 4), $9 / 1e9 }' /proc/schedstat; true",
  kvm: "cd /sys/kernel/debug/kvm 2>/dev/null && grep . -s -d skip *; true",
};

/** Asks all of {@link SHELL_LINES}. */
export function askShell(): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(SHELL_LINES).map(([name, line]) => [
      name,
      execFileSync("sh", ["-c", line], { encoding: "utf8" }).trim(),
    ]),
  );
}

function sum({ samples }: Snapshot, name: string, labels: ExporterSample["labels"] = {}): number | undefined {
  const fitting = samples.filter(
    (sample) =>
      sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
  );
  return fitting.length === 0 ? undefined : fitting.reduce((total, { value }) => total + value, 0);
}

/** The last word of the line that begins so. */
function word({ shell }: Snapshot, name: string, ...begin: readonly unknown[]): number | undefined {
  const start = begin.length === 0 ? "" : `${begin.join(" ")} `;
  const line = shell
    .get(name)
    ?.split("\n")
    .find((each) => each.startsWith(start) && each !== "");
  return line === undefined ? undefined : Number(line.slice(start.length).split(" ")[0]);
}

const text = (attributes: Attributes, name: string): string => String(attributes[name]);

const only =
  (name: string): Expectation =>
  (_, at) =>
    sum(at, name);

const MEMORY: Readonly<Record<string, string>> = { free: "MemFree", cached: "Cached", buffers: "Buffers" };

function memory(state: string, at: Snapshot): number | undefined {
  const bytes = (name: string) => sum(at, `node_memory_${name}_bytes`) ?? Number.NaN;
  return state === "used"
    ? bytes("MemTotal") - bytes("MemFree") - bytes("Buffers") - bytes("Cached")
    : bytes(MEMORY[state] ?? "");
}

const byDirection =
  (attribute: string, label: string, metrics: Readonly<Record<string, string>>): Expectation =>
  (attributes, at) => {
    const direction = text(
      attributes,
      attribute.includes("disk") ? "disk.io.direction" : "network.io.direction",
    );
    const own = text(attributes, attribute.includes("disk") ? "system.device" : "network.interface.name");
    return sum(at, metrics[direction] ?? "", { [label]: own });
  };

const disk = (read: string, write: string) =>
  byDirection("disk", "device", { read: `node_disk_${read}_total`, write: `node_disk_${write}_total` });
const network = (what: string) =>
  byDirection("network", "device", {
    receive: `node_network_receive_${what}_total`,
    transmit: `node_network_transmit_${what}_total`,
  });

const PRESSURE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  cpu: { some: "node_pressure_cpu_waiting_seconds_total" },
  memory: {
    some: "node_pressure_memory_waiting_seconds_total",
    full: "node_pressure_memory_stalled_seconds_total",
  },
  io: { some: "node_pressure_io_waiting_seconds_total", full: "node_pressure_io_stalled_seconds_total" },
};

function stall(attributes: Attributes): string {
  return text(attributes, "system.linux.pressure.stall_type");
}

function pressures(resource: string): Record<string, Expectation> {
  const column =
    (number: number, scale: number): Expectation =>
    (attributes, { shell }) => {
      const start = `${resource} ${stall(attributes)} `;
      const line = shell
        .get("pressure")
        ?.split("\n")
        .find((each) => each.startsWith(start));
      const value = line?.slice(start.length).split(" ")[number];
      return value === undefined ? undefined : Number(value) / scale;
    };
  return {
    [`system.${resource}.linux.pressure.10s`]: column(0, 100),
    [`system.${resource}.linux.pressure.1m`]: column(1, 100),
    [`system.${resource}.linux.pressure.5m`]: column(2, 100),
    [`system.${resource}.linux.pressure.time`]: (attributes, at) => {
      const metric = PRESSURE[resource]?.[stall(attributes)];
      return metric === undefined ? column(3, 1e6)(attributes, at) : sum(at, metric);
    },
  };
}

const hugepages =
  (name: string): Expectation =>
  (attributes, at) =>
    word(at, "hugepages", attributes["linux.hugepage.size"], name);

function hugepageState(attributes: Attributes, at: Snapshot): number | undefined {
  const [all, free] = [hugepages("nr")(attributes, at), hugepages("free")(attributes, at)];
  if (all === undefined || free === undefined) return undefined;
  return attributes["system.memory.linux.hugepages.state"] === "free" ? free : all - free;
}

function filesystem(attributes: Attributes, at: Snapshot, name: string): number | undefined {
  return sum(at, `node_filesystem_${name}_bytes`, {
    mountpoint: text(attributes, "system.filesystem.mountpoint"),
    device: text(attributes, "system.device"),
  });
}

function space(attributes: Attributes, at: Snapshot): number {
  const [size, free, available] = ["size", "free", "avail"].map(
    (name) => filesystem(attributes, at, name) ?? Number.NaN,
  ) as [number, number, number];
  const by: Readonly<Record<string, number>> = {
    used: size - free,
    free: available,
    reserved: free - available,
  };
  return by[text(attributes, "system.filesystem.state")] ?? (size - free) / (size - free + available);
}

function interrupts(attributes: Attributes, at: Snapshot): number | undefined {
  const type = text(attributes, "linux.interrupt.type");
  const fitting = at.samples.filter(({ name, labels: { type: theirs = "", devices = "" } }) => {
    if (name !== "node_interrupts_total") return false;
    // Its devices begin with the line, as in "1-edge virtio3-rx".
    return theirs === type || (/^\d+$/.test(theirs) && devices.replace(/^\S+ +/, "").startsWith(type));
  });
  if (fitting.length === 0) return word(at, "errors", type);
  return fitting.reduce((total, { value }) => total + value, 0);
}

const MODES: Readonly<Record<string, string>> = { interrupt: "irq" };
const FAULTS = { major: "node_vmstat_pgmajfault", all: "node_vmstat_pgfault" };

/** How others have every row about the host. A row that is not here has nobody to compare it with. */
export const EXPECTATIONS: Readonly<Record<string, Expectation>> = {
  "system.uptime": (_, at) => word(at, "uptime"),
  "system.cpu.time": (attributes, at) => {
    const mode = text(attributes, "cpu.mode");
    const labels = { cpu: text(attributes, "cpu.logical_number"), mode: MODES[mode] ?? mode };
    return sum(at, "node_cpu_seconds_total", labels);
  },
  "linux.cpu.guest_time": (attributes, at) =>
    sum(at, "node_cpu_guest_seconds_total", {
      cpu: text(attributes, "cpu.logical_number"),
      mode: text(attributes, "cpu.mode"),
    }),
  "system.cpu.logical.count": (_, at) => word(at, "online"),
  "system.cpu.physical.count": (_, at) => word(at, "cores"),
  "system.cpu.frequency": (attributes, at) => word(at, "mhz", attributes["cpu.logical_number"]),
  "system.cpu.load_average.1m": only("node_load1"),
  "system.cpu.load_average.5m": only("node_load5"),
  "system.cpu.load_average.15m": only("node_load15"),
  "linux.scheduler.wait_time": (attributes, at) => word(at, "schedstat", attributes["cpu.logical_number"]),
  "linux.interrupts": interrupts,
  "system.process.count": (_, at) => word(at, "processes"),
  "system.process.created": only("node_forks_total"),
  ...pressures("cpu"),
  ...pressures("memory"),
  ...pressures("io"),
  ...pressures("irq"),
  "system.memory.usage": (attributes, at) => memory(text(attributes, "system.memory.state"), at),
  "system.memory.limit": only("node_memory_MemTotal_bytes"),
  "system.memory.utilization": (attributes, at) =>
    (memory(text(attributes, "system.memory.state"), at) ?? Number.NaN) /
    (sum(at, "node_memory_MemTotal_bytes") ?? 0),
  "system.memory.linux.available": only("node_memory_MemAvailable_bytes"),
  "system.memory.linux.shared": only("node_memory_Shmem_bytes"),
  "system.memory.linux.slab.usage": (attributes, at) =>
    sum(
      at,
      attributes["system.memory.linux.slab.state"] === "reclaimable"
        ? "node_memory_SReclaimable_bytes"
        : "node_memory_SUnreclaim_bytes",
    ),
  "system.memory.linux.hugepages.limit": hugepages("nr"),
  "system.memory.linux.hugepages.usage": hugepageState,
  "system.memory.linux.hugepages.utilization": (attributes, at) =>
    (hugepageState(attributes, at) ?? Number.NaN) / (hugepages("nr")(attributes, at) ?? 0),
  "system.memory.linux.hugepages.reserved": hugepages("resv"),
  "system.memory.linux.hugepages.surplus": hugepages("surplus"),
  "system.paging.usage": (attributes, at) => {
    const [total, free] = [sum(at, "node_memory_SwapTotal_bytes"), sum(at, "node_memory_SwapFree_bytes")];
    return attributes["system.paging.state"] === "free" ? free : Number(total) - Number(free);
  },
  "system.paging.operations": (attributes, at) =>
    sum(at, attributes["system.paging.direction"] === "in" ? "node_vmstat_pswpin" : "node_vmstat_pswpout"),
  "system.paging.faults": (attributes, at) => {
    const [all, major] = [sum(at, FAULTS.all) ?? Number.NaN, sum(at, FAULTS.major) ?? Number.NaN];
    return attributes["system.paging.fault.type"] === "major" ? major : all - major;
  },
  "linux.transparent_hugepage.events": (attributes, at) =>
    sum(at, `node_vmstat_thp_${text(attributes, "linux.transparent_hugepage.event")}`),
  "linux.ksm.pages": (attributes, at) => sum(at, `node_ksmd_pages_${text(attributes, "linux.ksm.state")}`),
  "linux.ksm.profit": (_, at) => ksm(at, "general_profit"),
  "linux.ksm.scans": (_, at) => ksm(at, "full_scans"),
  "linux.numa.memory.usage": (attributes, at) =>
    sum(
      at,
      attributes["system.memory.state"] === "used" ? "node_memory_numa_MemUsed" : "node_memory_numa_MemFree",
      {
        node: text(attributes, "linux.numa.node"),
      },
    ),
  "linux.numa.allocations": (attributes, at) => {
    const name = text(attributes, "linux.numa.allocation");
    const theirs: Readonly<Record<string, string>> = {
      interleave: "interleave_hit",
      local: "local_node",
      other: "other_node",
    };
    return sum(at, `node_memory_numa_${theirs[name] ?? `numa_${name}`}_total`, {
      node: text(attributes, "linux.numa.node"),
    });
  },
  "linux.kvm.events": (attributes, { shell }) => {
    const start = `${text(attributes, "kvm.event")}:`;
    const line = shell
      .get("kvm")
      ?.split("\n")
      .find((each) => each.startsWith(start));
    return line === undefined ? undefined : Number(line.slice(start.length));
  },
  "system.disk.io": disk("read_bytes", "written_bytes"),
  "system.disk.operations": disk("reads_completed", "writes_completed"),
  "system.disk.operation_time": disk("read_time_seconds", "write_time_seconds"),
  "system.disk.io_time": (attributes, at) =>
    sum(at, "node_disk_io_time_seconds_total", { device: text(attributes, "system.device") }),
  "system.disk.merged": disk("reads_merged", "writes_merged"),
  "system.disk.limit": (attributes, at) => Number(word(at, "sectors", attributes["system.device"])) * 512,
  "system.filesystem.usage": space,
  "system.filesystem.limit": (attributes, at) => filesystem(attributes, at, "size"),
  "system.filesystem.utilization": space,
  "system.network.io": network("bytes"),
  "system.network.packet.count": network("packets"),
  "system.network.packet.dropped": network("drop"),
  "system.network.errors": network("errs"),
};

function ksm({ shell }: Snapshot, name: string): number | undefined {
  const line = shell
    .get("ksm")
    ?.split("\n")
    .find((each) => each.startsWith(`${name}:`));
  return line === undefined ? undefined : Number(line.slice(name.length + 1));
}
