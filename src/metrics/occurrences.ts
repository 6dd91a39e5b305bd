import type { DomainReading, HypervisorIdentity } from "../readings/domain.ts";
import type { ConnectionReading } from "../readings/hypervisor-facts.ts";
import type { LogRecord, ResourceRecords } from "./log-records.ts";
import type { Attributes } from "./points.ts";
import {
  type AgentIdentity,
  agentResource,
  attributesKey,
  domainResource,
  hostResource,
  pointIdentity,
  type ResourceOptions,
} from "./resources.ts";

/** Whom a record is about. */
export type Subject =
  | {
      readonly kind: "domain";
      /** The description is that of its XML, where it is known: it has OpenStack's names. */
      readonly domain: Pick<DomainReading, "uuid" | "name" | "description">;
      readonly hypervisor: HypervisorIdentity;
    }
  | { readonly kind: "host"; readonly connection: Pick<ConnectionReading, "identity" | "facts"> }
  | { readonly kind: "agent" };

/** Something that happened, before it is known what a destination wants to be told of its subject. */
export interface Occurrence {
  readonly subject: Subject;
  readonly record: LogRecord;
}

/** What is to be told of subjects. */
export interface OccurrenceOptions {
  readonly agent: AgentIdentity;
  readonly resource: ResourceOptions;
}

/** The records by their resources, which are the same as those of the subjects' metrics; each resource's in order. */
export function recordsByResource(
  occurrences: readonly Occurrence[],
  options: OccurrenceOptions,
): ResourceRecords[] {
  const found = new Map<string, { readonly attributes: Attributes; readonly records: LogRecord[] }>();
  for (const { subject, record } of occurrences) {
    const attributes = resourceOf(subject, options);
    const key = attributesKey(attributes);
    const known = found.get(key) ?? { attributes, records: [] };
    found.set(key, known);
    known.records.push(identified(record, subject, options.resource));
  }
  return Array.from(found.values(), ({ attributes, records }) => ({ resource: { attributes }, records }));
}

function resourceOf(subject: Subject, { agent, resource }: OccurrenceOptions): Attributes {
  if (subject.kind === "domain") return domainResource(subject.domain, subject.hypervisor, resource);
  if (subject.kind === "host") return hostResource(subject.connection, resource);
  return agentResource(agent, resource);
}

/** With the domain's identity among its attributes for a backend that drops those of resources. */
function identified(record: LogRecord, subject: Subject, options: ResourceOptions): LogRecord {
  if (subject.kind !== "domain" || options.identity !== "attributes") return record;
  return { ...record, attributes: { ...pointIdentity(subject.domain, options), ...record.attributes } };
}
