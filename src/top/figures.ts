import { DOMAIN_ROWS } from "../metrics/definitions.ts";
import { groupOf, SCOPES } from "../metrics/plan.ts";
import type { StatisticsGroup } from "../readings/statistics-fields.ts";

/** Parts of a VM. */
export type DeviceKind = "vcpu" | "disk" | "nic";

/** What the screen shows figures of: a hypervisor, a VM as a whole, or a part of it. */
export type SubjectKind = "host" | "domain" | DeviceKind;

/** One number that the screen shows, made from points of the catalogue and nothing else. */
interface FigureRow {
  readonly metric: string;
  /** Which of the metric's points; all unless given. */
  readonly where?: readonly [attribute: string, value: string];
  /** value: the point as it is. rate: a counter's change in a second. */
  readonly take: "value" | "rate";
  /** How the figure of a whole is made of its points, one for each part. */
  readonly fold: "sum" | "mean" | "max";
  /** What the points are about when not the VM as a whole. */
  readonly device?: DeviceKind;
  /** Kept for sparklines of the parts that have it. */
  readonly past?: readonly SubjectKind[];
}

const READ = ["disk.io.direction", "read"] as const;
const WRITE = ["disk.io.direction", "write"] as const;
const RECEIVE = ["network.io.direction", "receive"] as const;
const TRANSMIT = ["network.io.direction", "transmit"] as const;

const ofDomain = { take: "value", fold: "sum" } as const;
const ofHost = ofDomain;
const ofVcpu = { take: "rate", fold: "mean", device: "vcpu" } as const;
const ofDisk = { take: "rate", fold: "sum", device: "disk" } as const;
const latency = {
  metric: "libvirt.domain.disk.latency",
  take: "value",
  fold: "max",
  device: "disk",
  past: ["disk"],
} as const;
const SOME = ["system.linux.pressure.stall_type", "some"] as const;
const ofNic = { take: "rate", fold: "sum", device: "nic" } as const;

/** Every figure; adding one is adding its row. Units are those of the metrics, of rates per second. */
export const FIGURES = {
  uptime: { metric: "libvirt.domain.uptime", ...ofDomain },
  vcpus: { metric: "libvirt.domain.vcpu.count", ...ofDomain },
  cpu: { metric: "libvirt.domain.cpu.utilization", ...ofDomain, past: ["domain"] },
  vcpuTime: { metric: "libvirt.domain.vcpu.time", ...ofVcpu, past: ["vcpu"] },
  steal: { metric: "libvirt.domain.vcpu.delay_time", ...ofVcpu, past: ["domain", "vcpu"] },
  wait: { metric: "libvirt.domain.vcpu.wait_time", ...ofVcpu },
  memoryLimit: { metric: "libvirt.domain.memory.limit", ...ofDomain },
  balloon: { metric: "libvirt.domain.memory.balloon.size", ...ofDomain },
  rss: { metric: "libvirt.domain.memory.rss", ...ofDomain, past: ["domain"] },
  guestUsage: { metric: "libvirt.domain.memory.guest.usage", ...ofDomain, past: ["domain"] },
  guestUtilization: { metric: "libvirt.domain.memory.guest.utilization", ...ofDomain },
  statsAge: { metric: "libvirt.domain.memory.stats.age", ...ofDomain },
  readBytes: { metric: "libvirt.domain.disk.io", where: READ, ...ofDisk, past: ["domain", "disk"] },
  writtenBytes: { metric: "libvirt.domain.disk.io", where: WRITE, ...ofDisk, past: ["domain", "disk"] },
  reads: { metric: "libvirt.domain.disk.operations", where: READ, ...ofDisk },
  writes: { metric: "libvirt.domain.disk.operations", where: WRITE, ...ofDisk },
  readLatency: { ...latency, where: READ },
  writeLatency: { ...latency, where: WRITE },
  diskSize: { metric: "libvirt.domain.disk.limit", ...ofDisk, take: "value" },
  diskAllocation: { metric: "libvirt.domain.disk.allocation", ...ofDisk, take: "value" },
  receivedBytes: { metric: "libvirt.domain.network.io", where: RECEIVE, ...ofNic, past: ["domain", "nic"] },
  sentBytes: { metric: "libvirt.domain.network.io", where: TRANSMIT, ...ofNic, past: ["domain", "nic"] },
  receivedPackets: { metric: "libvirt.domain.network.packet.count", where: RECEIVE, ...ofNic },
  sentPackets: { metric: "libvirt.domain.network.packet.count", where: TRANSMIT, ...ofNic },
  drops: { metric: "libvirt.domain.network.packet.dropped", ...ofNic },
  errors: { metric: "libvirt.domain.network.errors", ...ofNic },
  controlTime: { metric: "libvirt.domain.control.time", ...ofDomain },
  vcpusAllocated: { metric: "libvirt.host.vcpu.allocated", ...ofHost },
  memoryAllocated: { metric: "libvirt.host.memory.allocated", ...ofHost },
  hostIdle: { metric: "system.cpu.utilization", where: ["cpu.mode", "idle"], ...ofHost },
  hostIowait: { metric: "system.cpu.utilization", where: ["cpu.mode", "iowait"], ...ofHost },
  hostMemoryUsed: { metric: "system.memory.usage", where: ["system.memory.state", "used"], ...ofHost },
  hostMemoryLimit: { metric: "system.memory.limit", ...ofHost },
  cpuPressure: { metric: "system.cpu.linux.pressure.10s", where: SOME, ...ofHost },
  memoryPressure: { metric: "system.memory.linux.pressure.10s", where: SOME, ...ofHost },
  ioPressure: { metric: "system.io.linux.pressure.10s", where: SOME, ...ofHost },
} as const satisfies Readonly<Record<string, FigureRow>>;

