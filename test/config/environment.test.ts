import assert from "node:assert/strict";
import { test } from "node:test";

import { loadConfiguration } from "../../src/config/load.ts";
import { ConfigurationError } from "../../src/config/problems.ts";

function destination(env: Record<string, string>) {
  const [only, ...others] = loadConfiguration({ env }).configuration.destinations;
  assert.deepEqual(others, []);
  assert.ok(only);
  return only;
}

function problems(env: Record<string, string>): string {
  try {
    loadConfiguration({ env });
  } catch (error) {
    assert.ok(error instanceof ConfigurationError, String(error));
    assert.equal(error.code, "ENVIRONMENT_INVALID");
    assert.equal(error.exitCode, 2);
    return error.message;
  }
  return "";
}

test("an empty environment means the local collector over HTTP, uncompressed, as the specification has it", () => {
  const way = {
    protocol: "http/protobuf",
    headers: {},
    compression: "none",
    timeoutMs: 10_000,
    requestLimitBytes: 20 * 1024 * 1024,
    tls: {},
    queue: { maxBytes: 256 * 1024 * 1024, maxAgeMs: 48 * 3_600_000 },
  };
  assert.deepEqual(destination({ OTEL_EXPORTER_OTLP_ENDPOINT: "" }), {
    name: "collector",
    preset: "collector",
    ...way,
    endpoint: "http://localhost:4318/v1/metrics",
    signals: ["metrics", "logs"],
    logs: { ...way, endpoint: "http://localhost:4318/v1/logs" },
    identity: "resource",
    temporality: "cumulative",
    order: "fresh-first",
    replayRateBytesPerS: 1024 * 1024,
  });
});

test("a general HTTP endpoint gets the signal's path, one for metrics is used as it is", () => {
  const general = (value: string) => destination({ OTEL_EXPORTER_OTLP_ENDPOINT: value }).endpoint;
  assert.equal(general("http://c:4318"), "http://c:4318/v1/metrics");
  assert.equal(general("https://gw.example/otlp/"), "https://gw.example/otlp/v1/metrics");
  const own = destination({
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://general:4318",
    OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: "http://metrics:4318",
  });
  assert.equal(own.endpoint, "http://metrics:4318/");
});

const grpc = (env: Record<string, string>) => destination({ OTEL_EXPORTER_OTLP_PROTOCOL: "grpc", ...env });

test("a gRPC endpoint is a URL or host and port", () => {
  assert.equal(grpc({}).endpoint, "http://localhost:4317");
  assert.equal(grpc({}).requestLimitBytes, 4 * 1024 * 1024 - 16 * 1024);
  assert.equal(grpc({ OTEL_EXPORTER_OTLP_ENDPOINT: "https://c:4317/" }).endpoint, "https://c:4317");
  const bare = grpc({ OTEL_EXPORTER_OTLP_ENDPOINT: "c:4317", OTEL_EXPORTER_OTLP_INSECURE: "TRUE" });
  assert.equal(bare.endpoint, "c:4317");
  assert.equal(bare.insecure, true);
  assert.equal(grpc({ OTEL_EXPORTER_OTLP_ENDPOINT: "[::1]:4317" }).endpoint, "[::1]:4317");
});

test("a gRPC endpoint that no URL can be made of is refused", () => {
  for (const endpoint of ["c:99999", "::1:4317", "[::1:4317", "c%zz:4317", "c"]) {
    const line = problems({ OTEL_EXPORTER_OTLP_PROTOCOL: "grpc", OTEL_EXPORTER_OTLP_ENDPOINT: endpoint });
    assert.match(
      line,
      /^OTEL_EXPORTER_OTLP_ENDPOINT: must be http:\/\/host:port, https:\/\/host:port or host:port$/,
    );
  }
});

test("a gRPC endpoint with a password is refused, which would not be sent", () => {
  const endpoint = "http://user:secret@c:4317";
  const line = problems({ OTEL_EXPORTER_OTLP_PROTOCOL: "grpc", OTEL_EXPORTER_OTLP_ENDPOINT: endpoint });
  assert.match(line, /^OTEL_EXPORTER_OTLP_ENDPOINT: must not hold a user or password; put/);
  assert.doesNotMatch(line, /secret/);
});

test("a variable for metrics wins over the general one", () => {
  const { protocol, headers, timeoutMs, compression } = destination({
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
    OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: "grpc",
    OTEL_EXPORTER_OTLP_HEADERS: "a=general,b=general",
    OTEL_EXPORTER_OTLP_METRICS_HEADERS: "a=metrics",
    OTEL_EXPORTER_OTLP_TIMEOUT: "1000",
    OTEL_EXPORTER_OTLP_METRICS_TIMEOUT: "2000",
    OTEL_EXPORTER_OTLP_COMPRESSION: "none",
    OTEL_EXPORTER_OTLP_METRICS_COMPRESSION: "gzip",
  });
  assert.deepEqual(
    { protocol, headers, timeoutMs, compression },
    { protocol: "grpc", headers: { a: "metrics" }, timeoutMs: 2000, compression: "gzip" },
  );
});

