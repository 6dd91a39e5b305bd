import { type Observable, ValueType } from "@opentelemetry/api";
import { ProtobufMetricsSerializer } from "@opentelemetry/otlp-transformer";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics";

import { encodeCycle } from "../src/otlp/encode.ts";
import { kvmeterScope } from "../src/otlp/scope.ts";
import { LOAD_METRICS, domainAttributes, loadDomains, loadPoints, loadValue } from "./encode-load.ts";
import { type BenchResult, median, printResult } from "./result.ts";

const DOMAINS = 1000;
const ROUNDS = 15;
const POINTS = DOMAINS * LOAD_METRICS.reduce((sum, { series }) => sum + series.length, 0);

/** Where the SDK's cycle of all domains ends: bytes ready to be sent. */
type SdkCycle = (cycle: number) => Promise<number>;

class ManualReader extends MetricReader {
  protected override async onShutdown(): Promise<void> {}
  protected override async onForceFlush(): Promise<void> {}
}

/** Encoding a cycle of 100,000 points against the JavaScript SDK's collect and serialise, in one process. */
export async function run(): Promise<BenchResult> {
  const own = ownCycle();
  const sdkPerDomain = sdkWithResourcePerDomain();
  const sdkSingle = sdkWithOneResource();
  const ownFirst = own(0);
  const sdkPerDomainFirst = await timed(() => sdkPerDomain(0));
  const sdkSingleFirst = await timed(() => sdkSingle(0));
  const rounds = {
    build: [] as number[],
    encode: [] as number[],
    perDomain: [] as number[],
    single: [] as number[],
  };
  // Alternating, so that a noisy moment of the machine hits all of them.
  for (let cycle = 1; cycle <= ROUNDS; cycle += 1) {
    const measured = own(cycle);
    rounds.build.push(measured.buildMs);
    rounds.encode.push(measured.encodeMs);
    rounds.perDomain.push(await timed(() => sdkPerDomain(cycle)));
    rounds.single.push(await timed(() => sdkSingle(cycle)));
  }
  const build = median(rounds.build);
  const encode = median(rounds.encode);
  const sdk = Math.min(median(rounds.perDomain), median(rounds.single));
  const sdkFirst = Math.min(sdkPerDomainFirst, sdkSingleFirst);
  return {
    name: `Encoding ${POINTS.toLocaleString("en")} points (${DOMAINS} resources)`,
    method: `Median of ${ROUNDS} cycles after the first; ratios against the faster of the two ways to use the SDK.`,
    rows: [
      { label: "kvmeter: encode, first cycle", value: ownFirst.encodeMs, unit: "ms" },
      { label: "kvmeter: encode, steady", value: encode, unit: "ms" },
      { label: "kvmeter: points as objects, steady", value: build, unit: "ms" },
      { label: "kvmeter: size of a cycle", value: ownFirst.bytes / 1e6, unit: "MB" },
      {
        label: "SDK, a resource per domain: collect + serialise, first",
        value: sdkPerDomainFirst,
        unit: "ms",
      },
      { label: "SDK, a resource per domain: steady", value: median(rounds.perDomain), unit: "ms" },
      { label: "SDK, one resource: collect + serialise, first", value: sdkSingleFirst, unit: "ms" },
      { label: "SDK, one resource: steady", value: median(rounds.single), unit: "ms" },
      { label: "SDK / kvmeter encode, first", value: sdkFirst / ownFirst.encodeMs, unit: "x" },
      { label: "SDK / kvmeter encode, steady", value: sdk / encode, unit: "x" },
      { label: "SDK / kvmeter points + encode, steady", value: sdk / (build + encode), unit: "x" },
    ],
  };
}

function ownCycle(): (cycle: number) => { buildMs: number; encodeMs: number; bytes: number } {
  const domains = loadDomains(DOMAINS, BigInt(Date.now()) * 1_000_000n);
  const scope = kvmeterScope("0.0.0");
  return (cycle) => {
    const start = performance.now();
    const points = loadPoints(domains, cycle, BigInt(Date.now()) * 1_000_000n);
    const built = performance.now();
    const encoded = encodeCycle(points, scope);
    return { buildMs: built - start, encodeMs: performance.now() - built, bytes: encoded.bytes.length };
  };
}

/** The payload that kvmeter sends too: a MeterProvider for each domain. */
function sdkWithResourcePerDomain(): SdkCycle {
  let cycle = 0;
  const readers = Array.from({ length: DOMAINS }, (_, index) => {
    const reader = new ManualReader();
    const provider = new MeterProvider({
      resource: resourceFromAttributes(domainAttributes(index)),
      readers: [reader],
    });
    observe(provider, [{}], () => cycle);
    return reader;
  });
  return async (current) => {
    cycle = current;
    let bytes = 0;
    for (const reader of readers) bytes += await collectAndSerialize(reader);
    return bytes;
  };
}

/** What the SDK is made for: one MeterProvider, the domain's identity on every point. */
function sdkWithOneResource(): SdkCycle {
  let cycle = 0;
  const reader = new ManualReader({ cardinalitySelector: () => 1_000_000 });
  const provider = new MeterProvider({
    resource: resourceFromAttributes({ "service.name": "kvmeter" }),
    readers: [reader],
  });
  const identities = Array.from({ length: DOMAINS }, (_, index) => {
    const attributes = domainAttributes(index);
    return {
      "libvirt.domain.uuid": attributes["libvirt.domain.uuid"] ?? "",
      "libvirt.domain.name": attributes["libvirt.domain.name"] ?? "",
    };
  });
  observe(provider, identities, () => cycle);
  return async (current) => {
    cycle = current;
    return await collectAndSerialize(reader);
  };
}

/** Registers the load as observables: one callback for all, attribute objects made once. */
function observe(
  provider: MeterProvider,
  identities: readonly Record<string, string | number | boolean>[],
  currentCycle: () => number,
): void {
  const meter = provider.getMeter("kvmeter");
  const instruments = LOAD_METRICS.map(({ metric, series }) => {
    const options = {
      description: metric.description,
      unit: metric.unit,
      valueType: metric.valueType === "int" ? ValueType.INT : ValueType.DOUBLE,
    };
    const create: Record<typeof metric.kind, () => Observable> = {
      counter: () => meter.createObservableCounter(metric.name, options),
      updowncounter: () => meter.createObservableUpDownCounter(metric.name, options),
      gauge: () => meter.createObservableGauge(metric.name, options),
    };
    const sets = identities.flatMap((identity) =>
      series.map((attributes) => ({ ...identity, ...attributes })),
    );
    return { instrument: create[metric.kind](), valueType: metric.valueType, sets };
  });
  meter.addBatchObservableCallback(
    (result) => {
      for (const { instrument, valueType, sets } of instruments) {
        for (const [index, set] of sets.entries()) {
          result.observe(instrument, loadValue(valueType, currentCycle(), index), set);
        }
      }
    },
    instruments.map(({ instrument }) => instrument),
  );
}

async function collectAndSerialize(reader: MetricReader): Promise<number> {
  const { resourceMetrics, errors } = await reader.collect();
  if (errors.length > 0) throw new Error("The SDK's collection failed", { cause: errors[0] });
  return ProtobufMetricsSerializer.serializeRequest(resourceMetrics)?.length ?? 0;
}

async function timed(action: () => Promise<number>): Promise<number> {
  const start = performance.now();
  const bytes = await action();
  if (bytes === 0) throw new Error("The SDK serialised nothing");
  return performance.now() - start;
}

if (import.meta.main) printResult(await run());
