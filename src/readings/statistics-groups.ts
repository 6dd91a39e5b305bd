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

/** With which of libvirt's own groups ({@link StatsGroups}) each group comes; 0: with none, other calls tell it. */
export const GROUP_BITS: Readonly<Record<StatisticsGroup, number>> = {
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
  control: 0,
  process: 0,
  "process-memory": 0,
  cgroup: 0,
  "disk-source": 0,
};

/** The mask of libvirt's groups that brings all of these. */
export function maskOf(groups: Iterable<StatisticsGroup>): number {
  let mask = 0;
  for (const group of groups) mask |= GROUP_BITS[group];
  return mask;
}

const GROUPS = Object.keys(GROUP_BITS) as readonly StatisticsGroup[];

/** With anything of a group all groups of the same libvirt group have been read, also those that had nothing to tell. */
export const COMING_WITH: ReadonlyMap<StatisticsGroup, readonly StatisticsGroup[]> = new Map(
  GROUPS.map((group) => {
    const bit = GROUP_BITS[group];
    return [group, bit === 0 ? [group] : GROUPS.filter((other) => GROUP_BITS[other] === bit)];
  }),
);
