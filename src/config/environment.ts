/**
 * The OTEL_* variables of the OpenTelemetry specification ("Environment Variable Specification" and "OpenTelemetry
 * Protocol Exporter"). What the specification lets an SDK ignore with a warning ends kvmeter at start: an agent that
 * sends elsewhere than its operator wrote is worse than one that does not start.
 */
import { QUEUE_DEFAULTS } from "../otlp/options.ts";
import type { DestinationConfiguration } from "./configuration.ts";
import { environmentExporter } from "./environment-exporter.ts";
import { PRESETS } from "./presets.ts";
import { INTERVAL_LIMITS_MS } from "./schema.ts";
import type { VariableReader } from "./variables.ts";

/** Every variable that is looked at, for docs/config.md. `*` stands for nothing, `METRICS_` or `LOGS_`. */
export const ENVIRONMENT_VARIABLES: Readonly<Record<string, string>> = {
  "OTEL_EXPORTER_OTLP_*ENDPOINT":
    "Where metrics and log records go. Over HTTP `/v1/metrics` or `/v1/logs` is added to the general one, and the one " +
    "for a signal is used as it is. Default `http://localhost:4318`, for gRPC `http://localhost:4317`.",
  "OTEL_EXPORTER_OTLP_*PROTOCOL": "`http/protobuf` (default, as the specification recommends) or `grpc`.",
  "OTEL_EXPORTER_OTLP_*HEADERS": "`name1=value1,name2=value2`, percent-encoded.",
  "OTEL_EXPORTER_OTLP_*TIMEOUT": "Milliseconds that one request may take. Default 10000.",
  "OTEL_EXPORTER_OTLP_*COMPRESSION": "`gzip` or `none` (default).",
  "OTEL_EXPORTER_OTLP_*CERTIFICATE": "File with the certificate authorities to trust, PEM.",
  "OTEL_EXPORTER_OTLP_*CLIENT_CERTIFICATE": "File with the client certificate chain, PEM.",
  "OTEL_EXPORTER_OTLP_*CLIENT_KEY": "File with the client certificate's private key, PEM.",
  "OTEL_EXPORTER_OTLP_*INSECURE": "`true`: no TLS for a gRPC endpoint that is `host:port` without a scheme.",
  OTEL_LOGS_EXPORTER: "`otlp` (default), or `none`: no log records are sent.",
  OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE:
    "`cumulative` (default), `delta` or `lowmemory`, which for what kvmeter measures is cumulative: all of it is read, " +
    "nothing is added up.",
  OTEL_METRIC_EXPORT_INTERVAL: "Milliseconds from one cycle to the next, where the file has no `interval`.",
  OTEL_RESOURCE_ATTRIBUTES: "`key1=value1,key2=value2`, percent-encoded, for every resource.",
  OTEL_SERVICE_NAME: "`service.name` of every resource. Default `kvmeter`.",
};

/** The one destination that the environment describes; with no variable set the local collector over HTTP. */
export function environmentDestination(variables: VariableReader): DestinationConfiguration {
  const { identity, maxAgeMs, order } = PRESETS.collector;
  const temporality = variables.word(
    ["OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"],
    ["cumulative", "lowmemory", "delta"],
  );
  const hasLogs = variables.word(["OTEL_LOGS_EXPORTER"], ["otlp", "none"]) !== "none";
  const queue = { maxBytes: QUEUE_DEFAULTS.maxBytes, maxAgeMs };
  return {
    name: "collector",
    preset: "collector",
    ...environmentExporter(variables, "metrics"),
    signals: hasLogs ? ["metrics", "logs"] : ["metrics"],
    ...(hasLogs && { logs: { ...environmentExporter(variables, "logs"), queue } }),
    identity,
    // "lowmemory" is cumulative for asynchronous instruments, and a reading is nothing else.
    temporality: temporality === "delta" ? "delta" : "cumulative",
    queue,
    order,
    replayRateBytesPerS: QUEUE_DEFAULTS.replayRateBytesPerS,
  };
}

/** OTEL_METRIC_EXPORT_INTERVAL. */
export function environmentIntervalMs(variables: VariableReader): number | undefined {
  return variables.milliseconds(["OTEL_METRIC_EXPORT_INTERVAL"], INTERVAL_LIMITS_MS);
}

/** OTEL_RESOURCE_ATTRIBUTES, with OTEL_SERVICE_NAME winning over a `service.name` in it. */
export function environmentAttributes(variables: VariableReader): Readonly<Record<string, string>> {
  const attributes = variables.pairs("OTEL_RESOURCE_ATTRIBUTES") ?? {};
  const serviceName = variables.text("OTEL_SERVICE_NAME");
  return serviceName === undefined ? attributes : { ...attributes, "service.name": serviceName.value };
}