export type FigureName = keyof typeof FIGURES;

/** Points that are not shown as numbers: what they say stands in their attributes. */
export const STATE_METRICS = {
  state: "libvirt.domain.status",
  reason: "libvirt.domain.state.reason",
  control: "libvirt.domain.control.status",
  count: "libvirt.host.domain.count",
} as const;

/** A part of a VM is told from its like by this attribute of the points. */
const DEVICE_ATTRIBUTES: Readonly<Record<DeviceKind, string>> = {
  vcpu: "cpu.logical_number",
  disk: "system.device",
  nic: "network.interface.name",
};

/** With which group of statistics a part is told at all. */
export const DEVICE_GROUPS: Readonly<Record<DeviceKind, StatisticsGroup>> = {
  vcpu: "vcpu",
  disk: "block",
  nic: "interface",
};

/** A figure as the reading of points needs it. */
export interface PlannedFigure extends Omit<FigureRow, "device" | "past"> {
  /** Where its number stands among a subject's. */
  readonly index: number;
  /** With which group of a domain's statistics it is read; undefined for what is not of a domain. */
  readonly group: StatisticsGroup | undefined;
  readonly device: { readonly kind: DeviceKind; readonly attribute: string } | undefined;
}

const ENTRIES: readonly (readonly [string, FigureRow])[] = Object.entries(FIGURES);

export const FIGURE_COUNT: number = ENTRIES.length;

/** Where a figure's number stands among a subject's. */
export const FIGURE_INDEX = Object.fromEntries(ENTRIES.map(([name], index) => [name, index])) as Readonly<
  Record<FigureName, number>
>;

/** All figures. */
export const PLANNED_FIGURES: readonly PlannedFigure[] = ENTRIES.map(
  ([, { device, metric, where, take, fold }], index) => ({
    metric,
    ...(where === undefined ? {} : { where }),
    take,
    fold,
    index,
    group: groupOfMetric(metric),
    device: device === undefined ? undefined : { kind: device, attribute: DEVICE_ATTRIBUTES[device] },
  }),
);

/** The figures that are made of each metric. */
export const FIGURES_OF: ReadonlyMap<string, readonly PlannedFigure[]> = Map.groupBy(
  PLANNED_FIGURES,
  ({ metric }) => metric,
);

/** The figures whose past is kept, by what they are of. */
export const PAST_OF: Readonly<Record<SubjectKind, readonly number[]>> = {
  host: pastOf("host"),
  domain: pastOf("domain"),
  vcpu: pastOf("vcpu"),
  disk: pastOf("disk"),
  nic: pastOf("nic"),
};

/** Does the screen need this metric? Nothing else is asked for. */
export function isShown(metric: string): boolean {
  return FIGURES_OF.has(metric) || Object.values<string>(STATE_METRICS).includes(metric);
}

function groupOfMetric(metric: string): StatisticsGroup | undefined {
  const row = DOMAIN_ROWS.find(({ name }) => name === metric);
  if (row === undefined) return undefined;
  const field = row.from === "fields" ? row.sources[0]?.field : undefined;
  return field === undefined ? SCOPES[row.scope].group : groupOf(row.scope, field);
}

function pastOf(kind: SubjectKind): readonly number[] {
  return ENTRIES.flatMap(([, { past }], index) => (past?.includes(kind) === true ? [index] : []));
}
