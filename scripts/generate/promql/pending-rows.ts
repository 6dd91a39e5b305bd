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
/**
 * What dashboards and rules use before the table has it. A panel or rule over such a row is silent until the row is
 * there. A test fails as soon as one is in the table and here as well.
 */
export const PENDING_ROWS: readonly PendingRow[] = [
  amount("libvirt.domain.guest.filesystem.usage", FILESYSTEM),
  amount("libvirt.domain.guest.filesystem.limit", FILESYSTEM),
  { name: "libvirt.domain.guest.clock.offset", kind: "gauge", unit: "s", attributes: [] },
];
