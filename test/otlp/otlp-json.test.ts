import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import type { ResourcePoints } from "../../src/metrics/points.ts";
import { encodeCycle } from "../../src/otlp/encode.ts";
import { toOtlpJson } from "../../src/otlp/otlp-json.ts";
import { kvmeterScope } from "../../src/otlp/scope.ts";
import { arbitraryCycle, arbitrarySubject } from "./arbitrary-points.ts";
import { decodeJson, decodeRequest } from "./official-proto.ts";

const scope = kvmeterScope("1.2.3");

test("the official messages read the same points from the JSON text as from protobuf", () => {
  const property = fc.property(
    fc
      .array(arbitrarySubject, { maxLength: 3 })
      .chain((subjects) => fc.tuple(...subjects.map((subject) => arbitraryCycle(subject, false)))),
    (cycle) => {
      // Lone surrogates are not text; protobuf turns them into U+FFFD and JSON keeps them.
      const json: unknown = JSON.parse(JSON.stringify(toOtlpJson(cycle, scope)).toWellFormed());
      const fromProtobuf = decodeRequest(encodeCycle(cycle, scope).bytes);
      assert.deepEqual(decodeJson(json as object), withoutMinusZero(fromProtobuf));
    },
  );
  fc.assert(property, { numRuns: 100 });
});

test("the text, as the specification has it", () => {
  const series = {
    attributes: { "disk.io.direction": "read", "cpu.logical_number": 3 },
    startTimeNs: 10n ** 18n,
  };
  const timeNs = 1_700_000_000_123_000_000n;
  const head = { name: "m", description: "d", unit: "By" } as const;
  const points: ResourcePoints = {
    resource: { attributes: { "host.name": "h", virtual: true } },
    metrics: [
      {
        metric: { ...head, kind: "counter", valueType: "int" },
        points: [{ series, timeNs, value: 2n ** 53n + 1n }],
      },
      {
        metric: { ...head, kind: "gauge", valueType: "double" },
        points: [{ series: { attributes: {}, startTimeNs: undefined }, timeNs, value: Number.NaN }],
      },
    ],
  };
  assert.deepEqual(toOtlpJson([points], scope), {
    resourceMetrics: [
      {
        resource: {
          attributes: [
            { key: "host.name", value: { stringValue: "h" } },
            { key: "virtual", value: { boolValue: true } },
          ],
        },
        scopeMetrics: [
          {
            scope: { name: "kvmeter", version: "1.2.3" },
            metrics: [
              {
                ...head,
                sum: {
                  dataPoints: [
                    {
                      attributes: [
                        { key: "disk.io.direction", value: { stringValue: "read" } },
                        { key: "cpu.logical_number", value: { intValue: "3" } },
                      ],
                      startTimeUnixNano: "1000000000000000000",
                      timeUnixNano: "1700000000123000000",
                      asInt: "9007199254740993",
                    },
                  ],
                  aggregationTemporality: 2,
                  isMonotonic: true,
                },
              },
              {
                ...head,
                gauge: {
                  dataPoints: [{ attributes: [], timeUnixNano: "1700000000123000000", asDouble: "NaN" }],
                },
              },
            ],
            schemaUrl: "https://opentelemetry.io/schemas/1.45.0",
          },
        ],
      },
    ],
  });
});

/** JSON text made by JavaScript has no minus zero. */
function withoutMinusZero(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutMinusZero);
  if (typeof value !== "object" || value === null) return value === 0 ? 0 : value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withoutMinusZero(each)]));
}
