import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import { DOMAIN_ROWS } from "../../src/metrics/definitions.ts";
import { DomainMeter } from "../../src/metrics/domain-meter.ts";
import type { MetricPoints, ResourcePoints } from "../../src/metrics/points.ts";
import { encodeCycle } from "../../src/otlp/encode.ts";
import { kvmeterScope } from "../../src/otlp/scope.ts";
import type { DomainReading } from "../../src/readings/domain.ts";
import { decodeRequest } from "../otlp/official-proto.ts";
import { description, domainReading, type Fields, hypervisorReading, second } from "./readings.ts";

const SCOPE = kvmeterScope("1.2.3");
const DESCRIPTION = description([{ target: "tap0", mac: "52:54:00:00:00:01" }]);

/** A domain's counters after so many steps of work, with all kinds of rows. */
function fieldsAfter(work: number): Fields {
  return {
    "state.state": 1,
    "state.reason": 1,
    "cpu.time": 5_000_000_000 + work * 1_000_000,
    "cpu.haltpoll.success.time": 1000 * work,
    "balloon.current": 1_048_576,
    "balloon.available": 1_000_000,
    "balloon.unused": 400_000 - work,
    "balloon.last-update": 1_799_999_990,
    "vcpu.current": 2,
    "vcpu.0.state": 1,
    "vcpu.0.time": 7_000_000_000 + work * 500_000,
    "vcpu.1.state": 1,
    "vcpu.1.time": 8_000_000_000 + work * 500_000,
    "net.0.name": "tap0",
    "net.0.rx.bytes": 10 + work,
    "block.0.name": "vda",
    "block.0.rd.reqs": 100 + work,
    "block.0.rd.times": 1_000_000 + 1000 * work,
    "block.1.name": "vdb",
    "block.1.rd.reqs": 50,
    "block.1.rd.times": 1000,
    "block.1.capacity": 20 * 1024 ** 3,
  };
}

/** What can happen between two readings, beside work. */
const CHANGES: Readonly<Record<string, (fields: Fields) => Fields>> = {
  nothing: (fields) => fields,
  "a state": (fields) => ({ ...fields, "state.state": 3, "state.reason": 1, "vcpu.0.state": 2 }),
  "a counter falls": (fields) => ({ ...fields, "vcpu.1.time": 5 }),
  "a field is missing": (fields) => without(fields, (name) => name === "net.0.rx.bytes"),
  "a field comes": (fields) => ({ ...fields, "net.0.tx.drop": 1 }),
  "a new kind of thing": (fields) => ({ ...fields, "perf.cache_misses": 7 }),
  "beyond 2^53": (fields) => ({ ...fields, "net.0.rx.bytes": 2n ** 60n + 1n }),
  "a group is not read": (fields) => without(fields, (name) => name.startsWith("balloon.")),
  "a group of counters alone is not read": (fields) => without(fields, (name) => name.startsWith("net.")),
  "a group of a scope that is read is not": (fields) =>
    without(fields, (name) => name.startsWith("cpu.haltpoll.")),
  "fields in another order": (fields) => Object.fromEntries(Object.entries(fields).toReversed()),
  "two groups are not read": (fields) => without(fields, (name) => /^(?:balloon|block)\./.test(name)),
  "a disk leaves": (fields) => without(fields, (name) => name.startsWith("block.1.")),
  "disks change places": (fields) => ({ ...fields, "block.0.name": "vdb", "block.1.name": "vda" }),
  "two disks of one name": (fields) => ({ ...fields, "block.1.name": "vda" }),
};

function without(fields: Fields, isLeftOut: (name: string) => boolean): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !isLeftOut(name)));
}

interface Step {
  readonly change: string;
  readonly work: number;
  readonly seconds: number;
  readonly isAnotherLife: boolean;
}

const arbitraryStep = fc.record<Step>({
  change: fc.oneof(
    { weight: 6, arbitrary: fc.constant("nothing") },
    fc.constantFrom(...Object.keys(CHANGES)),
  ),
  work: fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 1, max: 50 }) }, fc.constant(0)),
  // Now and then the clock is set back, or the same moment is told again.
  seconds: fc.oneof({ weight: 8, arbitrary: fc.constant(10) }, fc.constantFrom(0, -3, -2000, 5)),
  isAnotherLife: fc.oneof({ weight: 12, arbitrary: fc.constant(false) }, fc.constant(true)),
});

function* readingsOf(steps: readonly Step[]): Iterable<DomainReading> {
  let [work, seconds, id] = [0, 0, 1];
  for (const step of steps) {
    work += step.work;
    seconds += step.seconds;
    if (step.isAnotherLife) id += 1;
    const fields = CHANGES[step.change]?.(fieldsAfter(work)) ?? {};
    yield domainReading(fields, second(seconds), { id, description: DESCRIPTION });
  }
}

