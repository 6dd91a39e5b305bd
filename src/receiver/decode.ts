import { type Integer, toInteger } from "../integer.ts";
import { attributesOf, decoderOf, type ProtoKeyValue, type ReceivedAttributes } from "./messages.ts";

export interface ReceivedPoint {
  readonly attributes: ReceivedAttributes;
  /** Nanoseconds since the epoch; undefined where the point has none. */
  readonly startTimeNs: bigint | undefined;
  readonly timeNs: bigint;
  /** Undefined for a histogram and for a point that ends its series. */
  readonly value: Integer | undefined;
  readonly histogram: ReceivedHistogram | undefined;
  /** The series has no value from here on. */
  readonly noRecordedValue: boolean;
}

export interface ReceivedHistogram {
  readonly count: Integer;
  readonly sum: number | undefined;
  readonly bounds: readonly number[];
  readonly bucketCounts: readonly Integer[];
}

export interface ReceivedMetric {
  readonly name: string;
  readonly description: string;
  readonly unit: string;
  readonly kind: "counter" | "updowncounter" | "gauge" | "histogram";
  readonly points: readonly ReceivedPoint[];
}

/** One resource of a request with its metrics of all scopes. */
export interface ReceivedResource {
  readonly attributes: ReceivedAttributes;
  readonly metrics: readonly ReceivedMetric[];
}

/** A request as protobufjs gives it, with 64-bit numbers as strings and empty fields left out. */
interface ProtoRequest {
  readonly resourceMetrics?: readonly {
    readonly resource?: { readonly attributes?: readonly ProtoKeyValue[] };
    readonly scopeMetrics?: readonly { readonly metrics?: readonly ProtoMetric[] }[];
  }[];
}

interface ProtoMetric {
  readonly name?: string;
  readonly description?: string;
  readonly unit?: string;
  readonly gauge?: ProtoData;
  readonly sum?: ProtoData;
  readonly histogram?: ProtoData;
}

interface ProtoData {
  readonly dataPoints?: readonly ProtoPoint[];
  readonly isMonotonic?: boolean;
}

interface ProtoPoint {
  readonly attributes?: readonly ProtoKeyValue[];
  readonly startTimeUnixNano?: string;
  readonly timeUnixNano?: string;
  readonly asInt?: string;
  readonly asDouble?: number;
  readonly count?: string;
  readonly sum?: number;
  readonly bucketCounts?: readonly string[];
  readonly explicitBounds?: readonly number[];
  readonly flags?: number;
}

const NO_RECORDED_VALUE = 1;

const decode = decoderOf("metrics.v1.ExportMetricsServiceRequest");

/**
 * Decodes an ExportMetricsServiceRequest.
 *
 * @throws RangeError or Error where the bytes are no such message.
 */
export function decodeRequest(body: Uint8Array): ReceivedResource[] {
  const request: ProtoRequest = decode(body);
  return (request.resourceMetrics ?? []).map(({ resource, scopeMetrics }) => ({
    attributes: attributesOf(resource?.attributes),
    metrics: (scopeMetrics ?? []).flatMap(({ metrics }) => (metrics ?? []).map(metricOf)),
  }));
}

function metricOf(metric: ProtoMetric): ReceivedMetric {
  const { name = "", description = "", unit = "", gauge, sum, histogram } = metric;
  const { dataPoints = [] } = gauge ?? sum ?? histogram ?? {};
  const points = dataPoints.map((point) => pointOf(point, histogram !== undefined));
  return { name, description, unit, kind: kindOf(metric), points };
}

function kindOf({ sum, histogram }: ProtoMetric): ReceivedMetric["kind"] {
  if (histogram !== undefined) return "histogram";
  if (sum === undefined) return "gauge";
  return sum.isMonotonic === true ? "counter" : "updowncounter";
}

function pointOf(point: ProtoPoint, isHistogram: boolean): ReceivedPoint {
  const { startTimeUnixNano, asInt, asDouble, flags = 0 } = point;
  return {
    attributes: attributesOf(point.attributes),
    startTimeNs: startTimeUnixNano === undefined ? undefined : BigInt(startTimeUnixNano),
    timeNs: BigInt(point.timeUnixNano ?? 0),
    value: asInt === undefined ? asDouble : integer(asInt),
    histogram: isHistogram ? histogramOf(point) : undefined,
    noRecordedValue: (flags & NO_RECORDED_VALUE) !== 0,
  };
}

function histogramOf({
  count = "0",
  sum,
  bucketCounts = [],
  explicitBounds = [],
}: ProtoPoint): ReceivedHistogram {
  return { count: integer(count), sum, bounds: explicitBounds, bucketCounts: bucketCounts.map(integer) };
}

function integer(text: string): Integer {
  return toInteger(BigInt(text));
}
