import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import * as fc from "fast-check";

import type {
  HistogramPoint,
  MetricDescriptor,
  MetricPoints,
  ResourcePoints,
  Series,
} from "../../src/metrics/points.ts";
import { encodeCycle } from "../../src/otlp/encode.ts";
import { SCHEMA_URL, kvmeterScope } from "../../src/otlp/scope.ts";
import { arbitraryCycle, arbitrarySubject, expectedRequest } from "./arbitrary-points.ts";
import { type ProtoPoint, decodeRequest } from "./official-proto.ts";

const scope = kvmeterScope("1.2.3");
const counter = { name: "c", description: "d", unit: "1", kind: "counter", valueType: "int" } as const;

test("what is encoded decodes with the official messages to the same points, cycle after cycle", () => {
  const property = fc.property(
    fc.array(arbitrarySubject, { maxLength: 3 }).chain((subjects) => {
      const cycle = fc
        .boolean()
        .chain((steady) => fc.tuple(...subjects.map((subject) => arbitraryCycle(subject, steady))));
      return fc.array(cycle, { minLength: 1, maxLength: 4 });
    }),
    (cycles) => {
      for (const cycle of cycles) {
        const encoded = encodeCycle(cycle, scope);
        assert.deepEqual(decodeRequest(encoded.bytes), expectedRequest(cycle, "1.2.3"));
      }
    },
  );
  fc.assert(property, { numRuns: 300 });
});

test("each resource's range of the bytes is a request of its own", () => {
  const property = fc.property(
    fc
      .array(arbitrarySubject, { minLength: 1, maxLength: 4 })
      .chain((subjects) => fc.tuple(...subjects.map((subject) => arbitraryCycle(subject, true)))),
    (cycle) => {
      const { bytes, resources } = encodeCycle(cycle, scope);
      for (const { start, end, pointCount, source } of resources) {
        assert.deepEqual(decodeRequest(bytes.subarray(start, end)), expectedRequest([source], "1.2.3"));
        assert.equal(
          pointCount,
          source.metrics.reduce((sum, { points }) => sum + points.length, 0),
        );
      }
      assert.equal(resources.at(-1)?.end ?? 0, bytes.length);
    },
  );
  fc.assert(property, { numRuns: 50 });
});

test("what is written over the bytes of another cycle is the same as what is not", () => {
  const property = fc.property(
    fc
      .array(arbitrarySubject, { minLength: 1, maxLength: 4 })
      .chain((subjects) => fc.tuple(...subjects.map((subject) => arbitraryCycle(subject, true)))),
    fc.integer({ min: 0, max: 400 }),
    (cycle, percent) => {
      const { bytes } = encodeCycle(cycle, scope);
      const expected = Buffer.from(bytes);
      const spare = Buffer.alloc(Math.round((bytes.length * percent) / 100), 0xff);
      const again = encodeCycle(cycle, scope, spare).bytes;
      assert.deepEqual(again, expected);
      const isRightSize = spare.length >= bytes.length && spare.length <= 2 * bytes.length;
      assert.equal(again.buffer === spare.buffer, isRightSize, `${percent} %`);
    },
  );
  fc.assert(property, { numRuns: 100 });
});

test("the bytes of a cycle do not change when the next one is encoded", () => {
  const series = numberSeries();
  const first = encodeCycle([numberPoints(counter, series, 1)], scope);
  const before = Buffer.from(first.bytes);
  const second = encodeCycle([numberPoints(counter, series, 2)], scope);
  assert.deepEqual(first.bytes, before);
  assert.notDeepEqual(second.bytes, before);
});

test("whole numbers are exact to the last of 63 bits and become doubles beyond", () => {
  const cases: [bigint | number, ProtoPoint][] = [
    [2n ** 53n + 1n, { asInt: "9007199254740993", timeUnixNano: "5" }],
    [2n ** 63n - 1n, { asInt: "9223372036854775807", timeUnixNano: "5" }],
    [-(2n ** 63n), { asInt: "-9223372036854775808", timeUnixNano: "5" }],
    [2n ** 63n, { asDouble: 2 ** 63, timeUnixNano: "5" }],
    [2n ** 64n - 1n, { asDouble: 2 ** 64, timeUnixNano: "5" }],
    [-5_000_000_000, { asInt: "-5000000000", timeUnixNano: "5" }],
  ];
  const series = numberSeries();
  for (const [value, expected] of cases) {
    const { bytes } = encodeCycle([numberPoints(counter, series, value)], scope);
    const point = decodeRequest(bytes).resourceMetrics?.[0]?.scopeMetrics[0]?.metrics[0]?.sum?.dataPoints[0];
    assert.deepEqual(point, expected);
  }
});

test("doubles travel with NaN, both infinities and minus zero", () => {
  const gauge = { ...counter, kind: "gauge", valueType: "double" } as const;
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 5e-324]) {
    const { bytes } = encodeCycle([numberPoints(gauge, numberSeries(), value)], scope);
    const point =
      decodeRequest(bytes).resourceMetrics?.[0]?.scopeMetrics[0]?.metrics[0]?.gauge?.dataPoints[0];
    assert.ok(Object.is(point?.asDouble, value), `${value}`);
  }
});

test("text of any length and alphabet, and messages beyond the writer's first room", () => {
  const attributes = {
    long: "x".repeat(200_000),
    имя: "виртуальная машина 🖥",
    lone: "\ud800",
    half: "é".repeat(64),
  };
  const points = numberPoints(counter, numberSeries(), 1);
  const cycle = [{ ...points, resource: { attributes } }];
  assert.deepEqual(decodeRequest(encodeCycle(cycle, scope).bytes), expectedRequest(cycle, "1.2.3"));
});

