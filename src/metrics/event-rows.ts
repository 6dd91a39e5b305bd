import type { LogRecord, Severity } from "./log-records.ts";
import type { Attributes } from "./points.ts";

/** What a kind of libvirt's events means as a log record. */
export interface EventRow {
  /** The record's event name: an interface, as metrics' names are. */
  readonly name: string;
  /** When it happens: one sentence. */
  readonly description: string;
  /** Where the type and the detail say nothing else. */
  readonly severity: Severity;
  /** By the event's type (`crashed`) or its type and detail (`suspended/ioerror`), which is the stronger. */
  readonly severities?: Readonly<Record<string, Severity>>;
}

/** An event in libvirt's names, lower snake case. */
export interface NamedEvent {
  /** `started` */
  readonly type: string;
  /** `booted` */
  readonly detail?: string | undefined;
  /** What else the event tells, under names of their own. */
  readonly attributes?: Attributes;
  /** For people; made of type and detail unless given. */
  readonly body?: string;
  /** When libvirt says that it happened: it does so of few events. Nanoseconds since the epoch. */
  readonly timeNs?: bigint;
  /** When its message came, nanoseconds since the epoch. */
  readonly observedTimeNs: bigint;
}

/** The log record of an event. */
export function eventRecord({ name, severity, severities = {} }: EventRow, event: NamedEvent): LogRecord {
  const { type, detail, attributes, timeNs, observedTimeNs } = event;
  return {
    timeNs,
    observedTimeNs,
    eventName: name,
    severity: severities[`${type}/${detail}`] ?? severities[type] ?? severity,
    body: event.body ?? (detail === undefined ? type : `${type}: ${detail}`),
    attributes: {
      "libvirt.event.type": type,
      ...(detail !== undefined && { "libvirt.event.detail": detail }),
      ...attributes,
    },
  };
}
