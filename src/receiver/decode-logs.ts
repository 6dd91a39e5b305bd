import {
  attributesOf,
  decoderOf,
  type ProtoKeyValue,
  type ProtoValue,
  type ReceivedAttributes,
  valueOf,
} from "./messages.ts";

export interface ReceivedRecord {
  /** Nanoseconds since the epoch; undefined where the record has none. */
  readonly timeNs: bigint | undefined;
  readonly observedTimeNs: bigint | undefined;
  readonly eventName: string;
  readonly severityNumber: number;
  readonly severityText: string;
  readonly body: string | number | boolean | undefined;
  readonly attributes: ReceivedAttributes;
}

/** One resource of a request with its log records of all scopes. */
export interface ReceivedLogs {
  readonly attributes: ReceivedAttributes;
  readonly records: readonly ReceivedRecord[];
}

interface ProtoRequest {
  readonly resourceLogs?: readonly {
    readonly resource?: { readonly attributes?: readonly ProtoKeyValue[] };
    readonly scopeLogs?: readonly { readonly logRecords?: readonly ProtoRecord[] }[];
  }[];
}

interface ProtoRecord {
  readonly timeUnixNano?: string;
  readonly observedTimeUnixNano?: string;
  readonly eventName?: string;
  readonly severityNumber?: number;
  readonly severityText?: string;
  readonly body?: ProtoValue;
  readonly attributes?: readonly ProtoKeyValue[];
}

const decode = decoderOf("logs.v1.ExportLogsServiceRequest");

/**
 * Decodes an ExportLogsServiceRequest.
 *
 * @throws RangeError or Error where the bytes are no such message.
 */
export function decodeLogsRequest(body: Uint8Array): ReceivedLogs[] {
  const request: ProtoRequest = decode(body);
  return (request.resourceLogs ?? []).map(({ resource, scopeLogs = [] }) => ({
    attributes: attributesOf(resource?.attributes),
    records: scopeLogs.flatMap(({ logRecords = [] }) => logRecords.map(recordOf)),
  }));
}

function recordOf(record: ProtoRecord): ReceivedRecord {
  const { timeUnixNano, observedTimeUnixNano, body } = record;
  return {
    timeNs: timeUnixNano === undefined ? undefined : BigInt(timeUnixNano),
    observedTimeNs: observedTimeUnixNano === undefined ? undefined : BigInt(observedTimeUnixNano),
    eventName: record.eventName ?? "",
    severityNumber: record.severityNumber ?? 0,
    severityText: record.severityText ?? "",
    body: body === undefined ? undefined : valueOf(body),
    attributes: attributesOf(record.attributes),
  };
}
