import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import { decodeExportResponse, decodeStatus } from "../../src/otlp/answers.ts";
import { encodeLogsResponse, encodeResponse } from "./official-proto.ts";

test("a partial success is read as the official messages wrote it", () => {
  const property = fc.property(
    fc.integer({ min: 0, max: 2 ** 31 }),
    fc.string({ unit: "binary", maxLength: 300 }),
    (rejected, message) => {
      for (const encode of [encodeResponse, encodeLogsResponse]) {
        const decoded = decodeExportResponse(encode(rejected, message), 2 ** 31);
        assert.deepEqual(decoded, { rejectedPoints: rejected, message });
      }
    },
  );
  fc.assert(property);
});

test("an unknown field of any kind is passed over", () => {
  const unknown = [
    [0x78, 0x96, 0x01],
    [0x79, 1, 2, 3, 4, 5, 6, 7, 8],
    [0x7a, 2, 1, 2],
    [0x7d, 1, 2, 3, 4],
  ].flat();
  const body = Buffer.concat([Buffer.from(unknown), encodeResponse(3, "old")]);
  assert.deepEqual(decodeExportResponse(body, 10), { rejectedPoints: 3, message: "old" });
});

test("whatever bytes a backend sends, the answer is read within bounds and without an error", () => {
  const anything = fc.uint8Array({ maxLength: 200 });
  const damaged = fc
    .tuple(fc.nat(1000), fc.string(), fc.nat(), fc.nat(255))
    .map(([rejected, message, position, byte]) => {
      const bytes = Buffer.from(encodeResponse(rejected, message));
      bytes[position % bytes.length] = byte;
      return bytes;
    });
  const property = fc.property(fc.oneof(anything, damaged), (bytes) => {
    const { rejectedPoints, message } = decodeExportResponse(bytes, 100);
    assert.ok(rejectedPoints >= 0 && rejectedPoints <= 100);
    assert.ok(message.length <= bytes.length);
    const { retryAfterMs = 0 } = decodeStatus(bytes);
    assert.ok(retryAfterMs >= 0 && retryAfterMs <= 3_600_000);
  });
  fc.assert(property, { numRuns: 500 });
});
