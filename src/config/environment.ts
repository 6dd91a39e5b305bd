import { metricsUrlOf, OTLP_DEFAULTS, QUEUE_DEFAULTS, type TlsOptions } from "../otlp/options.ts";
import type { DestinationConfiguration } from "./configuration.ts";
import { checkTls, readPem } from "./pem.ts";
import { PRESETS, type Protocol } from "./presets.ts";
import { INTERVAL_LIMITS_MS, TIMEOUT_LIMITS_MS } from "./schema.ts";
import type { VariableReader } from "./variables.ts";

/*
 * The OTEL_* variables of the OpenTelemetry specification ("Environment Variable Specification" and "OpenTelemetry
 * Protocol Exporter"). What the specification lets an SDK ignore with a warning ends kvmeter at start: an agent that
 * sends elsewhere than its operator wrote is worse than one that does not start.
 */

const PROTOCOLS = ["grpc", "http/protobuf"] as const satisfies readonly Protocol[];

/** Every exporter option can be set for all signals and for metrics alone, which wins. */
const exporter = (option: string) => [`OTEL_EXPORTER_OTLP_METRICS_${option}`, `OTEL_EXPORTER_OTLP_${option}`];

/** Every variable that is looked at, for docs/config.md. `*` stands for nothing or for `METRICS_`, which wins. */
export const ENVIRONMENT_VARIABLES: Readonly<Record<string, string>> = {
  "OTEL_EXPORTER_OTLP_*ENDPOINT":
    "Where metrics go. Over HTTP `/v1/metrics` is added to the general one and the one for metrics is used as it is. " +
    "Default `http://localhost:4318`, for gRPC `http://localhost:4317`.",
  "OTEL_EXPORTER_OTLP_*PROTOCOL": "`http/protobuf` (default, as the specification recommends) or `grpc`.",
  "OTEL_EXPORTER_OTLP_*HEADERS": "`name1=value1,name2=value2`, percent-encoded.",
  "OTEL_EXPORTER_OTLP_*TIMEOUT": "Milliseconds that one request may take. Default 10000.",
  "OTEL_EXPORTER_OTLP_*COMPRESSION": "`gzip` or `none` (default).",
  "OTEL_EXPORTER_OTLP_*CERTIFICATE": "File with the certificate authorities to trust, PEM.",
  "OTEL_EXPORTER_OTLP_*CLIENT_CERTIFICATE": "File with the client certificate chain, PEM.",
  "OTEL_EXPORTER_OTLP_*CLIENT_KEY": "File with the client certificate's private key, PEM.",
  "OTEL_EXPORTER_OTLP_*INSECURE": "`true`: no TLS for a gRPC endpoint that is `host:port` without a scheme.",
  OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE:
    "`cumulative` (default), `delta` or `lowmemory`, which for what kvmeter measures is cumulative: all of it is read, " +
    "nothing is added up.",
  OTEL_METRIC_EXPORT_INTERVAL: "Milliseconds from one cycle to the next, where the file has no `interval`.",
  OTEL_RESOURCE_ATTRIBUTES: "`key1=value1,key2=value2`, percent-encoded, for every resource.",
  OTEL_SERVICE_NAME: "`service.name` of every resource. Default `kvmeter`.",
};

