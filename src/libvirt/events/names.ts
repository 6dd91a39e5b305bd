/**
 * Names of the numbers in libvirt's events, in the order of the enums of include/libvirt/libvirt-domain.h (12.8), in
 * lower snake case. A number that the header does not have yet is called `unknown_<number>`, and `unknown` one that it
 * will never have.
 */

/** virDomainEventType, and for each the details of it: virDomainEvent<Type>DetailType. */
const LIFECYCLE: readonly (readonly [type: string, details: readonly string[]])[] = [
  ["defined", ["added", "updated", "renamed", "from_snapshot"]],
  ["undefined", ["removed", "renamed"]],
  ["started", ["booted", "migrated", "restored", "from_snapshot", "wakeup", "recreated"]],
  [
    "suspended",
    [
      "paused",
      "migrated",
      "ioerror",
      "watchdog",
      "restored",
      "from_snapshot",
      "api_error",
      "postcopy",
      "postcopy_failed",
      "guest_shutdown",
    ],
  ],
  ["resumed", ["unpaused", "migrated", "from_snapshot", "postcopy", "postcopy_failed"]],
  [
    "stopped",
    ["shutdown", "destroyed", "crashed", "migrated", "saved", "failed", "from_snapshot", "recreated"],
  ],
  ["shutdown", ["finished", "guest", "host"]],
  ["pmsuspended", ["memory", "disk"]],
  ["crashed", ["panicked", "crashloaded"]],
];

/** The other enums. */
export const EVENT_ENUMS = {
  /** virDomainEventWatchdogAction */
  watchdogAction: ["none", "pause", "reset", "poweroff", "shutdown", "debug", "injectnmi"],
  /** virDomainEventIOErrorAction */
  ioErrorAction: ["none", "pause", "report"],
  /** virDomainBlockJobType */
  blockJobType: ["unknown", "pull", "copy", "commit", "active_commit", "backup"],
  /** virConnectDomainEventBlockJobStatus */
  blockJobStatus: ["completed", "failed", "canceled", "ready"],
  /** virConnectDomainEventAgentLifecycleState, and the same of channels; there is no 0. */
  channelState: ["unknown_0", "connected", "disconnected"],
  /** virConnectDomainEventAgentLifecycleReason, and the same of channels. */
  channelReason: ["unknown", "domain_started", "channel"],
  /** virDomainMetadataType */
  metadataType: ["description", "title", "element"],
  /** virDomainMemoryFailureRecipientType */
  memoryFailureRecipient: ["hypervisor", "guest"],
  /** virDomainMemoryFailureActionType */
  memoryFailureAction: ["ignore", "inject", "fatal", "reset"],
  /** virDomainJobOperation */
  jobOperation: [
    "unknown",
    "start",
    "save",
    "restore",
    "migration_in",
    "migration_out",
    "snapshot",
    "snapshot_revert",
    "dump",
    "backup",
    "snapshot_delete",
  ],
} as const;

/** The longest of the enums has eleven names. */
const UNKNOWN_LIMIT = 100;

/** The name of an enum's number. */
export function enumName(names: keyof typeof EVENT_ENUMS, number: number): string {
  return EVENT_ENUMS[names][number] ?? unknownName(number);
}

/** A lifecycle event's type and detail; the same detail means another thing for every type. */
export function lifecycleNames(event: number, detail: number): { type: string; detail: string } {
  const [type = unknownName(event), details = []] = LIFECYCLE[event] ?? [];
  return { type, detail: details[detail] ?? unknownName(detail) };
}

/** Events are counted by these names, so they must not be without number. */
function unknownName(number: number): string {
  return Math.abs(number) < UNKNOWN_LIMIT ? `unknown_${number}` : "unknown";
}
