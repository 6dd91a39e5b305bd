import type { DomainDescription, NicDescription } from "../readings/domain.ts";
import type { StatisticsField, StatisticsItem, StatisticsScope } from "../readings/statistics.ts";
import { DISK_OPERATIONS } from "./libvirt-names.ts";
import type { Attributes } from "./points.ts";

type AttributeValue = string | number;

interface Naming<Scope extends StatisticsScope> {
  readonly attribute: string;
  /** Attributes for the parts of the item's path before the last one. */
  readonly before?: readonly string[];
  /** The field that holds the value; without one it is the last part of the item's path. */
  readonly field?: StatisticsField<Scope>;
  readonly rename?: (value: string) => string;
  /** More attributes, by the fields that hold them; a field without a value has none. */
  readonly labels?: Readonly<Record<string, StatisticsField<Scope>>>;
}

const STALL_TYPE = "system.linux.pressure.stall_type";

const operation = (value: string) => DISK_OPERATIONS[value] ?? value;

/**
 * The attribute that tells an item from its like, beside those of its parent. A scope that is not here has one
 * item only.
 */
export const NAMINGS: { readonly [Scope in StatisticsScope]?: Naming<Scope> } = {
  cacheMonitor: { attribute: "libvirt.monitor.name", field: "name" },
  cacheBank: { attribute: "libvirt.cache.bank.id", field: "id" },
  energyMonitor: { attribute: "libvirt.monitor.name", field: "name" },
  energyPackage: { attribute: "libvirt.cpu.package.id", field: "id" },
  memoryMonitor: { attribute: "libvirt.monitor.name", field: "name" },
  memoryNode: { attribute: "libvirt.memory.node.id", field: "id" },
  vcpu: { attribute: "cpu.logical_number" },
  vcpuKvm: { attribute: "kvm.event" },
  vmKvm: { attribute: "kvm.event" },
  perf: { attribute: "libvirt.perf.event" },
  nic: { attribute: "network.interface.name", field: "name" },
  disk: { attribute: "system.device", field: "name" },
  diskError: { attribute: "system.device" },
  diskLimit: { attribute: "libvirt.disk.constraint" },
  diskInterval: { attribute: "libvirt.interval", field: "lengthS", rename: (seconds) => `${seconds}s` },
  diskIntervalOperation: { attribute: "libvirt.disk.operation", rename: operation },
  diskHistogram: { attribute: "libvirt.disk.operation", rename: operation },
  iothread: { attribute: "libvirt.iothread.id" },
  processThread: { attribute: "libvirt.thread.type" },
  processNode: { attribute: "linux.numa.node" },
  cgroupDevice: { attribute: "system.device" },
  diskSource: {
    attribute: "system.device",
    field: "target",
    labels: { "libvirt.disk.source.type": "type", "libvirt.disk.source.device": "device" },
  },
  hostCpu: { attribute: "cpu.logical_number" },
  hostScheduler: { attribute: "cpu.logical_number" },
  hostFrequency: { attribute: "cpu.logical_number" },
  hostTransparentHugepages: { attribute: "linux.transparent_hugepage.event" },
  hostDisk: { attribute: "system.device" },
  hostDiskSize: { attribute: "system.device" },
  hostNic: { attribute: "network.interface.name" },
  hostFilesystem: {
    before: ["system.device", "system.filesystem.mountpoint", "system.filesystem.type"],
    attribute: "system.filesystem.mode",
  },
  hostCpuPressure: { attribute: STALL_TYPE },
  hostMemoryPressure: { attribute: STALL_TYPE },
  hostIoPressure: { attribute: STALL_TYPE },
  hostIrqPressure: { attribute: STALL_TYPE },
  hostInterrupt: { attribute: "linux.interrupt.type" },
  hostHugepages: { attribute: "linux.hugepage.size" },
  hostNodeMemory: { attribute: "linux.numa.node" },
  hostNodeAllocations: { attribute: "linux.numa.node" },
  hostKvm: { attribute: "kvm.event" },
  job: { attribute: "libvirt.job.operation" },
  eventType: { attribute: "libvirt.event.type" },
  event: { attribute: "libvirt.event.detail" },
  migration: { attribute: "libvirt.migration.outcome" },
};

