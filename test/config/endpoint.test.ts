import assert from "node:assert/strict";
import { test } from "node:test";

import { completeEndpoint } from "../../src/config/endpoint.ts";

const complete = (endpoint: string, preset: Parameters<typeof completeEndpoint>[1]) =>
  completeEndpoint(endpoint, preset, "http/protobuf");

test("for HTTP the preset's path completes an endpoint that has none of it or its beginning", () => {
  assert.equal(complete("http://c:4318", "collector"), "http://c:4318/v1/metrics");
  assert.equal(complete("http://c:4318/v1/metrics", "collector"), "http://c:4318/v1/metrics");
  assert.equal(complete("http://c:4318/custom", "collector"), "http://c:4318/custom");
  assert.equal(complete("http://p:9090/api/v1/otlp/", "prometheus"), "http://p:9090/api/v1/otlp/v1/metrics");
  assert.equal(
    complete("http://v:8428/opentelemetry", "victoriametrics"),
    "http://v:8428/opentelemetry/v1/metrics",
  );
  assert.equal(complete("http://v:8428/open", "victoriametrics"), "http://v:8428/open");
  assert.equal(complete("https://gw.example/otlp", "grafana-cloud"), "https://gw.example/otlp/v1/metrics");
  assert.equal(complete("http://c/?tenant=a", "collector"), "http://c/v1/metrics?tenant=a");
});

test("for gRPC only scheme, host and port count", () => {
  assert.equal(completeEndpoint("https://c:4317/", "collector", "grpc"), "https://c:4317");
  assert.throws(() => completeEndpoint("http://c:4317/v1/metrics", "collector", "grpc"), /must have no path/);
});

test("what is no plain URL is refused without showing it", () => {
  for (const endpoint of ["c:4317", "ftp://secret", "//secret", "https://secret:x@h", "http://h/#secret"]) {
    assert.throws(
      () => completeEndpoint(endpoint, "collector", "http/protobuf"),
      (error) => error instanceof Error && !error.message.includes("secret"),
    );
  }
});
