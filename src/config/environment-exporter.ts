import { type Signal, SIGNALS } from "../otlp/destination.ts";
import { type DestinationOptions, OTLP_DEFAULTS, signalUrlOf, type TlsOptions } from "../otlp/options.ts";
import { checkTls, readPem } from "./pem.ts";
import { PRESETS, type Protocol } from "./presets.ts";
import { TIMEOUT_LIMITS_MS } from "./schema.ts";
import type { VariableReader } from "./variables.ts";

const PROTOCOLS = ["grpc", "http/protobuf"] as const satisfies readonly Protocol[];

/** How a signal travels by the OTEL_EXPORTER_OTLP_* variables; with none set to the local collector over HTTP. */
export function environmentExporter(variables: VariableReader, signal: Signal): DestinationOptions {
  const protocol = variables.word(namesOf(signal, "PROTOCOL"), PROTOCOLS) ?? "http/protobuf";
  const insecure = variables.word(namesOf(signal, "INSECURE"), ["true", "false"]) === "true";
  return {
    protocol,
    endpoint: protocol === "grpc" ? grpcEndpoint(variables, signal) : httpEndpoint(variables, signal),
    headers: headersOf(variables, signal),
    compression: variables.word(namesOf(signal, "COMPRESSION"), ["gzip", "none"]) ?? "none",
    timeoutMs:
      variables.milliseconds(namesOf(signal, "TIMEOUT"), TIMEOUT_LIMITS_MS) ?? OTLP_DEFAULTS.timeoutMs,
    requestLimitBytes: PRESETS.collector.protocols[protocol].requestLimitBytes,
    tls: tlsOf(variables, signal),
    ...(insecure && { insecure }),
  };
}

/** Every option can be set for all signals and for each alone, which wins. */
function namesOf(signal: Signal, option: string): readonly [own: string, general: string] {
  return [`OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_${option}`, `OTEL_EXPORTER_OTLP_${option}`];
}

function httpEndpoint(variables: VariableReader, signal: Signal): string {
  const [own, general] = namesOf(signal, "ENDPOINT");
  const variable = variables.text(own, general);
  if (variable === undefined) return signalUrlOf(OTLP_DEFAULTS.httpEndpoint, signal);
  const url = URL.parse(variable.value);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    variables.report(variable.name, "must be a URL that begins with http:// or https://");
    return "";
  }
  checkUser(variables, variable.name, url);
  return variable.name === general ? signalUrlOf(url.href, signal) : url.href;
}

/** gRPC takes a URL, of which scheme, host and port count, or `host:port`. */
function grpcEndpoint(variables: VariableReader, signal: Signal): string {
  const variable = variables.text(...namesOf(signal, "ENDPOINT"));
  if (variable === undefined) return OTLP_DEFAULTS.grpcEndpoint;
  if (/^[^\s/?#@]+:\d{1,5}$/.test(variable.value) && URL.canParse(`https://${variable.value}`)) {
    return variable.value;
  }
  const url = URL.parse(variable.value);
  if (url !== null && /^https?:$/.test(url.protocol)) {
    checkUser(variables, variable.name, url);
    return url.origin;
  }
  variables.report(variable.name, "must be http://host:port, https://host:port or host:port");
  return "";
}

function checkUser(variables: VariableReader, name: string, url: URL): void {
  if (url.username === "" && url.password === "") return;
  const instead = "put them into OTEL_EXPORTER_OTLP_HEADERS as authorization=Basic%20…";
  variables.report(name, `must not hold a user or password; ${instead}`);
}

function headersOf(variables: VariableReader, signal: Signal): Readonly<Record<string, string>> {
  const names = namesOf(signal, "HEADERS");
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

function tlsOf(variables: VariableReader, signal: Signal): TlsOptions {
  const ca = pem(variables, namesOf(signal, "CERTIFICATE"));
  const cert = pem(variables, namesOf(signal, "CLIENT_CERTIFICATE"));
  const key = pem(variables, namesOf(signal, "CLIENT_KEY"));
  const tls = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
  const variable = variables.text(...namesOf(signal, "CLIENT_CERTIFICATE"), ...namesOf(signal, "CLIENT_KEY"));
  const other = cert === undefined ? "CLIENT_CERTIFICATE" : "CLIENT_KEY";
  const halves = SIGNALS.flatMap((one) => namesOf(one, other));
  if (variable && (cert ?? key) && variables.text(...halves) === undefined) {
    variables.report(
      variable.name,
      `must be given together with ${namesOf(signal, other)[1]}; set that as well`,
    );
  }
  try {
    if (Object.keys(tls).length > 0) checkTls(tls);
  } catch (error) {
    variables.report(variable?.name ?? "OTEL_EXPORTER_OTLP_CERTIFICATE", (error as Error).message);
  }
  return tls;
}

function pem(variables: VariableReader, names: readonly string[]): Buffer | undefined {
  const variable = variables.text(...names);
  if (variable === undefined) return undefined;
  try {
    return readPem(variable.value);
  } catch (error) {
    variables.report(variable.name, (error as Error).message);
    return undefined;
  }
}