test("attribute numbers: 64-bit whole numbers of both signs, a fraction as a double", () => {
  const attributes = { a: 0, b: 127, c: 128, d: 2 ** 32, e: -1, f: Number.MAX_SAFE_INTEGER, g: 0.5 };
  const cycle = [{ ...numberPoints(counter, numberSeries(), 1), resource: { attributes } }];
  const decoded = decodeRequest(encodeCycle(cycle, scope).bytes).resourceMetrics?.[0]?.resource.attributes;
  assert.deepEqual(
    decoded?.map(({ value }) => value.intValue ?? value.doubleValue),
    ["0", "127", "128", "4294967296", "-1", "9007199254740991", 0.5],
  );
});

test("a histogram whose buckets change from one cycle to the next", () => {
  const metric = { ...counter, kind: "histogram", valueType: "double" } as const;
  const series = { attributes: { "system.device": "vda" }, startTimeNs: 1n };
  const common = { series, timeNs: 5n, count: 2n ** 63n };
  const points: HistogramPoint[] = [
    { ...common, sum: 1.5, bounds: [1, 2], bucketCounts: [1, 2, 3] },
    { ...common, sum: 2.5, bounds: [1, 2], bucketCounts: [2 ** 40, 3, 4] },
    { ...common, sum: 2.5, bounds: [1, 3], bucketCounts: [2, 3, 4] },
    { ...common, sum: undefined, bounds: [1, 3], bucketCounts: [2, 3, 4] },
    { ...common, sum: undefined, bounds: [], bucketCounts: [2] },
    { ...common, sum: undefined, bounds: [], bucketCounts: [] },
    { ...common, sum: -0, bounds: Array.from({ length: 40 }, (_, i) => i), bucketCounts: Array(41).fill(7) },
  ];
  for (const point of points) {
    const cycle: ResourcePoints[] = [{ resource, metrics: [{ metric, points: [point] }] }];
    assert.deepEqual(decodeRequest(encodeCycle(cycle, scope).bytes), expectedRequest(cycle, "1.2.3"));
  }
});

test("a histogram whose sum is gone for a cycle, in a list of points that is filled again", () => {
  const metric = { ...counter, kind: "histogram", valueType: "double" } as const;
  const common = { series: numberSeries(), timeNs: 5n, count: 3, bounds: [1], bucketCounts: [1, 2] };
  const points: HistogramPoint[] = [];
  for (const sum of [1.5, undefined, 2.5]) {
    points[0] = { ...common, sum };
    const cycle: ResourcePoints[] = [{ resource, metrics: [{ metric, points }] }];
    assert.deepEqual(decodeRequest(encodeCycle(cycle, scope).bytes), expectedRequest(cycle, "1.2.3"));
  }
});

test("a metric that comes back and one whose series change leave the others as they were", () => {
  const [a, b, c] = ["a", "b", "c"].flatMap((name) => {
    const metric: MetricDescriptor = { name, description: "d", unit: "1", kind: "counter", valueType: "int" };
    const points = [{ series: numberSeries(), timeNs: 5n, value: 1 }];
    return [{ metric, points } as MetricPoints];
  }) as [MetricPoints, MetricPoints, MetricPoints];
  const otherSeries = { attributes: { x: 1 }, startTimeNs: 3n };
  const other = { metric: b.metric, points: [{ series: otherSeries, timeNs: 6n, value: 2 }] } as MetricPoints;
  for (const present of [[a, b, c], [a, c], [a, b, c], [a, other, c], [c, a], [b]]) {
    const cycle: ResourcePoints[] = [{ resource, metrics: present }];
    assert.deepEqual(decodeRequest(encodeCycle(cycle, scope).bytes), expectedRequest(cycle, "1.2.3"));
  }
});

test("another scope is not served from what was remembered under the first", () => {
  const series = numberSeries();
  const points = numberPoints(counter, series, 1);
  encodeCycle([points], scope);
  const decoded = decodeRequest(encodeCycle([points], kvmeterScope("9.9.9")).bytes);
  assert.deepEqual(decoded, expectedRequest([points], "9.9.9"));
});

test("a cycle without points is no bytes", () => {
  const empty: ResourcePoints = {
    resource: { attributes: { a: 1 } },
    metrics: [{ metric: counter, points: [] }],
  };
  assert.deepEqual(encodeCycle([], scope).resources, []);
  assert.deepEqual(encodeCycle([empty], scope).resources, []);
  assert.equal(encodeCycle([empty], scope).bytes.length, 0);
});

test("the schema is that of the semantic conventions in use", () => {
  const manifest = new URL("../../package.json", import.meta.url);
  const { dependencies } = JSON.parse(readFileSync(manifest, "utf8")) as {
    dependencies: Record<string, string>;
  };
  assert.equal(
    SCHEMA_URL,
    `https://opentelemetry.io/schemas/${dependencies["@opentelemetry/semantic-conventions"]}`,
  );
});

const resource = { attributes: { "service.name": "kvmeter" } };

function numberSeries(): Series {
  return { attributes: {}, startTimeNs: undefined };
}

function numberPoints(
  metric: MetricDescriptor & { readonly kind: "counter" | "gauge" },
  series: Series,
  value: bigint | number,
): ResourcePoints {
  return { resource, metrics: [{ metric, points: [{ series, timeNs: 5n, value }] }] };
}
