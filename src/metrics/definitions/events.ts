import type { ObservedEvent } from "../../readings/event-journal.ts";
import type { EventRow } from "../event-rows.ts";
import type { Severity } from "../log-records.ts";

type AnyEvent = ObservedEvent["event"];
type EventOf<Kind extends AnyEvent["kind"]> = Extract<AnyEvent, { readonly kind: Kind }>;
type Value = string | number | bigint | boolean | undefined;

/** How a domain's event of one kind is told: what it says beside its type and detail. */
export interface DomainEventRow<Event> extends EventRow {
  /** Attributes by name; what is undefined is left out. */
  readonly attributes?: Readonly<Record<string, (event: Event) => Value>>;
  /** What happened, after the domain's name; type and detail unless given. */
  readonly body?: (event: Event) => string;
  /** Where type and detail do not tell it. */
  readonly severityOf?: (event: Event) => Severity | undefined;
}

/** By the outcome of a job. */
const UNLUCKY: Readonly<Record<string, Severity>> = { failed: "error", cancelled: "warn" };

const ALIAS = { "libvirt.device.alias": ({ alias }: { readonly alias: string }) => alias };
const DISK = { "system.device": ({ disk }: { readonly disk: string }) => disk };

/** Every kind of event that is told. Adding an event is adding its row. */
export const EVENT_ROWS: { readonly [Kind in AnyEvent["kind"]]: DomainEventRow<EventOf<Kind>> } = {
  lifecycle: {
    name: "libvirt.domain.lifecycle",
    description: "A domain was defined, started, suspended, resumed, stopped or undefined, or it crashed.",
    severity: "info",
    severities: {
      crashed: "error",
      "suspended/ioerror": "error",
      "suspended/api_error": "error",
      "suspended/postcopy_failed": "error",
      "suspended/watchdog": "warn",
      "resumed/postcopy_failed": "error",
      "stopped/crashed": "error",
      "stopped/failed": "error",
    },
  },
  reboot: {
    name: "libvirt.domain.reboot",
    description: "The guest was reset or rebooted itself; its QEMU goes on.",
    severity: "info",
    body: () => "rebooted",
  },
  watchdog: {
    name: "libvirt.domain.watchdog",
    description: "The guest did not feed its watchdog; the detail is what was done.",
    severity: "warn",
  },
  ioError: {
    name: "libvirt.domain.io_error",
    description: "A disk gave an I/O error; the detail is what was done.",
    severity: "error",
    attributes: {
      ...ALIAS,
      "libvirt.disk.path": ({ path }) => path,
      "libvirt.io_error.reason": ({ reason }) => reason,
    },
    body: ({ alias, detail, reason }) => `I/O error of ${alias} (${reason === "" ? detail : reason})`,
  },
  balloon: {
    name: "libvirt.domain.balloon_change",
    description: "The guest's balloon has another size.",
    severity: "debug",
    attributes: { "libvirt.memory.current_kib": ({ currentKiB }) => currentKiB },
    body: ({ currentKiB }) => `balloon at ${currentKiB} KiB`,
  },
  deviceAdded: {
    name: "libvirt.domain.device_added",
    description: "A device was plugged in.",
    severity: "info",
    attributes: ALIAS,
    body: ({ alias }) => `device ${alias} added`,
  },
  deviceRemoved: {
    name: "libvirt.domain.device_removed",
    description: "The guest let go of a device.",
    severity: "info",
    attributes: ALIAS,
    body: ({ alias }) => `device ${alias} removed`,
  },
  blockJob: {
    name: "libvirt.domain.block_job",
    description: "A job on a disk, such as a copy or a commit, is ready or over.",
    severity: "info",
    severities: { "block_job/failed": "error" },
    attributes: { ...DISK, "libvirt.block_job.type": ({ job }) => job },
    body: ({ disk, job, detail }) => `block job ${job} of ${disk} ${detail}`,
  },
  tunable: {
    name: "libvirt.domain.tunable",
    description: "Limits of a disk or weights of CPUs were set while the domain runs; the detail is which.",
    severity: "info",
  },
  guestAgent: {
    name: "libvirt.domain.agent_lifecycle",
    description: "QEMU's guest agent connected or disconnected.",
    severity: "info",
    attributes: { "libvirt.agent.reason": ({ reason }) => reason },
    body: ({ detail }) => `guest agent ${detail}`,
  },
  migrationIteration: {
    name: "libvirt.domain.migration_iteration",
    description: "A migration, a save or a dump begins to go through the memory once more.",
    severity: "debug",
    attributes: { "libvirt.migration.iteration": ({ iteration }) => iteration },
    body: ({ iteration }) => `memory iteration ${iteration}`,
  },
  jobCompleted: {
    name: "libvirt.domain.job_completed",
    description:
      "A migration, a backup, a dump or a save is over; the detail is the operation. With its final figures.",
    severity: "info",
    severityOf: ({ figures }) => (figures.success === false ? "error" : undefined),
    attributes: {
      "libvirt.job.operation": ({ figures }) => figures.operation,
      "libvirt.job.elapsed_ms": ({ figures }) => figures.elapsedMs,
      "libvirt.job.downtime_ms": ({ figures }) => figures.downtimeMs,
      "libvirt.job.data.total_bytes": ({ figures }) => figures.totalBytes,
      "libvirt.job.data.processed_bytes": ({ figures }) => figures.processedBytes,
      "libvirt.job.data.remaining_bytes": ({ figures }) => figures.remainingBytes,
      "libvirt.job.success": ({ figures }) => figures.success,
      "libvirt.job.error": ({ figures }) => figures.errorText,
    },
    body: finalFigures,
  },
  jobEnded: {
    name: "libvirt.domain.job_ended",
    description:
      "A job that had been seen is not there any more, and libvirt told nothing of its end: a dump of memory alone, or a migration that did not come about.",
    severity: "info",
    severityOf: ({ outcome }) => UNLUCKY[outcome],
    attributes: {
      "libvirt.job.operation": ({ detail }) => detail,
      "libvirt.job.outcome": ({ outcome }) => outcome,
    },
    body: ({ detail, outcome }) => (outcome === "unknown" ? `${detail} is over` : `${detail} ${outcome}`),
  },
  metadata: {
    name: "libvirt.domain.metadata_change",
    description: "The domain's title, description or metadata changed; the detail is which.",
    severity: "info",
    attributes: { "libvirt.metadata.namespace": ({ namespace }) => namespace },
    body: ({ detail }) => `${detail} of the metadata changed`,
  },
  blockThreshold: {
    name: "libvirt.domain.block_threshold",
    description: "A disk image was written beyond the threshold that was set for it.",
    severity: "warn",
    attributes: {
      ...DISK,
      "libvirt.disk.path": ({ path }) => path,
      "libvirt.disk.threshold_bytes": ({ thresholdBytes }) => thresholdBytes,
      "libvirt.disk.excess_bytes": ({ excessBytes }) => excessBytes,
    },
    body: ({ disk, thresholdBytes, excessBytes }) =>
      `${disk} passed its threshold of ${thresholdBytes} bytes by ${excessBytes}`,
  },
  memoryFailure: {
    name: "libvirt.domain.memory_failure",
    description: "The host's memory failed under the guest or QEMU; the detail is what was done.",
    severity: "warn",
    severities: { "memory_failure/fatal": "error", "memory_failure/reset": "error" },
    attributes: {
      "libvirt.memory_failure.recipient": ({ recipient }) => recipient,
      "libvirt.memory_failure.action_required": ({ actionRequired }) => actionRequired,
      "libvirt.memory_failure.recursive": ({ recursive }) => recursive,
    },
    body: ({ recipient, detail }) => `memory failure of the ${recipient} (${detail})`,
  },
  nicMac: {
    name: "libvirt.domain.nic_mac_change",
    description: "The guest gave one of its NICs another MAC address.",
    severity: "info",
    attributes: {
      ...ALIAS,
      "libvirt.interface.mac.old": ({ oldMac }) => oldMac,
      "libvirt.interface.mac": ({ newMac }) => newMac,
    },
    body: ({ alias, oldMac, newMac }) => `MAC of ${alias} changed from ${oldMac} to ${newMac}`,
  },
  vcpuRemoved: {
    name: "libvirt.domain.vcpu_removed",
    description: "The guest let go of a vCPU.",
    severity: "info",
    attributes: { "cpu.logical_number": ({ vcpu }) => vcpu },
    body: ({ vcpu }) => `vCPU ${vcpu} removed`,
  },
  channelLifecycle: {
    name: "libvirt.domain.channel_lifecycle",
    description: "Somebody in the guest opened or closed a channel to the host.",
    severity: "info",
    attributes: {
      "libvirt.channel.name": ({ channel }) => channel,
      "libvirt.channel.reason": ({ reason }) => reason,
    },
    body: ({ channel, detail }) => `channel ${channel} ${detail}`,
  },
};

function finalFigures({ figures }: EventOf<"jobCompleted">): string {
  const { operation, elapsedMs, downtimeMs, processedBytes, success, errorText } = figures;
  const parts = [
    elapsedMs === undefined ? undefined : `${elapsedMs} ms`,
    downtimeMs === undefined ? undefined : `downtime ${downtimeMs} ms`,
    processedBytes === undefined ? undefined : `${processedBytes} bytes`,
    errorText,
  ].filter((part) => part !== undefined);
  return [`${operation} ${success === false ? "failed" : "completed"}`, ...parts].join(", ");
}
