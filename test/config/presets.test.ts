import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { loadConfiguration } from "../../src/config/load.ts";
import { PRESET_NAMES, type PresetName } from "../../src/config/presets.ts";
import { printConfiguration } from "../../src/config/print.ts";

const directory = mkdtempSync(join(tmpdir(), "kvmeter-presets-"));
after(() => rmSync(directory, { recursive: true }));

const ENV = {
  GRAFANA_CLOUD_ZONE: "prod-eu-west-2",
  GRAFANA_CLOUD_BASIC: "cGxhbnRlZDpzZWNyZXQ=",
  DD_API_KEY: "planted-secret-dd",
  NEW_RELIC_LICENSE_KEY: "planted-secret-nr",
  DT_ENVIRONMENT: "abc12345",
  DT_API_TOKEN: "planted-secret-dt",
};
const SECRETS = Object.values(ENV).filter((value) => /^planted|^cGx/.test(value));

const HOUR_MS = 3_600_000;

/** What each ready file must come to, as far as the backend's documentation says. */
const EXPECTED: Readonly<Record<PresetName, object>> = {
  collector: {
    signals: ["metrics", "logs"],
    protocol: "grpc",
    endpoint: "http://localhost:4317",
    headers: {},
    temporality: "cumulative",
    requestLimitBytes: 4 * 1024 * 1024 - 16 * 1024,
  },
  prometheus: {
    signals: ["metrics"],
    protocol: "http/protobuf",
    endpoint: "http://localhost:9090/api/v1/otlp/v1/metrics",
    headers: {},
    temporality: "cumulative",
    identity: "attributes",
    order: "oldest-first",
  },
  victoriametrics: {
    signals: ["metrics"],
    protocol: "http/protobuf",
    endpoint: "http://localhost:8428/opentelemetry/v1/metrics",
    headers: {},
    temporality: "cumulative",
  },
  "grafana-cloud": {
    signals: ["metrics"],
    protocol: "http/protobuf",
    endpoint: "https://otlp-gateway-prod-eu-west-2.grafana.net/otlp/v1/metrics",
    headers: { authorization: "Basic cGxhbnRlZDpzZWNyZXQ=" },
    temporality: "cumulative",
    order: "oldest-first",
  },
  datadog: {
    signals: ["metrics"],
    protocol: "http/protobuf",
    endpoint: "https://otlp.datadoghq.com/v1/metrics",
    headers: {
      "dd-api-key": "planted-secret-dd",
      "dd-otel-metric-config": '{"resource_attributes_as_tags":true}',
    },
    temporality: "delta",
    requestLimitBytes: 500_000,
    hostAttribute: "datadog.host.name",
    queue: { maxBytes: 256 * 1024 * 1024, maxAgeMs: HOUR_MS },
  },
  newrelic: {
    signals: ["metrics"],
    protocol: "http/protobuf",
    endpoint: "https://otlp.nr-data.net/v1/metrics",
    headers: { "api-key": "planted-secret-nr" },
    temporality: "delta",
    requestLimitBytes: 1_000_000,
    queue: { maxBytes: 256 * 1024 * 1024, maxAgeMs: 48 * HOUR_MS },
  },
  dynatrace: {
    signals: ["metrics"],
    protocol: "http/protobuf",
    endpoint: "https://abc12345.live.dynatrace.com/api/v2/otlp/v1/metrics",
    headers: { authorization: "Api-Token planted-secret-dt" },
    temporality: "delta",
    requestLimitBytes: 400_000,
  },
};

for (const preset of PRESET_NAMES) {
  const file = `config/${preset}.yaml`;

  test(`${file} is complete, and keeps its secrets`, () => {
    const loaded = loadConfiguration({ file, env: ENV });
    const { destinations, stateDirectory } = loaded.configuration;
    const [destination, ...others] = destinations;
    assert.ok(destination);
    assert.deepEqual(others, []);
    assert.deepEqual({ ...destination, ...EXPECTED[preset] }, destination);
    assert.equal(destination.preset, preset);
    assert.equal(stateDirectory, "/var/lib/kvmeter");
    const shown = printConfiguration(loaded) + readFileSync(file, "utf8");
    for (const secret of SECRETS) assert.ok(!shown.includes(secret), secret);
  });
}

