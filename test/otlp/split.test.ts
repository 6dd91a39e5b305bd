import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import { encodeCycle } from "../../src/otlp/encode.ts";
import { kvmeterScope } from "../../src/otlp/scope.ts";
import { splitRequest } from "../../src/otlp/split.ts";
import { arbitraryCycle, arbitrarySubject } from "./arbitrary-points.ts";
import { decodeRequest, type ProtoRequest } from "./official-proto.ts";

const arbitraryPoints = fc
  .array(arbitrarySubject, { minLength: 1, maxLength: 4 })
  .chain((subjects) => fc.tuple(...subjects.map((subject) => arbitraryCycle(subject, true))));

test("cut again and again, down to single points, every point is there once, in order, and counted", () => {
  const property = fc.property(arbitraryPoints, (cycle) => {
    const { bytes, resources } = encodeCycle(cycle, kvmeterScope("1.2.3"));
    fc.pre(resources.length > 0);
    const pieces = cutToPoints(bytes);
    assert.ok(pieces.every(({ pointCount }) => pointCount === 1));
    assert.deepEqual(
      pieces.flatMap(({ body }) => flatten(decodeRequest(body))),
      flatten(decodeRequest(bytes)),
    );
  });
  fc.assert(property, { numRuns: 100 });
});

test("halves are cut near the middle of the bytes", () => {
  const metric = { name: "m", description: "", unit: "1", kind: "gauge", valueType: "int" } as const;
  const cycle = Array.from({ length: 100 }, (_, domain) => ({
    resource: { attributes: { domain } },
    metrics: [
      { metric, points: [{ series: { attributes: {}, startTimeNs: undefined }, timeNs: 1n, value: 1 }] },
    ],
  }));
  const { bytes } = encodeCycle(cycle, kvmeterScope("1"));
  const halves = splitRequest(bytes, "metrics") ?? [];
  assert.deepEqual(
    halves.map(({ pointCount }) => pointCount),
    [50, 50],
  );
});

test("logs are cut between records", () => {
  // ResourceLogs{ScopeLogs{LogRecord, LogRecord, LogRecord}} with the resource and the scope in front.
  const record = [0x12, 2, 0x12, 0];
  const scopeLogs = [0x0a, 0, ...record, ...record, ...record];
  const resourceLogs = [0x0a, 0, 0x12, scopeLogs.length, ...scopeLogs];
  const halves = splitRequest(Buffer.from([0x0a, resourceLogs.length, ...resourceLogs]), "logs") ?? [];
  assert.deepEqual(
    halves.map(({ pointCount }) => pointCount),
    [2, 1],
  );
});

test("garbage is not cut, and does no harm", () => {
  const property = fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
    for (const { body } of splitRequest(bytes, "metrics") ?? []) assert.ok(body.length <= bytes.length);
  });
  fc.assert(property, { numRuns: 300 });
});

function cutToPoints(body: Uint8Array): { body: Uint8Array; pointCount: number }[] {
  const halves = splitRequest(body, "metrics");
  if (halves === undefined) return [{ body, pointCount: flatten(decodeRequest(body)).length }];
  for (const half of halves) assert.equal(half.pointCount, flatten(decodeRequest(half.body)).length);
  return halves.flatMap((half) => cutToPoints(half.body));
}

/** One entry a point: whose it is and all it says. */
function flatten(request: ProtoRequest): unknown[] {
  return (request.resourceMetrics ?? []).flatMap(({ resource, scopeMetrics }) =>
    scopeMetrics.flatMap(({ scope, schemaUrl, metrics }) =>
      metrics.flatMap(({ gauge, sum, histogram, ...head }) => {
        const { dataPoints, ...kind } = gauge ?? sum ?? histogram ?? { dataPoints: [] };
        return dataPoints.map((point) => [resource, scope, schemaUrl, head, kind, point]);
      }),
    ),
  );
}
