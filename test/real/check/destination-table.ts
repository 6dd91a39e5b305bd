type Destination = Readonly<Record<string, unknown>>;

/** One of them. */
export interface Fault {
  readonly planted: Destination;
  /** What differs once the mend is followed. */
  readonly mended: Destination;
  readonly id: string;
  /** In what is said and in the mend. */
  readonly names: RegExp;
}

/** Where backends listen, and the authority of those with TLS. */
export interface Backends {
  readonly grpc: string;
  readonly http: string;
  readonly tls: string;
  readonly renewed: string;
  readonly ending: string;
  readonly small: string;
  readonly prometheus: string;
  readonly guarded: string;
  readonly silent: string;
  readonly early: string;
  readonly ca: string;
}

const WRONG = "Basic d3Jvbmc6cGFzc3dvcmQ=";
/** What the guarded backend wants. */
export const RIGHT = `Basic ${Buffer.from("kvmeter:hunter22").toString("base64")}`;

const http = (endpoint: string, more: Destination = {}): Destination => ({
  preset: "collector",
  protocol: "http/protobuf",
  endpoint,
  signals: ["metrics"],
  timeout: "2s",
  ...more,
});

/** Faults of destinations, by name. */
export function faultsOf(backends: Backends): Readonly<Record<string, Fault>> {
  const { ca } = backends;
  const secure = { tls: { ca_file: ca } };
  const good = `http://${backends.http}`;
  return {
    "gRPC on the HTTP port": {
      planted: http(good, { protocol: "grpc" }),
      mended: { protocol: "http/protobuf" },
      id: "destination",
      names: /use the gRPC port or http\/protobuf/,
    },
    "HTTP on the gRPC port": {
      planted: http(`http://${backends.grpc}`),
      mended: { protocol: "grpc" },
      id: "destination",
      names: /gRPC port .*protocol grpc/,
    },
    "plain HTTP on a TLS port": {
      planted: http(`http://${backends.tls}`),
      mended: { endpoint: `https://${backends.tls}`, ...secure },
      id: "destination",
      names: /speaks TLS on this port: use https/,
    },
    "TLS on a plain port": {
      planted: http(`https://${backends.http}`),
      mended: { endpoint: good },
      id: "destination",
      names: /use http:\/\/ instead of https:\/\//,
    },
    "an expired certificate": {
      planted: http(`https://${backends.renewed}`, secure),
      // The certificate is renewed where it is.
      mended: {},
      id: "destination",
      names: /has expired .*renew it/,
    },
    "a certificate that will soon expire": {
      planted: http(`https://${backends.ending}`, secure),
      mended: {},
      id: "destination-certificate",
      names: /valid until .* 1 more days.*renew it/,
    },
    "an authority that is not trusted": {
      planted: http(`https://${backends.tls}`),
      mended: secure,
      id: "destination",
      names: /set tls\.ca_file/,
    },
    "a wrong path": {
      planted: http(`${good}/otlp`),
      mended: { endpoint: good },
      id: "destination",
      names: /HTTP 404 .*check the endpoint's path/,
    },
    "a wrong token": {
      planted: http(`${backends.guarded}/opentelemetry/v1/metrics`, {
        headers: { authorization: WRONG },
        request_limit: "32KiB",
      }),
      mended: { headers: { authorization: RIGHT } },
      id: "destination",
      names: /HTTP 401 .*check the destination's headers/,
    },
    "deltas that are refused": {
      planted: http(`${backends.prometheus}/api/v1/otlp/v1/metrics`, { temporality: "delta" }),
      mended: { temporality: "cumulative" },
      id: "destination-temporality",
      names: /temporality: cumulative/,
    },
    "a limit on bodies": {
      planted: http(`http://${backends.small}`, { request_limit: "64KiB" }),
      mended: { request_limit: "32KiB" },
      id: "destination-limit",
      names: /request_limit: 32KiB/,
    },
    "a limit on bodies, of VictoriaMetrics": {
      planted: http(`${backends.guarded}/opentelemetry/v1/metrics`, {
        headers: { authorization: RIGHT },
        request_limit: "64KiB",
      }),
      mended: { request_limit: "32KiB" },
      id: "destination-limit",
      names: /request_limit: 32KiB/,
    },
    "a black hole": {
      planted: http(`http://${backends.silent}`, { timeout: "500ms" }),
      mended: { endpoint: good, timeout: "5s" },
      id: "destination",
      names: /no answer within 500 ms.*nc -vz 127\.0\.0\.1 \d+/,
    },
    "an unknown host name": {
      planted: http("http://kvmeter.invalid:4318"),
      mended: { endpoint: good },
      id: "destination",
      names: /cannot be resolved.*getent hosts kvmeter\.invalid/,
    },
    "a port where nobody listens": {
      planted: http("http://127.0.0.1:1"),
      mended: { endpoint: good },
      id: "destination",
      names: /connection was refused.*nc -vz 127\.0\.0\.1 1/,
    },
    "credentials without encryption": {
      planted: http("http://kvmeter.invalid:4318", { headers: { authorization: RIGHT } }),
      mended: { endpoint: `https://${backends.tls}`, ...secure },
      id: "destination-plaintext",
      names: /endpoint: https:\/\/kvmeter\.invalid:4318/,
    },
    "log records to who takes none": {
      planted: http(`${backends.guarded}/opentelemetry/v1/metrics`, {
        headers: { authorization: RIGHT },
        request_limit: "32KiB",
        signals: ["metrics", "logs"],
        logs_endpoint: `${backends.guarded}/opentelemetry/v1/logs`,
      }),
      mended: { signals: ["metrics"], logs_endpoint: undefined },
      id: "destination-logs",
      names: /set signals: \[metrics\]/,
    },
    "a clock that is off": {
      planted: http(`http://${backends.early}`),
      // The other machine's clock is set.
      mended: {},
      id: "clock-wrong",
      names: /this clock is 1h\S* behind that of .*timedatectl set-ntp true/,
    },
  };
}
