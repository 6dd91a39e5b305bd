import type { Signal } from "../otlp/destination.ts";
import { presetOf, type PresetName, type Protocol } from "./presets.ts";

/** What an endpoint is completed for. */
export interface EndpointUse {
  readonly preset: PresetName;
  readonly protocol: Protocol;
  readonly signal: Signal;
}

/**
 * The complete endpoint of a destination in the file. For HTTP the preset's path is added where the URL has none or
 * only its beginning, so that a base URL as vendors print it works too; any other path stays as it is. Throws an
 * Error that says what is wrong, without the URL.
 */
export function completeEndpoint(endpoint: string, use: EndpointUse): string {
  const url = URL.parse(endpoint);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new Error("must be a URL such as http://localhost:4317 or https://otlp.example.com");
  }
  if (url.username !== "" || url.password !== "") {
    throw new Error("must not hold a user or password; put them into headers.authorization");
  }
  if (url.hash !== "") throw new Error("must not have a fragment; take away the # and what follows");
  if (use.protocol === "grpc") {
    if (url.pathname !== "/" || url.search !== "") {
      throw new Error(
        "must have no path, because gRPC uses none; take it away or set protocol: http/protobuf",
      );
    }
    return url.origin;
  }
  const path = pathOf(use) ?? "/";
  const given = url.pathname.replace(/\/+$/, "");
  if (`${path}/`.startsWith(`${given}/`)) url.pathname = path;
  return url.href;
}

/**
 * Where log records go beside metrics: to the same gRPC service's host and port, over HTTP to the preset's path for
 * logs in place of that for metrics. Undefined where metrics go to a path of the operator's own.
 */
export function logsEndpointBeside(
  metricsEndpoint: string,
  use: Omit<EndpointUse, "signal">,
): string | undefined {
  if (use.protocol === "grpc") return metricsEndpoint;
  const [metricsPath, logsPath] = [pathOf({ ...use, signal: "metrics" }), pathOf({ ...use, signal: "logs" })];
  const url = URL.parse(metricsEndpoint);
  if (url === null || metricsPath === undefined || logsPath === undefined) return undefined;
  if (!url.pathname.endsWith(metricsPath)) return undefined;
  url.pathname = url.pathname.slice(0, -metricsPath.length) + logsPath;
  return url.href;
}

function pathOf({ preset, protocol, signal }: EndpointUse): string | undefined {
  const { path, logsPath } = presetOf(preset).protocols[protocol] ?? {};
  return signal === "logs" ? logsPath : path;
}
