/**
 * Every event of a domain that kvmeter listens to. Numbers and grammar are those of remote_protocol.x, enums those of
 * include/libvirt/libvirt-domain.h (12.8). Adding an event is adding its row.
 */
import { beginningOf } from "../beginning-of.ts";
import { readDomainRef } from "../domain-ref.ts";
import { JOB_PARAMETERS_LIMIT, jobFigures } from "../job-figures.ts";
import { readTypedParameters } from "../typed-parameters.ts";
import type { DomainRef, TypedParameter } from "../types.ts";
import type { XdrReader } from "../xdr-reader.ts";
import type { EventDefinition } from "./event.ts";
import { lifecycle as lifecycleDefinition } from "./lifecycle.ts";
import { enumName, lifecycleNames } from "./names.ts";

/** What every event has. */
interface Happening {
  readonly domain: DomainRef;
  /** What happened in one word: a lifecycle event's own type, else the kind of event. */
  readonly type: string;
  /** The reason, the state or the action, in the words of libvirt's header; `none` where there is no more to tell. */
  readonly detail: string;
}

interface EventRow<Fields> {
  /** virDomainEventID. */
  readonly id: number;
  /** REMOTE_PROC_DOMAIN_EVENT_CALLBACK_*. */
  readonly procedure: number;
  /** VIR_DOMAIN_EVENT_ID_* without that prefix. */
  readonly name: string;
  readonly type: string;
  /** What follows the domain. */
  readonly read: (reader: XdrReader) => Fields & { readonly detail?: string };
}

/** REMOTE_DOMAIN_EVENT_TUNABLE_MAX */
const TUNABLE_PARAMETERS_LIMIT = 2048;

/** With what the fields of VIR_DOMAIN_TUNABLE_* begin. */
const TUNED_PARTS = ["cputune", "blkdeviotune"];

/** Longer texts than this are cut: a path, a reason, an alias. */
const TEXT_LIMIT = 1024;

