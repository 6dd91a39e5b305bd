import assert from "node:assert/strict";
import { test } from "node:test";

import { signalUrlOf } from "../../src/otlp/options.ts";

test("v1/logs is appended for log records", () => {
  assert.equal(signalUrlOf("https://gateway.example/otlp/", "logs"), "https://gateway.example/otlp/v1/logs");
});

test("v1/metrics is appended to a general endpoint, as the specification's examples have it", () => {
  const cases = [
    ["http://collector:4318", "http://collector:4318/v1/metrics"],
    ["http://collector:4318/", "http://collector:4318/v1/metrics"],
    ["http://collector:4318/mycollector/", "http://collector:4318/mycollector/v1/metrics"],
    ["https://gateway.example/otlp", "https://gateway.example/otlp/v1/metrics"],
    ["https://gateway.example/otlp?a=b", "https://gateway.example/otlp/v1/metrics?a=b"],
  ] as const;
  for (const [general, expected] of cases) assert.equal(signalUrlOf(general, "metrics"), expected);
});
