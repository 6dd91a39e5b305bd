import assert from "node:assert/strict";
import { test } from "node:test";

import { AgentMeter, type AgentReading, UNKNOWN_FIELD_LIMIT } from "../../src/metrics/agent-meter.ts";
import { AGENT_METRICS } from "../../src/metrics/definitions.ts";
import { shapeOf } from "../../src/metrics/live-histogram.ts";
import type { ToldRow } from "../../src/metrics/rows.ts";
import { EPOCH_NS, IDLE_AGENT, second, secondNs, TestPoints } from "./readings.ts";

const AGENT = { version: "1.2.3", instanceId: "i-1", hostName: "kvm7", pid: 99 };
const STARTED_AT_NS = EPOCH_NS - 60_000_000_000n;

const HISTOGRAM = { shape: shapeOf([0, 1e8]), counts: [2, 1], totalNs: 1.5e9 };

const FULL: AgentReading = {
  at: second(0),
  sources: [{ source: "qemu:///system", state: "partial", durationS: 0.25, stretch: 2 }],
  skippedCycles: 2,
  collectionDurations: new Map([["SOURCE_DEADLINE", HISTOGRAM]]),
  libvirtCalls: new Map([
    ["CONNECT_GET_ALL_DOMAIN_STATS", { calls: { ok: 7, error: 0, deadline: 1 }, lastDurationMs: 40 }],
  ]),
  unknownFields: [new Map([["vcpu.#.newcomer", 3]])],
  destinations: [
    {
      name: "collector",
      signal: "metrics",
      exportedPoints: 1000,
      inFlightPoints: 7,
      requestDurations: new Map([
        ["", HISTOGRAM],
        ["OTLP_CONNECT", { ...HISTOGRAM, counts: [0, 1], totalNs: 2.5e8 }],
      ]),
      queue: { batches: 3, bytes: 4096, limitBytes: 1_048_576, oldestAgeMs: 1500 },
      droppedPoints: new Map([["refused", 5]]),
    },
    {
      name: "collector/logs",
      signal: "logs",
      exportedPoints: 20,
      inFlightPoints: 4,
      requestDurations: new Map(),
      queue: { batches: 0, bytes: 0, limitBytes: 1000, oldestAgeMs: 0 },
      droppedPoints: new Map([["queue_full", 3]]),
    },
  ],
  cpuUserUs: 1_500_000,
  cpuSystemUs: 500_000,
  memoryBytes: 80_000_000,
};

function createMeter(rows: readonly ToldRow[] = AGENT_METRICS): AgentMeter {
  return new AgentMeter({ agent: AGENT, startedAtNs: STARTED_AT_NS, rows });
}

