import assert from "node:assert/strict";
import { test } from "node:test";

import { cutRequests } from "../../src/otlp/batch.ts";
import { encodeCycle } from "../../src/otlp/encode.ts";
import { kvmeterScope } from "../../src/otlp/scope.ts";
import { decodeRequest } from "./official-proto.ts";
import { numbered } from "./queue/requests.ts";
import { ACCEPTED, TOO_LARGE } from "./scripted-transport.ts";
import { assertBalanced, setUp, until } from "./sender.ts";

/** One request with so many domains of so many points. */
function request(domains: number, pointsEach: number) {
  const metric = { name: "m", description: "", unit: "1", kind: "gauge", valueType: "int" } as const;
  const cycle = Array.from({ length: domains }, (_, domain) => ({
    resource: { attributes: { domain } },
    metrics: [
      {
        metric,
        points: Array.from({ length: pointsEach }, (__, point) => ({
          series: { attributes: { point }, startTimeNs: undefined },
          timeNs: 1n,
          value: domain * 100 + point,
        })),
      },
    ],
  }));
  return cutRequests(encodeCycle(cycle, kvmeterScope("1")), 2 ** 24);
}

function valuesOf(bodies: readonly Buffer[]): string[] {
  return bodies.flatMap((body) =>
    (decodeRequest(body).resourceMetrics ?? []).flatMap(({ scopeMetrics }) =>
      scopeMetrics.flatMap(({ metrics }) =>
        metrics.flatMap(({ gauge }) => (gauge?.dataPoints ?? []).map(({ asInt }) => asInt ?? "")),
      ),
    ),
  );
}

test("a request that is too large is cut until the pieces fit, and the next is cut before it is sent", async () => {
  const { destination, transport } = setUp({});
  const taken: Buffer[] = [];
  const tooLarge: number[] = [];
  transport.answer = (body) => {
    if (body.length > 700) {
      tooLarge.push(body.length);
      return TOO_LARGE;
    }
    taken.push(body);
    return ACCEPTED;
  };
  const expected = Array.from({ length: 60 }, (_, index) =>
    String(Math.floor(index / 6) * 100 + (index % 6)),
  );
  destination.deliver(request(10, 6));
  await until(() => destination.counts.exportedPoints === 60);
  assert.deepEqual(valuesOf(taken), expected, "every point once, in order");
  const refusals = tooLarge.length;
  destination.deliver(request(10, 6));
  await until(() => destination.counts.exportedPoints === 120);
  assert.equal(tooLarge.length, refusals, "the backend is not bothered twice");
  assertBalanced(destination);
});

test("one resource that is too large is cut between its points; a single point is dropped, its neighbours are not", async () => {
  const { destination, transport, log } = setUp({});
  const taken: Buffer[] = [];
  transport.answer = (body) => {
    const values = valuesOf([body]);
    if (values.length > 3 || values.includes("4")) return TOO_LARGE;
    taken.push(body);
    return ACCEPTED;
  };
  destination.deliver(request(1, 20));
  await until(() => destination.counts.queuedPoints === 0);
  assert.equal(destination.counts.droppedPoints.too_large, 1);
  const expected = Array.from({ length: 20 }, (_, index) => String(index)).filter((value) => value !== "4");
  assert.deepEqual(valuesOf(taken), expected);
  assert.deepEqual(log.lines.at(-1), "warn: too large");
  assertBalanced(destination);
});

for (const [protocol, compression, sentCodec] of [
  ["http/protobuf", "gzip", "gzip"],
  ["http/protobuf", "none", undefined],
  ["grpc", "gzip", undefined],
] as const) {
  test(`${protocol} with compression ${compression}: the transport gets the body ${sentCodec ?? "as it was"}`, async () => {
    const { time, destination, transport } = setUp({ options: { protocol, compression } as object });
    const { body } = numbered(1, 5000);
    destination.deliver([{ body, pointCount: 1 }]);
    await until(() => destination.counts.exportedPoints === 1);
    await time.settle();
    assert.equal(transport.requests[0]?.codec, sentCodec);
    assert.deepEqual(transport.bodies, [body]);
  });
}