test("every value of a preset can be overridden", () => {
  const own = {
    site: "us5.datadoghq.com",
    temporality: "cumulative",
    identity: "attributes",
    order: "oldest-first",
    request_limit: "20kB",
    replay_rate: "5MB",
    queue: { max_size: "1GB", max_age: "3h" },
    headers: { "DD-API-Key": "k", "DD-OTel-Metric-Config": "{}" },
  };
  const [datadog] = inline([{ preset: "datadog", ...own }]);
  assert.equal(datadog?.endpoint, "https://otlp.us5.datadoghq.com/v1/metrics");
  assert.deepEqual(datadog.headers, own.headers);
  assert.equal(datadog.temporality, "cumulative");
  assert.equal(datadog.identity, "attributes");
  assert.equal(datadog.order, "oldest-first");
  assert.equal(datadog.requestLimitBytes, 20_000);
  assert.equal(datadog.replayRateBytesPerS, 5_000_000);
  assert.deepEqual(datadog.queue, { maxBytes: 1e9, maxAgeMs: 3 * HOUR_MS });
});

const KEYS: Readonly<Record<string, object>> = {
  "grafana-cloud": { site: "z", headers: { authorization: "Basic x" } },
  datadog: { headers: { "dd-api-key": "x" } },
  newrelic: { headers: { "api-key": "x" } },
  dynatrace: { site: "e", headers: { authorization: "Api-Token x" } },
};

const LOGS: readonly [
  entry: { readonly preset: PresetName; readonly [option: string]: unknown },
  endpoint: string | undefined,
][] = [
  [{ preset: "collector" }, "http://localhost:4317"],
  [{ preset: "collector", protocol: "http/protobuf" }, "http://localhost:4318/v1/logs"],
  [{ preset: "collector", signals: ["metrics"] }, undefined],
  [{ preset: "collector", protocol: "http/protobuf", endpoint: "http://c/own" }, undefined],
  [
    { preset: "collector", protocol: "http/protobuf", endpoint: "http://c/own", logs_endpoint: "http://l/x" },
    "http://l/x",
  ],
  [{ preset: "collector", logs_endpoint: "http://l:4317" }, "http://l:4317"],
  [{ preset: "grafana-cloud" }, undefined],
  [
    { preset: "grafana-cloud", signals: ["metrics", "logs"] },
    "https://otlp-gateway-z.grafana.net/otlp/v1/logs",
  ],
  [{ preset: "datadog", signals: ["metrics", "logs"] }, "https://otlp.datadoghq.com/v1/logs"],
  [{ preset: "newrelic", signals: ["logs"] }, "https://otlp.nr-data.net/v1/logs"],
  [{ preset: "newrelic", signals: ["logs"], protocol: "grpc" }, "https://otlp.nr-data.net:4317"],
  [{ preset: "dynatrace", signals: ["logs"] }, "https://e.live.dynatrace.com/api/v2/otlp/v1/logs"],
  [
    { preset: "victoriametrics", logs_endpoint: "http://l:9428" },
    "http://l:9428/insert/opentelemetry/v1/logs",
  ],
];

for (const [entry, endpoint] of LOGS) {
  test(`log records of ${JSON.stringify(entry)} go to ${endpoint}`, () => {
    const [destination] = inline([{ ...KEYS[entry.preset], ...entry }]);
    assert.ok(destination);
    assert.equal(destination.logs?.endpoint, endpoint);
    assert.equal(destination.signals.includes("logs"), endpoint !== undefined);
  });
}