export const DOMAIN_EVENTS = {
  // domain dom, int event, int detail
  lifecycle: {
    ...lifecycleDefinition,
    decode(reader: XdrReader): Happening {
      const { domain, event, detail } = lifecycleDefinition.decode(reader);
      return { domain, ...lifecycleNames(event, detail) };
    },
  },
  // domain dom
  reboot: event({ id: 1, procedure: 319, name: "REBOOT", type: "reboot", read: () => ({}) }),
  // domain dom, int action
  watchdog: event({
    id: 3,
    procedure: 321,
    name: "WATCHDOG",
    type: "watchdog",
    read: (reader) => ({ detail: enumName("watchdogAction", reader.i32()) }),
  }),
  // domain dom, string srcPath, string devAlias, int action, string reason
  ioError: event({
    id: 6,
    procedure: 324,
    name: "IO_ERROR_REASON",
    type: "io_error",
    read: (reader) => ({
      path: text(reader),
      alias: text(reader),
      detail: enumName("ioErrorAction", reader.i32()),
      reason: text(reader),
    }),
  }),
  // domain dom, unsigned hyper actual
  balloon: event({
    id: 13,
    procedure: 331,
    name: "BALLOON_CHANGE",
    type: "balloon_change",
    read: (reader) => ({ currentKiB: reader.u64() }),
  }),
  // domain dom, string devAlias
  deviceRemoved: event({
    id: 15,
    procedure: 333,
    name: "DEVICE_REMOVED",
    type: "device_removed",
    read: (reader) => ({ alias: text(reader) }),
  }),
  // domain dom, string dst, int type, int status
  blockJob: event({
    id: 16,
    procedure: 339,
    name: "BLOCK_JOB_2",
    type: "block_job",
    read: (reader) => ({
      disk: text(reader),
      job: enumName("blockJobType", reader.i32()),
      detail: enumName("blockJobStatus", reader.i32()),
    }),
  }),
  // domain dom, typed_param params<2048>
  tunable: event({
    id: 17,
    procedure: 346,
    name: "TUNABLE",
    type: "tunable",
    read: (reader) => ({ detail: tunedPart(readTypedParameters(reader, TUNABLE_PARAMETERS_LIMIT)) }),
  }),
  // domain dom, int state, int reason
  guestAgent: event({
    id: 18,
    procedure: 348,
    name: "AGENT_LIFECYCLE",
    type: "agent_lifecycle",
    read: (reader) => ({
      detail: enumName("channelState", reader.i32()),
      reason: enumName("channelReason", reader.i32()),
    }),
  }),
  // domain dom, string devAlias
  deviceAdded: event({
    id: 19,
    procedure: 354,
    name: "DEVICE_ADDED",
    type: "device_added",
    read: (reader) => ({ alias: text(reader) }),
  }),
  // domain dom, int iteration
  migrationIteration: event({
    id: 20,
    procedure: 359,
    name: "MIGRATION_ITERATION",
    type: "migration_iteration",
    read: (reader) => ({ iteration: reader.i32() }),
  }),
  // domain dom, typed_param params<64>
  jobCompleted: event({
    id: 21,
    procedure: 363,
    name: "JOB_COMPLETED",
    type: "job_completed",
    read(reader) {
      const figures = jobFigures(readTypedParameters(reader, JOB_PARAMETERS_LIMIT));
      return { figures, detail: figures.operation };
    },
  }),
  // domain dom, int type, string? nsuri
  metadata: event({
    id: 23,
    procedure: 379,
    name: "METADATA_CHANGE",
    type: "metadata_change",
    read: (reader) => ({
      detail: enumName("metadataType", reader.i32()),
      namespace: reader.optional(() => text(reader)),
    }),
  }),
  // domain dom, string dev, string? path, unsigned hyper threshold, unsigned hyper excess
  blockThreshold: event({
    id: 24,
    procedure: 385,
    name: "BLOCK_THRESHOLD",
    type: "block_threshold",
    read: (reader) => ({
      disk: text(reader),
      path: reader.optional(() => text(reader)),
      thresholdBytes: reader.u64(),
      excessBytes: reader.u64(),
    }),
  }),
  // domain dom, int recipient, int action, unsigned flags
  memoryFailure: event({
    id: 25,
    procedure: 423,
    name: "MEMORY_FAILURE",
    type: "memory_failure",
    read(reader) {
      const recipient = enumName("memoryFailureRecipient", reader.i32());
      const detail = enumName("memoryFailureAction", reader.i32());
      const flags = reader.u32();
      return { recipient, detail, actionRequired: (flags & 1) !== 0, recursive: (flags & 2) !== 0 };
    },
  }),
  // domain dom, string alias, string oldMAC, string newMAC
  nicMac: event({
    id: 27,
    procedure: 453,
    name: "NIC_MAC_CHANGE",
    type: "nic_mac_change",
    read: (reader) => ({ alias: text(reader), oldMac: text(reader), newMac: text(reader) }),
  }),
  // domain dom, unsigned vcpuid
  vcpuRemoved: event({
    id: 28,
    procedure: 454,
    name: "VCPU_REMOVED",
    type: "vcpu_removed",
    read: (reader) => ({ vcpu: reader.u32() }),
  }),
  // domain dom, string channelName, int state, int reason
  channelLifecycle: event({
    id: 29,
    procedure: 455,
    name: "CHANNEL_LIFECYCLE",
    type: "channel_lifecycle",
    read: (reader) => ({
      channel: text(reader),
      detail: enumName("channelState", reader.i32()),
      reason: enumName("channelReason", reader.i32()),
    }),
  }),
} as const;

/** The kinds of events, by which {@link DOMAIN_EVENTS} has them. */
export type DomainEventKind = keyof typeof DOMAIN_EVENTS;

/** An event of one kind. */
export type DomainEventOf<Kind extends DomainEventKind> = {
  readonly [Each in Kind]: { readonly kind: Each } & ReturnType<(typeof DOMAIN_EVENTS)[Each]["decode"]>;
}[Kind];

/** An event of any kind. */
export type DomainEvent = DomainEventOf<DomainEventKind>;

function event<Fields extends object>({
  read,
  type,
  ...row
}: EventRow<Fields>): EventDefinition<Happening & Fields> {
  return {
    ...row,
    decode: (reader) => ({ domain: readDomainRef(reader), type, detail: "none", ...read(reader) }),
  };
}

function tunedPart([first]: readonly TypedParameter[]): string {
  return TUNED_PARTS.find((part) => first?.field.startsWith(`${part}.`)) ?? "unknown";
}

function text(reader: XdrReader): string {
  return beginningOf(reader.string(), TEXT_LIMIT);
}