/** A NIC's second attribute, which is not in the statistics but in the domain's XML. */
export const MAC_ATTRIBUTE = "libvirt.interface.mac";

/**
 * What tells whether an item is still the one of the last reading: its name, and its labels where it has any. Undefined
 * for an item that cannot be named.
 */
export function identityOf(
  scope: StatisticsScope,
  item: StatisticsItem<StatisticsScope>,
): AttributeValue | undefined {
  const name = namingValue(scope, item);
  const labels = NAMINGS[scope]?.labels;
  return labels === undefined ? name : JSON.stringify([name, labelsOf(labels, item)]);
}

/** What names an item among its like; undefined where libvirt did not send it, and then nothing can be said of the item. */
export function namingValue(
  scope: StatisticsScope,
  item: StatisticsItem<StatisticsScope>,
): AttributeValue | undefined {
  const field = NAMINGS[scope]?.field;
  const value =
    field === undefined
      ? item.path.at(-1)
      : (item.values as Readonly<Record<string, AttributeValue | bigint | undefined>>)[field];
  return typeof value === "bigint" ? value.toString() : value;
}

/** The attributes of an item, its parent's included; undefined where it cannot be named. */
export function itemAttributes(
  scope: StatisticsScope,
  item: StatisticsItem<StatisticsScope>,
  context: { readonly parent: Attributes; readonly description: DomainDescription | undefined },
): Attributes | undefined {
  const naming = NAMINGS[scope];
  if (naming === undefined) return context.parent;
  const value = namingValue(scope, item);
  if (scope === "nic")
    return { ...context.parent, ...nicAttributes(item.path[0], value, context.description) };
  if (value === undefined || value === "") return undefined;
  return {
    ...context.parent,
    ...Object.fromEntries((naming.before ?? []).map((name, index) => [name, item.path[index] ?? ""])),
    [naming.attribute]: naming.rename === undefined ? value : naming.rename(String(value)),
    ...(naming.labels === undefined ? {} : labelsOf(naming.labels, item)),
  };
}

function labelsOf(
  labels: Readonly<Record<string, string>>,
  item: StatisticsItem<StatisticsScope>,
): Record<string, string> {
  const values = item.values as Readonly<Record<string, unknown>>;
  const present = Object.entries(labels).flatMap(([attribute, field]) => {
    const value = values[field];
    return typeof value === "string" && value !== "" ? [[attribute, value] as const] : [];
  });
  return Object.fromEntries(present);
}

/**
 * An SR-IOV interface has no tap, so libvirt sends an empty name for it: its alias or its MAC then names it, so
 * that two of them stay two.
 */
function nicAttributes(
  number: AttributeValue | undefined,
  sent: AttributeValue | undefined,
  description: DomainDescription | undefined,
): Attributes {
  const target = sent === undefined ? "" : String(sent);
  const nic = findNic(description?.nics ?? [], target, number);
  const name = target === "" ? (nic?.alias ?? nic?.mac ?? `net.${number}`) : target;
  return {
    "network.interface.name": name,
    ...(nic?.mac === undefined ? {} : { [MAC_ATTRIBUTE]: nic.mac }),
  };
}

/** By tap, else by position; an XML that names another tap at that position is older than the statistics. */
function findNic(
  nics: readonly NicDescription[],
  target: string,
  number: AttributeValue | undefined,
): NicDescription | undefined {
  const byTarget = target === "" ? undefined : nics.find((nic) => nic.target === target);
  return byTarget ?? nics.find((nic) => nic.number === number && (target === "" || nic.target === undefined));
}
