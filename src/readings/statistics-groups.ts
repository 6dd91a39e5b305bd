import { StatsGroups } from "../libvirt/procedures/get-all-domain-stats.ts";
import type { StatisticsGroup } from "./statistics-fields.ts";

const {
  state,
  cpu,
  balloon,
  vcpu,
  interface: nics,
  block,
  perf,
  iothread,
  memory,
  dirtyrate,
  vm,
} = StatsGroups;

/** With which of libvirt's own groups ({@link StatsGroups}) each group comes. Those that are not here are told otherwise. */
export const GROUP_BITS = {
  state,
  cpu,
  "cpu-monitor": cpu,
  haltpoll: cpu,
  balloon,
  rss: balloon,
  vcpu,
  "vcpu-count": vcpu,
  "vcpu-state": vcpu,
  "vcpu-kvm": vcpu,
  interface: nics,
  block,
  "block-size": block,
  "block-detail": block,
  perf,
  iothread,
  memory,
  dirtyrate,
  vm,
} as const satisfies Partial<Record<StatisticsGroup, number>>;

const BITS: Readonly<Partial<Record<StatisticsGroup, number>>> = GROUP_BITS;

/** The bit of libvirt's group with which a group comes; 0 for one that comes with none. */
export function bitOf(group: StatisticsGroup): number {
  return BITS[group] ?? 0;
}

/** The mask of libvirt's groups that brings all of these. */
export function maskOf(groups: Iterable<StatisticsGroup>): number {
  let mask = 0;
  for (const group of groups) mask |= bitOf(group);
  return mask;
}

const GROUPS = Object.keys(GROUP_BITS) as readonly StatisticsGroup[];

/** With anything of a group all groups of the same libvirt group have been read, also those that had nothing to tell. */
export const COMING_WITH: ReadonlyMap<StatisticsGroup, readonly StatisticsGroup[]> = new Map(
  GROUPS.map((group) => {
    const bit = bitOf(group);
    return [group, GROUPS.filter((other) => bitOf(other) === bit)];
  }),
);