test("log records have variables of their own, which win over the general ones, and metrics do not see them", () => {
  const { protocol, endpoint, logs } = destination({
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://general:4318/base",
    OTEL_EXPORTER_OTLP_HEADERS: "a=general",
    OTEL_EXPORTER_OTLP_LOGS_PROTOCOL: "grpc",
    OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: "https://logs:4317",
    OTEL_EXPORTER_OTLP_LOGS_HEADERS: "a=logs",
    OTEL_EXPORTER_OTLP_LOGS_TIMEOUT: "3000",
    OTEL_EXPORTER_OTLP_LOGS_COMPRESSION: "gzip",
  });
  assert.deepEqual([protocol, endpoint], ["http/protobuf", "http://general:4318/base/v1/metrics"]);
  assert.equal(logs?.protocol, "grpc");
  assert.equal(logs.endpoint, "https://logs:4317");
  assert.deepEqual(logs.headers, { a: "logs" });
  assert.deepEqual([logs.timeoutMs, logs.compression], [3000, "gzip"]);
  assert.equal(logs.requestLimitBytes, 4 * 1024 * 1024 - 16 * 1024);
});

test("an endpoint for logs is used as it is, the general one gets their path", () => {
  const cases = [
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:4318/otlp" }, "http://c:4318/otlp/v1/logs"],
    [{ OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: "http://c:4318/l" }, "http://c:4318/l"],
    [{ OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: "http://m" }, "http://localhost:4318/v1/logs"],
  ] as const;
  for (const [env, expected] of cases) assert.equal(destination(env).logs?.endpoint, expected);
});

test("OTEL_LOGS_EXPORTER=none: no log records", () => {
  const { signals, logs } = destination({ OTEL_LOGS_EXPORTER: "none" });
  assert.deepEqual([signals, logs], [["metrics"], undefined]);
});

test("the headers of logs are secrets, too", () => {
  const { secrets } = loadConfiguration({
    env: { OTEL_EXPORTER_OTLP_LOGS_HEADERS: "authorization=Bearer%20planted" },
  }).configuration;
  assert.ok(secrets.includes("planted"));
});

test("headers and attributes are percent-decoded", () => {
  const env = {
    OTEL_EXPORTER_OTLP_HEADERS: "authorization=Basic%20a%3Db%2C, x = y =z ,",
    OTEL_RESOURCE_ATTRIBUTES: "team=storage%2Cnetwork,deployment.environment.name=prod",
  };
  assert.deepEqual(destination(env).headers, { authorization: "Basic a=b,", x: "y =z" });
  const { resourceAttributes } = loadConfiguration({ env }).configuration;
  assert.deepEqual(resourceAttributes, { team: "storage,network", "deployment.environment.name": "prod" });
});

test("OTEL_SERVICE_NAME wins over service.name in OTEL_RESOURCE_ATTRIBUTES", () => {
  const attributes = { OTEL_RESOURCE_ATTRIBUTES: "service.name=attribute" };
  assert.equal(loadConfiguration({ env: attributes }).configuration.serviceName, "attribute");
  const both = { ...attributes, OTEL_SERVICE_NAME: "variable" };
  assert.equal(loadConfiguration({ env: both }).configuration.serviceName, "variable");
});

test("the temporality preference: lowmemory leaves what is asynchronous cumulative, and all of ours is", () => {
  const name = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE";
  assert.equal(destination({}).temporality, "cumulative");
  assert.equal(destination({ [name]: "Cumulative" }).temporality, "cumulative");
  assert.equal(destination({ [name]: "lowmemory" }).temporality, "cumulative");
  assert.equal(destination({ [name]: "DELTA" }).temporality, "delta");
});

const refused: Readonly<Record<string, readonly [value: string, message: RegExp]>> = {
  OTEL_EXPORTER_OTLP_PROTOCOL: [
    "http/json",
    /must be one of grpc, http\/protobuf: current value is "http\/json"/,
  ],
  OTEL_EXPORTER_OTLP_ENDPOINT: ["collector:4318", /must be a URL that begins with http/],
  OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: ["http://user:secret@c:4318", /must not hold a user or password; put/],
  OTEL_EXPORTER_OTLP_HEADERS: ["secret", /entry 1 must be key=value/],
  OTEL_EXPORTER_OTLP_METRICS_HEADERS: ["a=secret,b c=secret", /entry 2 must be an HTTP header/],
  OTEL_EXPORTER_OTLP_TIMEOUT: [
    "10s",
    /must be whole milliseconds between 100 and 600000: current value is "10s"/,
  ],
  OTEL_EXPORTER_OTLP_COMPRESSION: ["zstd", /must be one of gzip, none/],
  OTEL_EXPORTER_OTLP_CERTIFICATE: ["/nonexistent.pem", /cannot be read: \/nonexistent.pem: no such file/],
  OTEL_EXPORTER_OTLP_CLIENT_KEY: ["/dev/null", /cannot be read: \/dev\/null: not a regular file/],
  OTEL_EXPORTER_OTLP_INSECURE: ["yes", /must be one of true, false/],
  OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: [
    "both",
    /must be one of cumulative, lowmemory, delta: current value is "both"/,
  ],
  OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: ["http://user:secret@c:4318", /must not hold a user or password; put/],
  OTEL_LOGS_EXPORTER: ["console", /must be one of otlp, none: current value is "console"/],
  OTEL_METRIC_EXPORT_INTERVAL: ["0", /must be whole milliseconds between 100 and 86400000/],
  OTEL_RESOURCE_ATTRIBUTES: ["a=%zz", /entry 1 must be key=value/],
};

for (const [name, [value, message]] of Object.entries(refused)) {
  test(`refused: ${name}=${value}`, () => {
    const line = problems({ [name]: value });
    assert.ok(line.startsWith(`${name}: `), line);
    assert.match(line, message);
    assert.doesNotMatch(line, /secret|\n/);
  });
}
