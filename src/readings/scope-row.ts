import type { HostReaderName } from "./host-scopes.ts";

/**
 * What libvirt or the kernel counts a field in. `enum` is a number with named values, `text` a string, `flag` a
 * boolean. A boolean in any other unit counts as 0 or 1: KVM's own statistics come as either. `ticks` are the kernel's
 * of USER_HZ, 100 a second; `sectors` have 512 bytes, whatever the disk's own are.
 */
export type FieldUnit =
  | "ns"
  | "us"
  | "ms"
  | "ticks"
  | "s"
  | "KiB"
  | "By"
  | "sectors"
  | "kHz"
  | "MiB/s"
  | "J"
  | "F"
  | "count"
  | "ratio"
  | "hundredths"
  | "hundredths of a percent"
  | "enum"
  | "text"
  | "flag";

/**
 * What is read together, and so shares one time: libvirt's own groups, divided where a part of one changes slower than
 * the rest or can be had elsewhere, what other calls tell, and what the kernel does.
 */
export type StatisticsGroup =
  | "state"
  | "cpu"
  | "cpu-monitor"
  | "haltpoll"
  | "balloon"
  | "rss"
  | "vcpu"
  | "vcpu-count"
  | "vcpu-state"
  | "vcpu-kvm"
  | "interface"
  | "block"
  | "block-size"
  | "block-detail"
  | "perf"
  | "iothread"
  | "memory"
  | "dirtyrate"
  | "vm"
  | "control"
  | "job"
  | "agent"
  | "event"
  | "process"
  | "process-memory"
  | "cgroup"
  | "disk-source"
  | "disk-error"
  | HostReaderName;

/** One field: how libvirt spells its name, and what it counts in. */
export interface FieldRow {
  readonly pattern: string;
  readonly unit: FieldUnit;
}

/** The fields that describe one kind of thing. */
export interface ScopeRow {
  /** The scope whose path is this one's without its last part, and which lends it names. */
  readonly parent?: string;
  readonly group: StatisticsGroup;
  /** It is about the domain as long as there is one, not about one run of its QEMU. */
  readonly lasting?: boolean;
  /** Fields of the scope that are read with another group. */
  readonly regrouped?: Readonly<Record<string, StatisticsGroup>>;
  /** Of its counters a little is taken back now and then: one that goes down was told too early. */
  readonly isSteady?: boolean;
  readonly fields: Readonly<Record<string, FieldRow>>;
}
