import type { Moment, SimulatedDomain } from "../domain.ts";
import type { ParameterList } from "../parameters.ts";
import type { Release } from "../shape.ts";

/** Bits of virDomainStatsTypes. */
export const GroupBit = {
  state: 1,
  cpu: 2,
  balloon: 4,
  vcpu: 8,
  interface: 16,
  block: 32,
  perf: 64,
  iothread: 128,
  memory: 256,
  dirtyrate: 512,
  vm: 1024,
} as const;

/** Every group that a daemon of these years knows. */
export const ALL_GROUPS = 0x7ff;

/** Groups for which libvirt asks QEMU, and which therefore hang with it. */
export const MONITOR_GROUPS =
  GroupBit.cpu |
  GroupBit.balloon |
  GroupBit.vcpu |
  GroupBit.block |
  GroupBit.iothread |
  GroupBit.dirtyrate |
  GroupBit.vm;

/** One look at one domain, as the writers of the groups need it. */
export interface Look {
  readonly domain: SimulatedDomain;
  readonly moment: Moment;
  readonly release: Release;
  /** Can QEMU be asked? Where not, what only QEMU knows is left out. */
  readonly monitor: boolean;
  /** Seconds since 1970 of the guest's last report on its memory. */
  readonly reportedAtS: number | undefined;
  /** Seconds for which the daemon itself runs. */
  readonly daemonRanS: number;
}

/** Writes one group's parameters of one domain. */
export type GroupWriter = (list: ParameterList, look: Look) => void;
