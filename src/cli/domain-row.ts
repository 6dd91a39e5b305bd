import { printable } from "../printable.ts";
import { formatBytes, formatRatio, formatSeconds } from "./quantity.ts";
import type { Column } from "./table.ts";

/** One value of a metric, whoever read or received it. Histograms have none. */
export interface NamedPoint {
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  readonly value: number | undefined;
}

/** One domain's points, found by their metric's name. */
export interface DomainPoints {
  readonly name: string;
  points(metric: string): readonly NamedPoint[];
}

/** The sum over a metric's points that have these attributes; undefined when there is none. */
export function sumOf(
  domain: DomainPoints,
  metric: string,
  attributes: NamedPoint["attributes"] = {},
): number | undefined {
  let sum: number | undefined;
  for (const point of domain.points(metric)) {
    const wanted = Object.entries(attributes).every(([name, value]) => point.attributes[name] === value);
    if (wanted && point.value !== undefined) sum = (sum ?? 0) + point.value;
  }
  return sum;
}

/** The domain's state: of its points, one for each state, the one that is 1. */
export function stateOf(domain: DomainPoints): string | undefined {
  const current = domain.points("libvirt.domain.status").find(({ value }) => value === 1);
  return current === undefined ? undefined : String(current.attributes["libvirt.domain.state"]);
}

/** What the guest uses where it tells, else what its process takes of the host. */
export function memoryUsageOf(domain: DomainPoints): number | undefined {
  return sumOf(domain, "libvirt.domain.memory.guest.usage") ?? sumOf(domain, "libvirt.domain.memory.rss");
}

/** Bytes that a domain moved since it started. */
export const TRAFFIC = {
  diskRead: ["libvirt.domain.disk.io", { "disk.io.direction": "read" }],
  diskWritten: ["libvirt.domain.disk.io", { "disk.io.direction": "write" }],
  received: ["libvirt.domain.network.io", { "network.io.direction": "receive" }],
  sent: ["libvirt.domain.network.io", { "network.io.direction": "transmit" }],
} as const;

export type Traffic = keyof typeof TRAFFIC;

/** Columns for what a domain is and holds; what it moves comes after them. */
export const DOMAIN_COLUMNS: readonly Column[] = [
  { title: "DOMAIN", align: "left", maxWidth: 28 },
  { title: "STATE", align: "left" },
  { title: "UPTIME", align: "right", rank: 4 },
  { title: "VCPUS", align: "right", rank: 5 },
  { title: "CPU", align: "right" },
  { title: "MEMORY", align: "right", rank: 1 },
  { title: "LIMIT", align: "right", rank: 3 },
];

/** A domain's cells for {@link DOMAIN_COLUMNS}; `-` where there is no value. */
export function domainCells(domain: DomainPoints): string[] {
  return [
    printable(domain.name),
    stateOf(domain) ?? "-",
    shown(sumOf(domain, "libvirt.domain.uptime"), formatSeconds),
    shown(sumOf(domain, "libvirt.domain.vcpu.count"), String),
    shown(sumOf(domain, "libvirt.domain.cpu.utilization"), formatRatio),
    shown(memoryUsageOf(domain), formatBytes),
    shown(sumOf(domain, "libvirt.domain.memory.limit"), formatBytes),
  ];
}

/** A value, or `-` where there is none. */
export function shown(value: number | undefined, format: (value: number) => string): string {
  return value === undefined ? "-" : format(value);
}

/** Order of rows: by name, web2 before web10. */
export function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name.localeCompare(b.name, "en", { numeric: true });
}
