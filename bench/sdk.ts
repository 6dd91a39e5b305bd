import { type Attributes, type Observable, ValueType } from "@opentelemetry/api";
import { ProtobufMetricsSerializer } from "@opentelemetry/otlp-transformer";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics";

import type { MetricDescriptor, NumberPoint, ResourcePoints } from "../src/metrics/points.ts";

/** A cycle of the SDK: collects all points as they are now and gives the number of bytes ready to be sent. */
export type SdkCycle = () => Promise<number>;

/** What is observed of a domain's point: it has the same object in every cycle, with another value. */
interface Observed {
  readonly point: NumberPoint;
  readonly attributes: Attributes;
}

class ManualReader extends MetricReader {
  protected override async onShutdown(): Promise<void> {}
  protected override async onForceFlush(): Promise<void> {}
}

/** The payload that kvmeter sends too: a MeterProvider for each domain. */
export function sdkWithResourcePerDomain(domains: readonly ResourcePoints[]): SdkCycle {
  const readers = domains.map((domain) => {
    const reader = new ManualReader();
    const resource = resourceFromAttributes(domain.resource.attributes);
    observe(new MeterProvider({ resource, readers: [reader] }), [domain], () => ({}));
    return reader;
  });
  return async () => {
    let bytes = 0;
    for (const reader of readers) bytes += await collectAndSerialize(reader);
    return bytes;
  };
}

/** What the SDK is made for: one MeterProvider, the domain's identity on every point. */
export function sdkWithOneResource(domains: readonly ResourcePoints[]): SdkCycle {
  const reader = new ManualReader({ cardinalitySelector: () => 1_000_000 });
  const resource = resourceFromAttributes({ "service.name": "kvmeter" });
  observe(new MeterProvider({ resource, readers: [reader] }), domains, ({ resource: { attributes } }) => ({
    "libvirt.domain.uuid": attributes["libvirt.domain.uuid"] ?? "",
    "libvirt.domain.name": attributes["libvirt.domain.name"] ?? "",
  }));
  return () => collectAndSerialize(reader);
}

/** Registers the points as observables: one callback for all, attribute objects made once. */
function observe(
  provider: MeterProvider,
  domains: readonly ResourcePoints[],
  identify: (domain: ResourcePoints) => Attributes,
): void {
  const observed = new Map<MetricDescriptor, Observed[]>();
  for (const domain of domains) {
    const identity = identify(domain);
    for (const { metric, points } of domain.metrics) {
      if (metric.kind === "histogram") throw new Error("The SDK has no observable histogram");
      const ofMetric = observed.get(metric) ?? [];
      observed.set(metric, ofMetric);
      for (const point of points as readonly NumberPoint[]) {
        ofMetric.push({ point, attributes: { ...point.series.attributes, ...identity } });
      }
    }
  }
  const meter = provider.getMeter("kvmeter");
  const instruments = Array.from(observed, ([metric, points]) => ({
    instrument: createObservable(meter, metric),
    points,
  }));
  meter.addBatchObservableCallback(
    (result) => {
      for (const { instrument, points } of instruments) {
        for (const { point, attributes } of points)
          result.observe(instrument, Number(point.value), attributes);
      }
    },
    instruments.map(({ instrument }) => instrument),
  );
}

function createObservable(
  meter: ReturnType<MeterProvider["getMeter"]>,
  { name, description, unit, kind, valueType }: MetricDescriptor,
): Observable {
  const options = { description, unit, valueType: valueType === "int" ? ValueType.INT : ValueType.DOUBLE };
  if (kind === "counter") return meter.createObservableCounter(name, options);
  if (kind === "updowncounter") return meter.createObservableUpDownCounter(name, options);
  return meter.createObservableGauge(name, options);
}

async function collectAndSerialize(reader: MetricReader): Promise<number> {
  const { resourceMetrics, errors } = await reader.collect();
  if (errors.length > 0) throw new Error("The SDK's collection failed", { cause: errors[0] });
  const bytes = ProtobufMetricsSerializer.serializeRequest(resourceMetrics)?.length ?? 0;
  if (bytes === 0) throw new Error("The SDK serialised nothing");
  return bytes;
}
