/**
 * Names of libvirt's numbers, in the order of the enums of include/libvirt/libvirt-domain.h (12.8), in lower
 * snake case. A number that the header does not have yet is called `unknown_<number>`.
 */

/** virDomainState */
export const DOMAIN_STATES = [
  "nostate",
  "running",
  "blocked",
  "paused",
  "shutdown",
  "shutoff",
  "crashed",
  "pmsuspended",
] as const;

/** virVcpuState */
export const VCPU_STATES = ["offline", "running", "blocked"] as const;

/** virDomainControlState */
export const CONTROL_STATES = ["ok", "job", "occupied", "error"] as const;

/** virDomainDiskErrorCode */
export const DISK_STATES = ["ok", "unspecified", "no_space"] as const;

/** virStoragePoolState (include/libvirt/libvirt-storage.h) */
export const STORAGE_POOL_STATES = ["inactive", "building", "running", "degraded", "inaccessible"] as const;

/** virDomain<State>Reason, by the name of the state. */
const STATE_REASONS: Readonly<Record<(typeof DOMAIN_STATES)[number], readonly string[]>> = {
  nostate: ["unknown"],
  running: [
    "unknown",
    "booted",
    "migrated",
    "restored",
    "from_snapshot",
    "unpaused",
    "migration_canceled",
    "save_canceled",
    "wakeup",
    "crashed",
    "postcopy",
    "postcopy_failed",
  ],
  blocked: ["unknown"],
  paused: [
    "unknown",
    "user",
    "migration",
    "save",
    "dump",
    "ioerror",
    "watchdog",
    "from_snapshot",
    "shutting_down",
    "snapshot",
    "crashed",
    "starting_up",
    "postcopy",
    "postcopy_failed",
    "api_error",
  ],
  shutdown: ["unknown", "user"],
  shutoff: [
    "unknown",
    "shutdown",
    "destroyed",
    "crashed",
    "migrated",
    "saved",
    "failed",
    "from_snapshot",
    "daemon",
  ],
  crashed: ["unknown", "panicked"],
  pmsuspended: ["unknown"],
};

/** Operations on a disk, as `block.N.timed_group` and `block.N.latency_histogram` spell them. */
export const DISK_OPERATIONS: Readonly<Record<string, string>> = {
  rd: "read",
  wr: "write",
  read: "read",
  write: "write",
  flush: "flush",
  zone_append: "zone_append",
};

/** VIR_DOMAIN_DIRTYRATE_MEASURED of virDomainDirtyRateStatus. */
export const DIRTY_RATE_MEASURED = 2;

/** The name of a domain's state. */
export function domainStateName(state: number): string {
  return DOMAIN_STATES[state] ?? `unknown_${state}`;
}

/** The name of the reason why a domain is in a state; the same number means another thing in every state. */
export function stateReasonName(state: number, reason: number): string {
  const name = DOMAIN_STATES[state];
  return (name === undefined ? undefined : STATE_REASONS[name][reason]) ?? `unknown_${reason}`;
}
