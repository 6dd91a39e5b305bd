import type { HypervisorReading } from "../readings/domain.ts";
import type { ObservedEvent } from "../readings/event-journal.ts";
import { type DomainEventRow, EVENT_ROWS } from "./definitions/events.ts";
import { eventRecord } from "./event-rows.ts";
import type { LogRecord } from "./log-records.ts";
import type { Occurrence } from "./occurrences.ts";
import type { Attributes } from "./points.ts";

/** Of an event of which there is no more to tell. */
const NO_DETAIL = "none";

type AnyEvent = ObservedEvent["event"];

/** What happened to a hypervisor's domains, in the order in which libvirt told it. */
export function domainOccurrences({
  identity: hypervisor,
  domains,
  gone = [],
  events = [],
}: Pick<HypervisorReading, "identity" | "domains" | "gone" | "events">): Occurrence[] {
  if (events.length === 0) return [];
  const known = new Map([...gone, ...domains].map((domain) => [domain.uuid, domain]));
  return events.map((observed) => {
    const { uuid, name } = observed.event.domain;
    const { name: nameNow, description } = known.get(uuid) ?? { name, description: undefined };
    const domain = { uuid, name: nameNow, description };
    return { subject: { domain, hypervisor }, record: recordOf(observed) };
  });
}

/** libvirt tells the time of none of these. */
function recordOf({ at, event }: ObservedEvent): LogRecord {
  // The row and the event are of the same kind.
  const row = EVENT_ROWS[event.kind] as DomainEventRow<AnyEvent>;
  const { type, domain } = event;
  const detail = event.detail === NO_DETAIL ? undefined : event.detail;
  const text = row.body?.(event) ?? (detail === undefined ? type : `${type} (${detail})`);
  const record = eventRecord(row, {
    type,
    detail,
    attributes: ownAttributes(row, event),
    body: `${domain.name}: ${text}`,
    observedTimeNs: at.wallNs,
  });
  return { ...record, severity: row.severityOf?.(event) ?? record.severity };
}

function ownAttributes({ attributes = {} }: DomainEventRow<AnyEvent>, event: AnyEvent): Attributes {
  const told: Record<string, Attributes[string]> = {};
  for (const [name, valueOf] of Object.entries(attributes)) {
    const value = valueOf(event);
    if (value !== undefined) told[name] = typeof value === "bigint" ? Number(value) : value;
  }
  return told;
}
