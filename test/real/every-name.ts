import { NAMINGS, type NamingName } from "../../scripts/generate/promql/namings.ts";
import { PENDING_ROWS } from "../../scripts/generate/promql/pending-rows.ts";
import { catalogue } from "../../src/metrics/catalogue.ts";
import type { MetricKind, MetricPoints, ResourcePoints } from "../../src/metrics/points.ts";
import { encodeCycle } from "../../src/otlp/encode.ts";
import { kvmeterScope } from "../../src/otlp/scope.ts";

const RESOURCE = {
  attributes: { "service.name": "kvmeter", "service.instance.id": "a", "host.name": "kvm1" },
};
const ATTRIBUTES = { "system.device": "vda", "disk.io.direction": "read" };

interface Row {
  readonly name: string;
  readonly unit: string;
  readonly kind: MetricKind;
}

const ROWS: readonly Row[] = [...catalogue(), ...PENDING_ROWS];

/** Sends one point of every metric that there is. */
export async function sendEveryName(otlpMetricsUrl: string): Promise<void> {
  const timeNs = BigInt(Date.now()) * 1_000_000n;
  const cycle: ResourcePoints[] = [{ resource: RESOURCE, metrics: ROWS.map((row) => pointsOf(row, timeNs)) }];
  const response = await fetch(otlpMetricsUrl, {
    method: "POST",
    headers: { "content-type": "application/x-protobuf" },
    body: Uint8Array.from(encodeCycle(cycle, kvmeterScope("0")).bytes),
  });
  if (!response.ok) throw new Error(`${otlpMetricsUrl}: ${response.status} ${await response.text()}`);
}

function pointsOf({ name, unit, kind }: Row, timeNs: bigint): MetricPoints {
  const metric = { name, unit, description: name, valueType: "double" as const };
  const sums = kind === "gauge" ? undefined : timeNs - 60_000_000_000n;
  const series = { attributes: ATTRIBUTES, startTimeNs: sums };
  if (kind !== "histogram") return { metric: { ...metric, kind }, points: [{ series, timeNs, value: 1.5 }] };
  const point = { series, timeNs, count: 3, sum: 0.5, bounds: [0.1], bucketCounts: [2, 1] };
  return { metric: { ...metric, kind }, points: [point] };
}

/** The names that a backend then has. */
export function everyName(name: NamingName): string[] {
  const naming = NAMINGS[name];
  return ROWS.flatMap((row) => {
    const suffixes = row.kind === "histogram" ? ["_bucket", "_count", "_sum"] : [""];
    return suffixes.map((suffix) => naming.metric(row) + suffix);
  }).toSorted();
}
