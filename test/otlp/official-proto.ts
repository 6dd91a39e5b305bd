import { fileURLToPath } from "node:url";

import protobuf from "protobufjs";

/** The official OTLP messages, loaded by an independent protobuf library. */
const root = new protobuf.Root();
root.resolvePath = (_origin, target) => fileURLToPath(new URL(`../../proto/${target}`, import.meta.url));
root.loadSync([
  "opentelemetry/proto/collector/metrics/v1/metrics_service.proto",
  "opentelemetry/proto/collector/logs/v1/logs_service.proto",
]);

const requestType = root.lookupType("opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest");
const responseType = root.lookupType("opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceResponse");
const logsRequestType = root.lookupType("opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest");
const logsResponseType = root.lookupType("opentelemetry.proto.collector.logs.v1.ExportLogsServiceResponse");

export interface ProtoValue {
  stringValue?: string;
  boolValue?: boolean;
  intValue?: string;
  doubleValue?: number;
}

export interface ProtoKeyValue {
  key: string;
  value: ProtoValue;
}

export interface ProtoPoint {
  attributes?: ProtoKeyValue[];
  startTimeUnixNano?: string;
  timeUnixNano: string;
  asInt?: string;
  asDouble?: number;
  flags?: number;
  count?: string;
  sum?: number;
  bucketCounts?: string[];
  explicitBounds?: number[];
}

export interface ProtoData {
  dataPoints: ProtoPoint[];
  aggregationTemporality?: string;
  isMonotonic?: boolean;
}

export interface ProtoMetric {
  name: string;
  description: string;
  unit: string;
  gauge?: ProtoData;
  sum?: ProtoData;
  histogram?: ProtoData;
}

export interface ProtoRequest {
  resourceMetrics?: {
    resource: { attributes?: ProtoKeyValue[] };
    scopeMetrics: { scope: { name: string; version: string }; metrics: ProtoMetric[]; schemaUrl: string }[];
  }[];
}

export interface ProtoLogRecord {
  timeUnixNano?: string;
  observedTimeUnixNano: string;
  severityNumber: string;
  severityText: string;
  body?: ProtoValue;
  attributes?: ProtoKeyValue[];
  eventName: string;
}

export interface ProtoLogsRequest {
  resourceLogs?: {
    resource: { attributes?: ProtoKeyValue[] };
    scopeLogs: {
      scope: { name: string; version: string };
      logRecords: ProtoLogRecord[];
      schemaUrl: string;
    }[];
  }[];
}

/** Decodes a request; 64-bit numbers become strings, so that none loses a digit. */
export function decodeRequest(bytes: Uint8Array): ProtoRequest {
  return requestType.toObject(requestType.decode(bytes), { longs: String, enums: String });
}

/** What the official messages make of OTLP/JSON: decoded, encoded, and decoded again from the bytes. */
export function decodeJson(json: object): ProtoRequest {
  return decodeRequest(requestType.encode(requestType.fromObject(json)).finish());
}

/** An ExportMetricsServiceResponse with a partial success. */
export function encodeResponse(rejectedDataPoints: number, errorMessage: string): Uint8Array {
  return responseType
    .encode(responseType.fromObject({ partialSuccess: { rejectedDataPoints, errorMessage } }))
    .finish();
}

/** {@link decodeRequest} for log records. */
export function decodeLogsRequest(bytes: Uint8Array): ProtoLogsRequest {
  return logsRequestType.toObject(logsRequestType.decode(bytes), { longs: String, enums: String });
}

/** An ExportLogsServiceResponse with a partial success. */
export function encodeLogsResponse(rejectedLogRecords: number, errorMessage: string): Uint8Array {
  return logsResponseType
    .encode(logsResponseType.fromObject({ partialSuccess: { rejectedLogRecords, errorMessage } }))
    .finish();
}