for (const { inOrder, temporality } of [
  { inOrder: false, temporality: "cumulative" },
  { inOrder: true, temporality: "cumulative" },
  { inOrder: false, temporality: "delta" },
  { inOrder: true, temporality: "delta" },
] as const) {
  test(`in columns or point by point, the same is told: ${temporality}${inOrder ? ", in the order of time" : ""}`, () => {
    let inColumns = 0;
    const property = fc.property(fc.array(arbitraryStep, { minLength: 4, maxLength: 14 }), (steps) => {
      const meter = new DomainMeter({ rows: DOMAIN_ROWS, inOrder, temporality });
      const other = new DomainMeter({ rows: DOMAIN_ROWS, inOrder, temporality });
      for (const reading of readingsOf(steps)) {
        const points = meter.update(hypervisorReading([reading]));
        // Another description is another column: this one never has the time to be used.
        const again = { ...reading, description: { ...DESCRIPTION } };
        const pointByPoint = other.update(hypervisorReading([again]));
        if (points[0]?.column !== undefined) inColumns += 1;
        assert.deepEqual(toldBy(points), toldBy(pointByPoint));
        assert.deepEqual(toldBy(meter.ended), toldBy(other.ended));
        assert.deepEqual(toldBy(meter.holding(20_000_000_000n)), toldBy(other.holding(20_000_000_000n)));
        assert.deepEqual(sent(points), sent(pointByPoint.map(withoutColumn)));
      }
    });
    fc.assert(property, { numRuns: 150 });
    assert.ok(inColumns > 150, String(inColumns));
  });
}

test("what is read less often keeps its places", () => {
  const meter = new DomainMeter();
  const read = (work: number, change = "nothing") => {
    const fields = CHANGES[change]?.(fieldsAfter(work)) ?? {};
    return meter.update(hypervisorReading([domainReading(fields, second(10 * work))]))[0];
  };
  const first = [0, 1, 2].map((work) => read(work)).at(-1);
  const size = encodeCycle(first === undefined ? [] : [first], SCOPE).bytes.length;
  assert.ok(first?.column);
  const less = read(3, "a group is not read");
  assert.equal(less?.column, first.column);
  assert.ok((less?.metrics.length ?? 0) < first.metrics.length);
  assert.ok(encodeCycle(less === undefined ? [] : [less], SCOPE).bytes.length < size);
  const all = read(4);
  assert.equal(all?.column, first.column);
  assert.deepEqual(all?.metrics, first.metrics);
});

test("what is plugged in after steady cycles starts where it was last read without it", () => {
  const meter = new DomainMeter();
  const both = fieldsAfter(0);
  const one = CHANGES["a disk leaves"]?.(both) ?? {};
  let started: bigint | undefined;
  for (const [cycle, fields] of [both, both, both, one, one, one, one, both].entries()) {
    const [points] = meter.update(hypervisorReading([domainReading(fields, second(10 * cycle))]));
    const operations = points?.metrics.find(({ metric }) => metric.name === "libvirt.domain.disk.operations");
    started = operations?.points.at(-1)?.series.startTimeNs;
  }
  assert.equal(started, second(60).wallNs);
});

test("a whole number beyond 2^53 is exact in every cycle, also where it stays", () => {
  const meter = new DomainMeter();
  for (let cycle = 0; cycle < 8; cycle += 1) {
    const bytes = 2n ** 60n + 1n + BigInt(cycle >> 1);
    const fields = { ...fieldsAfter(cycle), "net.0.rx.bytes": bytes };
    const [points] = meter.update(hypervisorReading([domainReading(fields, second(10 * cycle))]));
    const io = points?.metrics.find(({ metric }) => metric.name === "libvirt.domain.network.io");
    assert.deepEqual(
      io?.points.map((point) => "value" in point && point.value),
      [bytes],
    );
  }
});

test("points that come and go leave the column, the others stay in it", () => {
  const meter = new DomainMeter();
  const columns = new Set<unknown>();
  let work = 0;
  for (let cycle = 0; cycle < 60; cycle += 1) {
    // Reads in one of two cycles: a latency is there in every other one.
    work += cycle % 2;
    const [points] = meter.update(hypervisorReading([domainReading(fieldsAfter(work), second(10 * cycle))]));
    if (cycle > 20) columns.add(points?.column);
    const names = points?.metrics.map(({ metric }) => metric.name) ?? [];
    if (cycle > 0) assert.equal(names.includes("libvirt.domain.disk.latency"), cycle % 2 === 1);
  }
  assert.equal(columns.size, 1);
  assert.ok(!columns.has(undefined));
});

function toldBy(all: readonly ResourcePoints[]): unknown {
  return all.map(({ resource, metrics }) => ({
    resource: { ...resource.attributes },
    metrics: byName(metrics).map(({ metric, points }) => ({
      name: metric.name,
      points: points.map((point) => ({
        attributes: { ...point.series.attributes },
        startTimeNs: point.series.startTimeNs,
        timeNs: point.timeNs,
        value: "value" in point ? point.value : undefined,
        isEnd: point.noRecordedValue === true,
      })),
    })),
  }));
}

function byName(metrics: readonly MetricPoints[]): MetricPoints[] {
  return metrics.toSorted((a, b) => (a.metric.name < b.metric.name ? -1 : 1));
}

/** What a backend gets, its metrics by their names: those of a column come first. */
function sent(points: readonly ResourcePoints[]): unknown {
  const request = decodeRequest(encodeCycle(points, SCOPE).bytes);
  return JSON.parse(JSON.stringify(request), (key, value: unknown) =>
    key === "metrics" ? (value as { name: string }[]).toSorted((a, b) => (a.name < b.name ? -1 : 1)) : value,
  );
}

/** A resource of its own, for which the encoder remembers nothing. */
function withoutColumn({ resource, metrics }: ResourcePoints): ResourcePoints {
  return { resource: { ...resource }, metrics };
}
