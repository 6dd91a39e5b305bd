import { fileURLToPath } from "node:url";

import protobuf from "protobufjs";

/** The official OTLP messages, loaded by an independent protobuf library. */
const root = new protobuf.Root();
root.resolvePath = (_origin, target) => fileURLToPath(new URL(`../../proto/${target}`, import.meta.url));
root.loadSync("opentelemetry/proto/collector/metrics/v1/metrics_service.proto");

const requestType = root.lookupType("opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest");
const responseType = root.lookupType("opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceResponse");

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
