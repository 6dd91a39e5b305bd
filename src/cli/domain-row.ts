import { formatBytes, formatRatio, formatSeconds } from "./quantity.ts";
import type { Column } from "./table.ts";
import { printable } from "./text.ts";

/** A number or numbers of one metric of one domain, found by the metric's name. */
export interface DomainValues {
  readonly name: string;
  /** The sum over the points whose attributes have all of `where`; undefined when there is none. */
  sum(metric: string, where?: Readonly<Record<string, string>>): number | undefined;
  /** The value of `attribute` at the point that is 1. */
  state(metric: string, attribute: string): string | undefined;
}

/** What an operator wants to see first. */
export const DOMAIN_COLUMNS: readonly Column[] = [
  { title: "DOMAIN", align: "left", maxWidth: 28 },
  { title: "STATE", align: "left" },
  { title: "UPTIME", align: "right", rank: 4 },
  { title: "VCPUS", align: "right", rank: 5 },
  { title: "CPU", align: "right" },
  { title: "MEMORY", align: "right", rank: 1 },
  { title: "LIMIT", align: "right", rank: 3 },
  { title: "DISK READ", align: "right", rank: 2 },
  { title: "WRITTEN", align: "right", rank: 2 },
  { title: "NET IN", align: "right", rank: 1 },
  { title: "NET OUT", align: "right", rank: 1 },
];

/** A domain's cells for {@link DOMAIN_COLUMNS}; `-` where there is no value. Amounts are those since it started. */
export function domainCells(domain: DomainValues): string[] {
  const bytes = (metric: string, where?: Readonly<Record<string, string>>) =>
    shown(domain.sum(metric, where), formatBytes);
  return [
    printable(domain.name),
    domain.state("libvirt.domain.status", "libvirt.domain.state") ?? "-",
    shown(domain.sum("libvirt.domain.uptime"), formatSeconds),
    shown(domain.sum("libvirt.domain.vcpu.count"), String),
    shown(domain.sum("libvirt.domain.cpu.utilization"), formatRatio),
    shown(memoryUsage(domain), formatBytes),
    bytes("libvirt.domain.memory.limit"),
    bytes("libvirt.domain.disk.io", { "disk.io.direction": "read" }),
    bytes("libvirt.domain.disk.io", { "disk.io.direction": "write" }),
    bytes("libvirt.domain.network.io", { "network.io.direction": "receive" }),
    bytes("libvirt.domain.network.io", { "network.io.direction": "transmit" }),
  ];
}

/** Order of rows: by name, web2 before web10. */
export function byName(a: DomainValues, b: DomainValues): number {
  return a.name.localeCompare(b.name, "en", { numeric: true });
}

/** What the guest uses where it tells, else what its process takes of the host. */
export function memoryUsage(domain: DomainValues): number | undefined {
  return domain.sum("libvirt.domain.memory.guest.usage") ?? domain.sum("libvirt.domain.memory.rss");
}

function shown(value: number | undefined, format: (value: number) => string): string {
  return value === undefined ? "-" : format(value);
}
