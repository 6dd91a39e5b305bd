import type {
  Attributes,
  HistogramPoint,
  MetricPoints,
  NumberPoint,
  ResourcePoints,
} from "../metrics/points.ts";
import { fitsInt64 } from "./fixed64.ts";
import type { Scope } from "./scope.ts";

const TEMPORALITIES = { delta: 1, cumulative: 2 } as const;
const NO_RECORDED_VALUE = 1;

/** What JSON has no number for. */
type JsonDouble = number | "NaN" | "Infinity" | "-Infinity";

type JsonAnyValue =
  | { readonly stringValue: string }
  | { readonly boolValue: boolean }
  | { readonly intValue: string }
  | { readonly doubleValue: JsonDouble };

interface JsonPoint {
  readonly attributes: readonly { readonly key: string; readonly value: JsonAnyValue }[];
  readonly startTimeUnixNano?: string;
  readonly timeUnixNano: string;
  readonly flags?: number;
  readonly asInt?: string;
  readonly asDouble?: JsonDouble;
  readonly count?: string;
  readonly sum?: JsonDouble;
  readonly bucketCounts?: readonly string[];
  readonly explicitBounds?: readonly JsonDouble[];
}

interface JsonData {
  readonly dataPoints: readonly JsonPoint[];
  readonly aggregationTemporality?: number;
  readonly isMonotonic?: boolean;
}

interface JsonMetric {
  readonly name: string;
  readonly description: string;
  readonly unit: string;
  readonly gauge?: JsonData;
  readonly sum?: JsonData;
  readonly histogram?: JsonData;
}

/** ExportMetricsServiceRequest in OTLP/JSON. */
export interface OtlpJson {
  readonly resourceMetrics: readonly {
    readonly resource: Pick<JsonPoint, "attributes">;
    readonly scopeMetrics: readonly {
      readonly scope: { readonly name: string; readonly version: string };
      readonly metrics: readonly JsonMetric[];
      readonly schemaUrl: string;
    }[];
  }[];
}

/**
 * A cycle in OTLP/JSON (OTLP specification, "JSON Protobuf Encoding"): names in lowerCamelCase, 64-bit whole
 * numbers as strings, enumerations as numbers. The same points as the protobuf encoding gives.
 */
export function toOtlpJson(cycle: readonly ResourcePoints[], scope: Scope): OtlpJson {
  const resourceMetrics = cycle
    .map(({ resource, metrics }) => ({
      resource: { attributes: keyValues(resource.attributes) },
      scopeMetrics: [
        {
          scope: { name: scope.name, version: scope.version },
          metrics: metrics.filter(({ points }) => points.length > 0).map(metricJson),
          schemaUrl: scope.schemaUrl,
        },
      ],
    }))
    .filter(({ scopeMetrics: [only] }) => only !== undefined && only.metrics.length > 0);
  return { resourceMetrics };
}

function metricJson({ metric, points }: MetricPoints): JsonMetric {
  const { name, description, unit, kind, temporality = "cumulative" } = metric;
  const head = { name, description, unit };
  if (kind === "histogram") {
    const dataPoints = (points as readonly HistogramPoint[]).map(histogramPoint);
    return { ...head, histogram: { dataPoints, aggregationTemporality: TEMPORALITIES[temporality] } };
  }
  const dataPoints = (points as readonly NumberPoint[]).map((point) => numberPoint(point, metric.valueType));
  if (kind === "gauge") return { ...head, gauge: { dataPoints } };
  const sum = { dataPoints, aggregationTemporality: TEMPORALITIES[temporality] };
  return { ...head, sum: kind === "counter" ? { ...sum, isMonotonic: true } : sum };
}

function numberPoint(point: NumberPoint, valueType: "int" | "double"): JsonPoint {
  const { value, noRecordedValue } = point;
  if (noRecordedValue === true) return { ...pointHead(point), flags: NO_RECORDED_VALUE };
  if (valueType === "int" && fitsInt64(value)) return { ...pointHead(point), asInt: String(value) };
  return { ...pointHead(point), asDouble: double(Number(value)) };
}

function histogramPoint(point: HistogramPoint): JsonPoint {
  const { count, sum, bounds, bucketCounts, noRecordedValue } = point;
  if (noRecordedValue === true) {
    const empty = {
      count: "0",
      bucketCounts: bucketCounts.map(() => "0"),
      explicitBounds: bounds.map(double),
    };
    return { ...pointHead(point), ...(bucketCounts.length > 0 && empty), flags: NO_RECORDED_VALUE };
  }
  return {
    ...pointHead(point),
    count: String(count),
    ...(sum === undefined ? {} : { sum: double(sum) }),
    bucketCounts: bucketCounts.map(String),
    explicitBounds: bounds.map(double),
  };
}

function pointHead({ series, timeNs, startTimeNs: ownStartNs }: NumberPoint | HistogramPoint): JsonPoint {
  const startTimeNs = ownStartNs ?? series.startTimeNs;
  return {
    attributes: keyValues(series.attributes),
    ...(startTimeNs === undefined ? {} : { startTimeUnixNano: String(startTimeNs) }),
    timeUnixNano: String(timeNs),
  };
}

function keyValues(attributes: Attributes): JsonPoint["attributes"] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }));
}

function anyValue(value: string | number | boolean): JsonAnyValue {
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: double(value) };
}

function double(value: number): JsonDouble {
  return Number.isFinite(value) ? value : (String(value) as JsonDouble);
}