test("what the agent knows of itself becomes the table's metrics, all of them", () => {
  const points = new TestPoints(createMeter().update(FULL));
  assert.deepEqual(
    points.names,
    AGENT_METRICS.map((row) => row.name),
  );
  const source = { "kvmeter.source": "qemu:///system" };
  assert.deepEqual(points.values("kvmeter.source.duration"), [[source, 0.25]]);
  assert.deepEqual(points.values("kvmeter.source.status"), [
    [{ ...source, "kvmeter.source.state": "ok" }, 0],
    [{ ...source, "kvmeter.source.state": "partial" }, 1],
    [{ ...source, "kvmeter.source.state": "failed" }, 0],
  ]);
  assert.deepEqual(points.values("kvmeter.source.stretch"), [[source, 2]]);
  assert.equal(points.value("kvmeter.cycles.skipped"), 2);
  const method = { "rpc.method": "CONNECT_GET_ALL_DOMAIN_STATS" };
  assert.deepEqual(points.values("kvmeter.libvirt.calls"), [
    [{ ...method, "kvmeter.libvirt.outcome": "ok" }, 7],
    [{ ...method, "kvmeter.libvirt.outcome": "deadline" }, 1],
  ]);
  assert.deepEqual(points.values("kvmeter.libvirt.call.duration"), [[method, 0.04]]);
  assert.deepEqual(points.values("kvmeter.libvirt.unknown_fields"), [
    [{ "libvirt.field": "vcpu.#.newcomer" }, 3],
  ]);
  assert.deepEqual(points.values("kvmeter.dropped.data_points"), [
    [{ "kvmeter.destination": "collector", "kvmeter.drop.reason": "refused" }, 5],
  ]);
  assert.deepEqual(points.values("otel.sdk.exporter.metric_data_point.exported"), [
    [{ "otel.component.name": "collector" }, 1000],
  ]);
  assert.deepEqual(points.values("kvmeter.dropped.log_records"), [
    [{ "kvmeter.destination": "collector/logs", "kvmeter.drop.reason": "queue_full" }, 3],
  ]);
  assert.deepEqual(points.values("otel.sdk.exporter.log.exported"), [
    [{ "otel.component.name": "collector/logs" }, 20],
  ]);
  assert.deepEqual(points.values("otel.sdk.exporter.log.inflight"), [
    [{ "otel.component.name": "collector/logs" }, 4],
  ]);
  const destination = { "kvmeter.destination": "collector" };
  const logs = { "kvmeter.destination": "collector/logs" };
  assert.deepEqual(points.values("kvmeter.queue.size"), [
    [destination, 4096],
    [logs, 0],
  ]);
  assert.deepEqual(points.values("kvmeter.queue.limit"), [
    [destination, 1_048_576],
    [logs, 1000],
  ]);
  assert.deepEqual(points.values("kvmeter.queue.batch.count"), [
    [destination, 3],
    [logs, 0],
  ]);
  assert.deepEqual(points.values("kvmeter.queue.oldest.age"), [
    [destination, 1.5],
    [logs, 0],
  ]);
  const component = { "otel.component.name": "collector" };
  assert.deepEqual(points.values("otel.sdk.exporter.metric_data_point.inflight"), [[component, 7]]);
  assert.deepEqual(
    points
      .histograms("otel.sdk.exporter.operation.duration")
      .map(({ series, count, sum, bucketCounts }) => [series.attributes, count, sum, bucketCounts]),
    [
      [component, 3, 1.5, [2, 1]],
      [{ ...component, "error.type": "OTLP_CONNECT" }, 1, 0.25, [0, 1]],
    ],
  );
  const [collection, ...others] = points.histograms("otel.sdk.metric_reader.collection.duration");
  assert.deepEqual(collection?.series.attributes, { "error.type": "SOURCE_DEADLINE" });
  assert.equal(collection.series.startTimeNs, STARTED_AT_NS);
  assert.deepEqual(others, []);
  assert.deepEqual(points.values("process.cpu.time"), [
    [{ "cpu.mode": "user" }, 1.5],
    [{ "cpu.mode": "system" }, 0.5],
  ]);
  assert.equal(points.value("process.memory.usage"), 80_000_000);
});

test("every point has exactly the attributes that its row names, and no others than the optional ones", () => {
  const { metrics } = createMeter().update(FULL);
  for (const { metric, points } of metrics) {
    const row = AGENT_METRICS.find(({ name }) => name === metric.name);
    assert.ok(row);
    assert.equal(metric.kind, row.kind);
    for (const { series } of points) {
      const optional: readonly string[] = "optionalAttributes" in row ? row.optionalAttributes : [];
      const own = Object.keys(series.attributes).filter((name) => !optional.includes(name));
      assert.deepEqual(own.toSorted(), row.attributes.toSorted());
    }
  }
});

test("sums start with the process, and series stay the same objects", () => {
  const meter = createMeter();
  const first = new TestPoints(meter.update(FULL)).numbers("kvmeter.cycles.skipped")[0];
  const next = new TestPoints(meter.update({ ...FULL, at: second(10) })).numbers("kvmeter.cycles.skipped")[0];
  assert.equal(first?.series.startTimeNs, STARTED_AT_NS);
  assert.equal(next?.series, first.series);
  assert.equal(next.timeNs, secondNs(10));
});

/** 150 unknown fields, numbered from here. */
function fields(from: number): ReadonlyMap<string, number> {
  return new Map(Array.from({ length: 150 }, (_, index) => [`field${from + index}`, 1]));
}

test("unknown fields add up over readings, under a bounded number of names", () => {
  const meter = createMeter();
  meter.update({ ...IDLE_AGENT, unknownFields: [fields(0), fields(0)] });
  const points = new TestPoints(meter.update({ ...IDLE_AGENT, unknownFields: [fields(100)] }));
  const values = points.values("kvmeter.libvirt.unknown_fields");
  assert.equal(values.length, UNKNOWN_FIELD_LIMIT + 1);
  assert.deepEqual(values[0], [{ "libvirt.field": "field0" }, 2]);
  assert.deepEqual(values[120], [{ "libvirt.field": "field120" }, 3]);
  assert.deepEqual(values.at(-1), [{ "libvirt.field": "(others)" }, 50]);
});

test("only the rows that are wanted are told", () => {
  const { metrics } = createMeter(AGENT_METRICS.filter(({ name }) => name === "process.memory.usage")).update(
    FULL,
  );
  assert.deepEqual(
    metrics.map(({ metric }) => metric.name),
    ["process.memory.usage"],
  );
});
