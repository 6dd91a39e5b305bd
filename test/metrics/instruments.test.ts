import assert from "node:assert/strict";
import { test } from "node:test";

import { DataPointType, type MetricData, MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics";

import { DOMAIN_ROWS } from "../../src/metrics/definitions.ts";
import { type LibvirtSource, registerLibvirtInstruments } from "../../src/metrics/instruments.ts";
import { selectRows } from "../../src/metrics/selection.ts";
import { domainReading, hypervisorReading, second } from "./readings.ts";

const UUID = "11111111-2222-3333-4444-555555555555";
const IDENTITY = { "libvirt.domain.uuid": UUID, "libvirt.domain.name": "web1" };

class ManualReader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {
    // Nothing is kept back.
  }

  protected override async onShutdown(): Promise<void> {
    // Nothing is held.
  }

  /** By name; errors are those of callbacks. */
  async metrics(): Promise<{ metrics: Map<string, MetricData>; errors: unknown[] }> {
    const { resourceMetrics, errors } = await this.collect();
    const all = resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics);
    return { metrics: new Map(all.map((metric) => [metric.descriptor.name, metric])), errors };
  }
}

/** A source whose domain uses one second of CPU between readings. */
class TestSource implements LibvirtSource {
  reads = 0;
  signal: AbortSignal | undefined;

  async read(signal: AbortSignal): Promise<ReturnType<typeof hypervisorReading>> {
    this.signal = signal;
    this.reads += 1;
    const fields = {
      "state.state": 1,
      "cpu.time": this.reads * 1e9,
      "vcpu.current": 1,
      "balloon.current": 1024,
      "block.0.name": "vda",
      "block.0.rd.reqs": 5,
    };
    return hypervisorReading([domainReading(fields, second(this.reads * 10))]);
  }
}

function setUp(source: LibvirtSource = new TestSource()) {
  const reader = new ManualReader();
  const meter = new MeterProvider({ readers: [reader] }).getMeter("test");
  return { reader, meter, source, unregister: registerLibvirtInstruments(meter, source) };
}

test("a collection is a reading: values, kinds, units, and the domain's identity on every point", async () => {
  const { reader } = setUp();
  const { metrics, errors } = await reader.metrics();
  assert.deepEqual(errors, []);
  const time = metrics.get("libvirt.domain.cpu.time");
  assert.equal(time?.descriptor.unit, "s");
  assert.equal(time.dataPointType, DataPointType.SUM);
  assert.deepEqual(
    time.dataPoints.map(({ attributes, value }) => ({ attributes, value })),
    [{ attributes: IDENTITY, value: 1 }],
  );
  const size = metrics.get("libvirt.domain.memory.balloon.size");
  assert.equal(size?.dataPoints[0]?.value, 1_048_576);
  const operations = metrics.get("libvirt.domain.disk.operations");
  assert.deepEqual(operations?.dataPoints[0]?.attributes, {
    ...IDENTITY,
    "system.device": "vda",
    "disk.io.direction": "read",
  });
  assert.equal(metrics.get("libvirt.domain.status")?.dataPoints.length, 8);
});

test("derived gauges need two collections", async () => {
  const { reader } = setUp();
  const utilization = "libvirt.domain.cpu.utilization";
  assert.equal((await reader.metrics()).metrics.get(utilization)?.dataPoints.length ?? 0, 0);
  assert.equal((await reader.metrics()).metrics.get(utilization)?.dataPoints[0]?.value, 0.1);
});

test("every row that is on is registered, but no histogram; others on request", () => {
  const names: string[] = [];
  const { meter } = setUp();
  for (const kind of ["ObservableCounter", "ObservableUpDownCounter", "ObservableGauge"] as const) {
    const create = meter[`create${kind}`].bind(meter);
    meter[`create${kind}`] = (name, options) => {
      names.push(name);
      return create(name, options);
    };
  }
  registerLibvirtInstruments(meter, new TestSource(), { enable: ["libvirt.domain.vcpu.status"] });
  const wanted = selectRows(DOMAIN_ROWS, { enable: ["libvirt.domain.vcpu.status"] })
    .filter((row) => row.kind !== "histogram")
    .map((row) => row.name);
  assert.deepEqual(names, wanted);
  assert.ok(names.includes("libvirt.domain.vcpu.status"));
});

test("collections at the same time share one reading", async () => {
  const { reader, source } = setUp();
  await Promise.all([reader.metrics(), reader.metrics()]);
  assert.equal((source as TestSource).reads, 1);
});

test("a reading that fails is the collection's error, and the next one is tried", async () => {
  const source = new TestSource();
  let broken = true;
  const { reader } = setUp({
    read: async (signal) => {
      if (broken) throw new Error("the daemon is away");
      return source.read(signal);
    },
  });
  assert.match(String((await reader.metrics()).errors[0]), /the daemon is away/);
  broken = false;
  assert.deepEqual((await reader.metrics()).errors, []);
});

test("after unregistering nothing is read any more, and a reader that waits is told", async () => {
  const { reader, source, unregister } = setUp();
  await reader.metrics();
  unregister();
  await reader.metrics();
  const { reads, signal } = source as TestSource;
  assert.equal(reads, 1);
  assert.equal(signal?.aborted, true);
});
