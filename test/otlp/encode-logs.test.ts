import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import type { ResourceRecords } from "../../src/metrics/log-records.ts";
import { encodeLogs } from "../../src/otlp/encode-logs.ts";
import { kvmeterScope } from "../../src/otlp/scope.ts";
import { arbitraryRecords, expectedLogs } from "./arbitrary-records.ts";
import { decodeLogsRequest, type ProtoLogsRequest } from "./official-proto.ts";

const scope = kvmeterScope("1.2.3");
const WIDE_BYTES = 2 ** 24;

test("what is encoded decodes with the official messages to the same records", () => {
  const property = fc.property(arbitraryRecords, (all) => {
    const requests = encodeLogs(all, { scope, limitBytes: WIDE_BYTES });
    const count = all.reduce((sum, { records }) => sum + records.length, 0);
    assert.deepEqual(
      requests.map(({ pointCount, signal }) => [pointCount, signal]),
      count === 0 ? [] : [[count, "logs"]],
    );
    const decoded = requests.map(({ body }) => decodeLogsRequest(body));
    assert.deepEqual(decoded[0] ?? {}, expectedLogs(all, "1.2.3"));
  });
  fc.assert(property, { numRuns: 300 });
});

test("requests keep to the limit, but for a record that is larger alone, and every record is there once in order", () => {
  const property = fc.property(arbitraryRecords, fc.integer({ min: 1, max: 2000 }), (all, limitBytes) => {
    const requests = encodeLogs(all, { scope, limitBytes });
    const decoded = requests.map(({ body }) => decodeLogsRequest(body));
    assert.deepEqual(decoded.flatMap(flatten), flatten(expectedLogs(all, "1.2.3")));
    for (const [index, { body, pointCount }] of requests.entries()) {
      assert.equal(pointCount, flatten(decoded[index] ?? {}).length);
      assert.ok(pointCount > 0, "an empty request");
      assert.ok(body.length <= limitBytes || pointCount === 1, "larger than the limit");
    }
  });
  fc.assert(property, { numRuns: 200 });
});

test("a burst of one domain is cut into few requests", () => {
  const record = {
    timeNs: 1n,
    observedTimeNs: 2n,
    eventName: "libvirt.domain.lifecycle",
    severity: "info",
    body: "domain web1 was suspended: user",
    attributes: { "libvirt.event.type": "suspended" },
  } as const;
  const all: ResourceRecords[] = [
    {
      resource: { attributes: { "libvirt.domain.name": "web1" } },
      records: Array.from({ length: 5000 }, () => record),
    },
  ];
  const [whole] = encodeLogs(all, { scope, limitBytes: WIDE_BYTES });
  assert.ok(whole);
  const limitBytes = 100_000;
  const requests = encodeLogs(all, { scope, limitBytes });
  const least = Math.ceil(whole.body.length / limitBytes);
  assert.ok(requests.length <= 2 * least, `${requests.length} requests where ${least} would do`);
  assert.equal(
    requests.reduce((sum, { pointCount }) => sum + pointCount, 0),
    5000,
  );
});

/** One entry a record: whose it is, who made it and all it says. */
function flatten(request: ProtoLogsRequest): unknown[] {
  return (request.resourceLogs ?? []).flatMap(({ resource, scopeLogs }) =>
    scopeLogs.flatMap(({ scope: maker, schemaUrl, logRecords }) =>
      logRecords.map((record) => [resource, maker, schemaUrl, record]),
    ),
  );
}
