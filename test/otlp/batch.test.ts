import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import type { ResourcePoints } from "../../src/metrics/points.ts";
import { cutRequests } from "../../src/otlp/batch.ts";
import { encodeCycle } from "../../src/otlp/encode.ts";
import { kvmeterScope } from "../../src/otlp/scope.ts";
import { arbitraryCycle, arbitrarySubject } from "./arbitrary-points.ts";
import { type ProtoRequest, decodeRequest } from "./official-proto.ts";

const scope = kvmeterScope("1.2.3");
const arbitraryPoints = fc
  .array(arbitrarySubject, { maxLength: 6 })
  .chain((subjects) => fc.tuple(...subjects.map((subject) => arbitraryCycle(subject, true))));

test("cut at any size, every point arrives once, in order, and is counted", () => {
  const property = fc.property(arbitraryPoints, fc.integer({ min: 1, max: 4000 }), (cycle, limitBytes) => {
    const encoded = encodeCycle(cycle, scope);
    const requests = cutRequests(encoded, limitBytes);
    const decoded = requests.map(({ body }) => decodeRequest(body));
    assert.deepEqual(decoded.flatMap(flatten), flatten(decodeRequest(encoded.bytes)));
    for (const [index, request] of requests.entries()) {
      assert.equal(request.pointCount, flatten(decoded[index] ?? {}).length);
      assert.ok(request.pointCount > 0, "an empty request");
      assert.ok(request.body.length <= limitBytes || request.pointCount === 1, "larger than the limit");
    }
  });
  fc.assert(property, { numRuns: 200 });
});

test("resources share a request up to the very byte of the limit", () => {
  const encoded = encodeCycle([domain("a", 3), domain("b", 3), domain("c", 3), domain("d", 3)], scope);
  const [size = 0] = encoded.resources.map(({ start, end }) => end - start);
  assert.ok(encoded.resources.every(({ start, end }) => end - start === size));
  assert.deepEqual(sizes(cutRequests(encoded, 4 * size)), [4 * size]);
  assert.deepEqual(sizes(cutRequests(encoded, 4 * size - 1)), [3 * size, size]);
  assert.deepEqual(sizes(cutRequests(encoded, 2 * size)), [2 * size, 2 * size]);
  assert.deepEqual(sizes(cutRequests(encoded, size)), [size, size, size, size]);
});

test("requests are views of the cycle's bytes, without a copy", () => {
  const encoded = encodeCycle([domain("a", 3), domain("b", 3)], scope);
  for (const { body } of cutRequests(encoded, 250)) assert.equal(body.buffer, encoded.bytes.buffer);
});

test("a resource beyond the limit is cut, its neighbours are not", () => {
  const encoded = encodeCycle([domain("a", 1), domain("b", 1000), domain("c", 1)], scope);
  const requests = cutRequests(encoded, 4096);
  const names = requests.map(({ body }) => {
    const [resource] = decodeRequest(body).resourceMetrics ?? [];
    return resource?.resource.attributes?.[0]?.value.stringValue;
  });
  assert.equal(names[0], "a");
  assert.equal(names.at(-1), "c");
  assert.ok(names.slice(1, -1).every((name) => name === "b"));
  assert.equal(
    requests.reduce((sum, { pointCount }) => sum + pointCount, 0),
    1002,
  );
  assert.ok(sizes(requests).every((size) => size <= 4096));
});

test("cutting a resource does not disturb what the encoder remembers of it", () => {
  const large = domain("a", 100);
  const whole = encodeCycle([large], scope).bytes;
  cutRequests(encodeCycle([large], scope), 500);
  assert.deepEqual(encodeCycle([large], scope).bytes, whole);
});

test("no points, no request", () => {
  assert.deepEqual(cutRequests(encodeCycle([], scope), 4096), []);
});

/** One entry a point: whose it is and all it says. */
function flatten(request: ProtoRequest): unknown[] {
  return (request.resourceMetrics ?? []).flatMap(({ resource, scopeMetrics }) =>
    scopeMetrics.flatMap(({ metrics }) =>
      metrics.flatMap(({ gauge, sum, histogram, ...head }) =>
        (gauge ?? sum ?? histogram ?? { dataPoints: [] }).dataPoints.map((point) => [resource, head, point]),
      ),
    ),
  );
}

function sizes(requests: readonly { readonly body: Uint8Array }[]): number[] {
  return requests.map(({ body }) => body.length);
}

function domain(name: string, pointCount: number): ResourcePoints {
  const metric = { name: "m", description: "", unit: "1", kind: "gauge", valueType: "int" } as const;
  const points = Array.from({ length: pointCount }, (_, index) => ({
    series: { attributes: { index: String(index).padStart(4, "0") }, startTimeNs: undefined },
    timeNs: 5n,
    value: index,
  }));
  return { resource: { attributes: { name } }, metrics: [{ metric, points }] };
}