test("log records share what is said of the destination, but for what a preset says of metrics alone", () => {
  const [datadog] = inline([
    {
      preset: "datadog",
      signals: ["logs"],
      headers: { "dd-api-key": "k" },
      timeout: "3s",
      request_limit: "20kB",
      compression: "none",
    },
  ]);
  assert.deepEqual(datadog?.signals, ["logs"]);
  assert.deepEqual(datadog.logs, {
    protocol: "http/protobuf",
    endpoint: "https://otlp.datadoghq.com/v1/logs",
    headers: { "dd-api-key": "k" },
    compression: "none",
    timeoutMs: 3000,
    requestLimitBytes: 20_000,
    tls: {},
    queue: { maxBytes: 256 * 1024 * 1024, maxAgeMs: 18 * HOUR_MS },
  });
  const [own] = inline([{ preset: "collector", queue: { max_age: "3h" } }]);
  assert.equal(own?.logs?.queue.maxAgeMs, 3 * HOUR_MS);
});

test("an endpoint of one's own needs neither site nor key: it can be a proxy that adds them", () => {
  const [dynatrace] = inline([{ preset: "dynatrace", endpoint: "http://proxy:8080/dt" }]);
  assert.equal(dynatrace?.endpoint, "http://proxy:8080/dt");
  assert.deepEqual(dynatrace.headers, {});
});

const REFUSED: readonly [entry: object, message: RegExp][] = [
  [
    { preset: "datadog" },
    /export\[0\]\S*: dd-api-key is missing; the preset datadog needs it to be an API key/,
  ],
  [
    { preset: "dynatrace", headers: { authorization: "Api-Token x" } },
    /export\[0\]: site is missing; the preset dynatrace needs it to be your environment's id/,
  ],
  [
    { preset: "datadog", site: "evil.example/x", headers: { "dd-api-key": "x" } },
    /export\[0\]\.site: must be part of a host's name/,
  ],
  [
    { preset: "collector", site: "x" },
    /export\[0\]\.site: has no use here, because the preset collector has none/,
  ],
  [
    { preset: "newrelic", site: "x", endpoint: "https://proxy" },
    /export\[0\]\.site: has no use here, because endpoint says it all/,
  ],
  [
    { preset: "dynatrace", protocol: "grpc", site: "x" },
    /protocol: must be http\/protobuf for the preset dynatrace/,
  ],
  [{ temporality: "lowmemory" }, /temporality: must be one of cumulative, delta/],
  [
    { preset: "prometheus", signals: ["metrics", "logs"] },
    /export\[0\]\.signals: the preset prometheus takes metrics only; send logs to another destination/,
  ],
  [
    { preset: "prometheus", logs_endpoint: "http://l" },
    /export\[0\]\.logs_endpoint: the preset prometheus takes metrics only/,
  ],
  [
    { preset: "victoriametrics", signals: ["metrics", "logs"] },
    /export\[0\]: logs_endpoint is missing, because VictoriaLogs takes them, not victoriametrics/,
  ],
  [
    { protocol: "http/protobuf", endpoint: "http://c/own", signals: ["logs"] },
    /export\[0\]: logs_endpoint is missing, because endpoint has a path of its own/,
  ],
  [
    { signals: ["metrics"], logs_endpoint: "http://l" },
    /export\[0\]\.logs_endpoint: has no use here, because signals has no logs/,
  ],
  [{ logs_endpoint: "http://user:pass@l" }, /logs_endpoint: must not hold a user or password/],
  [{ signals: [] }, /signals: must have at least one entry/],
  [{ signals: ["traces"] }, /signals\[0\]: must be one of metrics, logs/],
  [{ signals: "logs" }, /signals: must be a list such as \[metrics, logs\]/],
  [{ queue: { max_size: "1kB" } }, /queue\.max_size: must be between 1MiB and 1024GiB/],
  [{ queue: { max_age: "1s" } }, /queue\.max_age: must be between 1m and 30d/],
];

for (const [entry, message] of REFUSED) {
  test(`refused: ${JSON.stringify(entry)}`, () => {
    assert.throws(() => inline([entry]), message);
  });
}

/** Loads these entries of `export`. */
function inline(entries: readonly object[]) {
  const file = join(directory, "kvmeter.yaml");
  writeFileSync(file, JSON.stringify({ export: entries }));
  return loadConfiguration({ file, env: {} }).configuration.destinations;
}