/** The one destination that the environment describes; with no variable set the local collector over HTTP. */
export function environmentDestination(variables: VariableReader): DestinationConfiguration {
  const protocol = variables.word(exporter("PROTOCOL"), PROTOCOLS) ?? "http/protobuf";
  const temporality = variables.word(
    ["OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"],
    ["cumulative", "lowmemory", "delta"],
  );
  const insecure = variables.word(exporter("INSECURE"), ["true", "false"]) === "true";
  return {
    name: "collector",
    preset: "collector",
    protocol,
    ...environmentEndpoint(variables, protocol),
    headers: environmentHeaders(variables),
    compression: variables.word(exporter("COMPRESSION"), ["gzip", "none"]) ?? "none",
    timeoutMs: variables.milliseconds(exporter("TIMEOUT"), TIMEOUT_LIMITS_MS) ?? OTLP_DEFAULTS.timeoutMs,
    requestLimitBytes: PRESETS.collector.protocols[protocol].requestLimitBytes,
    tls: environmentTls(variables),
    identity: PRESETS.collector.identity,
    // "lowmemory" is cumulative for asynchronous instruments, and a reading is nothing else.
    temporality: temporality === "delta" ? "delta" : "cumulative",
    queue: { maxBytes: QUEUE_DEFAULTS.maxBytes, maxAgeMs: PRESETS.collector.maxAgeMs },
    order: PRESETS.collector.order,
    replayRateBytesPerS: QUEUE_DEFAULTS.replayRateBytesPerS,
    ...(insecure && { insecure }),
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

function environmentEndpoint(variables: VariableReader, protocol: Protocol): { endpoint: string } {
  const [forMetrics, general] = exporter("ENDPOINT") as [string, string];
  const variable = variables.text(forMetrics, general);
  if (protocol === "grpc") return { endpoint: grpcEndpoint(variables, variable) };
  if (variable === undefined) return { endpoint: metricsUrlOf(OTLP_DEFAULTS.httpEndpoint) };
  const url = URL.parse(variable.value);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    variables.report(variable.name, "must be a URL that begins with http:// or https://");
    return { endpoint: "" };
  }
  if (url.username !== "" || url.password !== "") {
    const instead = "put them into OTEL_EXPORTER_OTLP_HEADERS as authorization=Basic%20…";
    variables.report(variable.name, `must not hold a user or password; ${instead}`);
    return { endpoint: "" };
  }
  return { endpoint: variable.name === general ? metricsUrlOf(url.href) : url.href };
}

/** gRPC takes a URL, of which scheme, host and port count, or `host:port`. */
function grpcEndpoint(
  variables: VariableReader,
  variable: { readonly name: string; readonly value: string } | undefined,
): string {
  if (variable === undefined) return OTLP_DEFAULTS.grpcEndpoint;
  if (/^[^\s/?#@]+:\d{1,5}$/.test(variable.value)) return variable.value;
  const url = URL.parse(variable.value);
  if (url !== null && /^https?:$/.test(url.protocol)) return url.origin;
  variables.report(variable.name, "must be http://host:port, https://host:port or host:port");
  return "";
}

function environmentHeaders(variables: VariableReader): Readonly<Record<string, string>> {
  const names = exporter("HEADERS");
  const headers = variables.pairs(...names) ?? {};
  for (const [index, [name, value]] of Object.entries(headers).entries()) {
    if (/^[\w!#$%&'*+.^`|~-]+$/.test(name) && /^[\t\u0020-\u007e\u0080-\u00ff]*$/.test(value)) continue;
    const variable = variables.text(...names);
    variables.report(
      variable?.name ?? "",
      `entry ${index + 1} must be an HTTP header's name and one line of text`,
    );
  }
  return headers;
}

function environmentTls(variables: VariableReader): TlsOptions {
  const ca = pem(variables, "CERTIFICATE");
  const cert = pem(variables, "CLIENT_CERTIFICATE");
  const key = pem(variables, "CLIENT_KEY");
  const tls = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
  const variable = variables.text(...exporter("CLIENT_CERTIFICATE"), ...exporter("CLIENT_KEY"));
  try {
    if (Object.keys(tls).length > 0) checkTls(tls);
  } catch (error) {
    variables.report(variable?.name ?? "OTEL_EXPORTER_OTLP_CERTIFICATE", (error as Error).message);
  }
  return tls;
}

function pem(variables: VariableReader, option: string): Buffer | undefined {
  const variable = variables.text(...exporter(option));
  if (variable === undefined) return undefined;
  try {
    return readPem(variable.value);
  } catch (error) {
    variables.report(variable.name, (error as Error).message);
    return undefined;
  }
}
