import type { Signal } from "./destination.ts";

/** TLS material as PEM. Whoever reads the configuration loads the files. */
export interface TlsOptions {
  /** Certificate authorities to trust instead of those that Node comes with and the system's. */
  readonly ca?: Buffer;
  /** Client certificate chain, only together with `key`. */
  readonly cert?: Buffer;
  /** Private key of `cert`, not encrypted. */
  readonly key?: Buffer;
  /** The name that the server's certificate must bear, where it is not the endpoint's host. */
  readonly serverName?: string;
}

/**
 * How to reach one OTLP backend for one signal: plain data, complete, with every default already filled in by the
 * configuration ({@link OTLP_DEFAULTS}).
 */
export interface DestinationOptions {
  readonly protocol: "grpc" | "http/protobuf";
  /**
   * Where requests go. For HTTP the whole URL, path included: {@link signalUrlOf} makes it from a general
   * endpoint. For gRPC `http://host:port`, `https://host:port` or `host:port`; a path is not used.
   */
  readonly endpoint: string;
  /** HTTP headers or gRPC metadata sent with each request. Values are secrets: they appear in no message. */
  readonly headers: Readonly<Record<string, string>>;
  readonly compression: "gzip" | "none";
  /** Longest time that one request may take, connecting included. */
  readonly timeoutMs: number;
  /** Longest request body, before compression. */
  readonly requestLimitBytes: number;
  readonly tls: TlsOptions;
  /** For a gRPC endpoint without a scheme: plaintext instead of TLS. The scheme decides where there is one. */
  readonly insecure?: boolean;
}

/** What a destination gets where its configuration says nothing (OTLP exporter specification). */
export const OTLP_DEFAULTS = {
  grpcEndpoint: "http://localhost:4317",
  httpEndpoint: "http://localhost:4318",
  timeoutMs: 10_000,
  /** A gRPC server accepts 4 MiB; the slack is for what it counts besides the message. */
  requestLimitBytes: 4 * 1024 * 1024 - 16 * 1024,
} as const;

/** What a destination's queue keeps and how fast it is sent after an outage, where nothing else is said. */
export const QUEUE_DEFAULTS = {
  maxBytes: 256 * 1024 * 1024,
  maxAgeMs: 48 * 3_600_000,
  replayRateBytesPerS: 1024 * 1024,
} as const;

/** How kvmeter names itself to a backend. */
export const USER_AGENT = "kvmeter";

/** The endpoint as a URL: `https:` where nothing says otherwise. */
export function endpointUrlOf({
  endpoint,
  insecure,
}: Pick<DestinationOptions, "endpoint" | "insecure">): URL {
  if (/^https?:\/\//.test(endpoint)) return new URL(endpoint);
  return new URL(`${insecure === true ? "http" : "https"}://${endpoint}`);
}

/**
 * The URL for a signal of a general OTLP/HTTP endpoint: `v1/metrics` or `v1/logs` relative to it (OTLP exporter
 * specification, "Endpoint URLs for OTLP/HTTP"). An endpoint given for one signal alone is used as it is.
 */
export function signalUrlOf(generalEndpoint: string, signal: Signal): string {
  const url = new URL(generalEndpoint);
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/v1/${signal}`;
  return url.href;
}
