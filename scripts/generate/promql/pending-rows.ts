import type { NamedMetric } from "./namings.ts";

/** A row of the table to come. */
interface PendingRow extends NamedMetric {
  readonly attributes: readonly string[];
}

const FILESYSTEM = ["system.device", "system.filesystem.mountpoint", "system.filesystem.type"];

const amount = (name: string, attributes: readonly string[] = [], unit = "By"): PendingRow => ({
  name,
  kind: "updowncounter",
  unit,
  attributes,
});
const sum = (name: string, unit: string, attributes: readonly string[] = []): PendingRow => ({
  name,
  kind: "counter",
  unit,
  attributes,
});
const ratio = (name: string, attributes: readonly string[] = []): PendingRow => ({
  name,
  kind: "gauge",
  unit: "1",
  attributes,
});

/**
 * What dashboards and rules use before the table has it. A panel or rule over such a row is silent until the row is
 * there. A test fails as soon as one is in the table and here as well.
 */
export const PENDING_ROWS: readonly PendingRow[] = [
  amount("system.cpu.logical.count", [], "{cpu}"),
  ratio("system.cpu.utilization", ["cpu.mode"]),
  ratio("system.cpu.linux.pressure.1m", ["system.linux.pressure.stall_type"]),
  ratio("system.memory.linux.pressure.1m", ["system.linux.pressure.stall_type"]),
  ratio("system.io.linux.pressure.1m", ["system.linux.pressure.stall_type"]),
  amount("system.memory.limit"),
  amount("system.memory.usage", ["system.memory.state"]),
  amount("system.memory.linux.available"),
  amount("system.filesystem.usage", [...FILESYSTEM, "system.filesystem.state"]),
  ratio("system.filesystem.utilization", FILESYSTEM),
  sum("system.disk.io", "By", ["system.device", "disk.io.direction"]),
  sum("system.disk.io_time", "s", ["system.device"]),
  sum("system.network.io", "By", ["network.interface.name", "network.io.direction"]),
  sum("system.network.errors", "{error}", ["network.interface.name", "network.io.direction"]),
  sum("libvirt.domain.events", "{event}", ["libvirt.event.type", "libvirt.event.detail"]),
  sum("libvirt.domain.migrations", "{migration}", ["libvirt.migration.outcome"]),
  ratio("libvirt.domain.job.progress", ["libvirt.job.operation"]),
  amount("libvirt.domain.disk.status", ["system.device", "libvirt.disk.state"], "1"),
  amount("libvirt.domain.guest.filesystem.usage", FILESYSTEM),
  amount("libvirt.domain.guest.filesystem.limit", FILESYSTEM),
  { name: "libvirt.domain.guest.clock.offset", kind: "gauge", unit: "s", attributes: [] },
  amount("libvirt.storage_pool.limit", ["libvirt.storage_pool.name"]),
  amount("libvirt.storage_pool.usage", ["libvirt.storage_pool.name"]),
  amount("libvirt.storage_pool.available", ["libvirt.storage_pool.name"]),
];
