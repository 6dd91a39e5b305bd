import assert from "node:assert/strict";
import { test } from "node:test";

import { completeEndpoint, logsEndpointBeside } from "../../src/config/endpoint.ts";
import type { PresetName } from "../../src/config/presets.ts";

const http = { protocol: "http/protobuf", signal: "metrics" } as const;
const grpc = { preset: "collector", protocol: "grpc", signal: "metrics" } as const;
const logs = (endpoint: string, preset: PresetName) =>
  completeEndpoint(endpoint, { ...http, preset, signal: "logs" });
const beside = (endpoint: string, preset: PresetName) => logsEndpointBeside(endpoint, { ...http, preset });
const complete = (endpoint: string, preset: PresetName) => completeEndpoint(endpoint, { ...http, preset });

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
  assert.equal(completeEndpoint("https://c:4317/", grpc), "https://c:4317");
  assert.throws(() => completeEndpoint("http://c:4317/v1/metrics", grpc), /must have no path/);
});

test("what is no plain URL is refused without showing it", () => {
  for (const endpoint of ["c:4317", "ftp://secret", "//secret", "https://secret:x@h", "http://h/#secret"]) {
    assert.throws(
      () => complete(endpoint, "collector"),
      (error) => error instanceof Error && !error.message.includes("secret"),
    );
  }
});

test("an endpoint for log records is completed with the path for them", () => {
  assert.equal(logs("http://c:4318", "collector"), "http://c:4318/v1/logs");
  assert.equal(logs("http://l:9428", "victoriametrics"), "http://l:9428/insert/opentelemetry/v1/logs");
  assert.equal(logs("http://l:9428/own", "victoriametrics"), "http://l:9428/own");
});

test("log records go beside metrics, with the preset's path for them", () => {
  assert.equal(beside("http://c:4318/v1/metrics", "collector"), "http://c:4318/v1/logs");
  assert.equal(beside("http://p/kvm/v1/metrics?a=b", "collector"), "http://p/kvm/v1/logs?a=b");
  assert.equal(
    beside("https://e.live.dynatrace.com/api/v2/otlp/v1/metrics", "dynatrace"),
    "https://e.live.dynatrace.com/api/v2/otlp/v1/logs",
  );
  assert.equal(beside("http://c:4318/own", "collector"), undefined);
  assert.equal(beside("http://p:9090/api/v1/otlp/v1/metrics", "prometheus"), undefined);
  assert.equal(logsEndpointBeside("https://c:4317", grpc), "https://c:4317");
});
