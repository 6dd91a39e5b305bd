import type { DomainReading, HypervisorIdentity } from "../readings/domain.ts";
import type { LogRecord, ResourceRecords } from "./log-records.ts";
import type { Attributes } from "./points.ts";
import { attributesKey, domainResource, pointIdentity, type ResourceOptions } from "./resources.ts";

/** Whom a record is about. */
export interface Subject {
  /** The description is that of its XML, where it is known: it has OpenStack's names. */
  readonly domain: Pick<DomainReading, "uuid" | "name" | "description">;
  readonly hypervisor: HypervisorIdentity;
}

/** Something that happened, before it is known what a destination wants to be told of its subject. */
export interface Occurrence {
  readonly subject: Subject;
  readonly record: LogRecord;
}

/** The records by their resources, which are the same as those of the subjects' metrics; each resource's in order. */
export function recordsByResource(
  occurrences: readonly Occurrence[],
  options: ResourceOptions,
): ResourceRecords[] {
  const found = new Map<string, { readonly attributes: Attributes; readonly records: LogRecord[] }>();
  for (const { subject, record } of occurrences) {
    const attributes = domainResource(subject.domain, subject.hypervisor, options);
    const key = attributesKey(attributes);
    const known = found.get(key) ?? { attributes, records: [] };
    found.set(key, known);
    known.records.push(identified(record, subject, options));
  }
  return Array.from(found.values(), ({ attributes, records }) => ({ resource: { attributes }, records }));
}

/** With the domain's identity among its attributes for a backend that drops those of resources. */
function identified(record: LogRecord, { domain }: Subject, options: ResourceOptions): LogRecord {
  if (options.identity !== "attributes") return record;
  return { ...record, attributes: { ...pointIdentity(domain, options), ...record.attributes } };
}
