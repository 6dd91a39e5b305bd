import * as fc from "fast-check";

import {
  type LogRecord,
  type ResourceRecords,
  SEVERITY_NUMBERS,
  type Severity,
} from "../../src/metrics/log-records.ts";
import type { Attributes } from "../../src/metrics/points.ts";
import type { ProtoKeyValue, ProtoLogRecord, ProtoLogsRequest, ProtoValue } from "./official-proto.ts";

const text = fc.string({ unit: "grapheme", maxLength: 80 });

const attributes: fc.Arbitrary<Attributes> = fc.dictionary(
  text,
  fc.oneof(text, fc.boolean(), fc.maxSafeInteger()),
  { maxKeys: 4 },
);

const timeNs = fc.bigInt({ min: 1n, max: 2n ** 63n - 1n });

const arbitraryRecord: fc.Arbitrary<LogRecord> = fc.record({
  timeNs: fc.option(timeNs, { nil: undefined }),
  observedTimeNs: timeNs,
  eventName: fc.stringMatching(/^[a-z]{1,9}(\.[a-z_]{1,9}){1,3}$/),
  severity: fc.constantFrom(...(Object.keys(SEVERITY_NUMBERS) as Severity[])),
  body: fc.option(text, { nil: undefined }),
  attributes,
});

/** Records of several resources, some with none. */
export const arbitraryRecords: fc.Arbitrary<ResourceRecords[]> = fc.array(
  fc.record({
    resource: fc.record({ attributes }),
    records: fc.array(arbitraryRecord, { maxLength: 6 }),
  }),
  { maxLength: 4 },
);

/** What the official messages must decode the records to. */
export function expectedLogs(all: readonly ResourceRecords[], version: string): ProtoLogsRequest {
  const resourceLogs = all
    .filter(({ records }) => records.length > 0)
    .map(({ resource, records }) => ({
      resource: optionalAttributes(resource.attributes),
      scopeLogs: [
        {
          scope: { name: "kvmeter", version },
          logRecords: records.map(expectedRecord),
          schemaUrl: "https://opentelemetry.io/schemas/1.45.0",
        },
      ],
    }));
  return resourceLogs.length === 0 ? {} : { resourceLogs };
}

function expectedRecord(record: LogRecord): ProtoLogRecord {
  const { timeNs: happenedNs, observedTimeNs, severity, body, eventName } = record;
  return {
    ...(happenedNs !== undefined && { timeUnixNano: String(happenedNs) }),
    observedTimeUnixNano: String(observedTimeNs),
    severityNumber: `SEVERITY_NUMBER_${severity.toUpperCase()}`,
    severityText: severity.toUpperCase(),
    ...(body !== undefined && { body: { stringValue: body } }),
    ...optionalAttributes(record.attributes),
    eventName,
  };
}

function optionalAttributes(all: Attributes): { attributes?: ProtoKeyValue[] } {
  const pairs = Object.entries(all).map(([key, value]) => ({ key, value: protoValue(value) }));
  return pairs.length === 0 ? {} : { attributes: pairs };
}

function protoValue(value: string | number | boolean): ProtoValue {
  if (typeof value === "string") return { stringValue: value };
  return typeof value === "boolean" ? { boolValue: value } : { intValue: String(value) };
}
