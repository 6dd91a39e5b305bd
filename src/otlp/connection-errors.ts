import { type ErrorCode, KvmeterError } from "../errors.ts";

/** What is known of one way in which a connection fails. */
interface Failure {
  /** Matched against the error's code and message: gRPC passes on the message only. */
  readonly pattern: RegExp;
  /** Where the words fit one scheme of endpoint only. */
  readonly scheme?: "http:" | "https:";
  readonly code: ErrorCode;
  /** What is wrong and how to mend it. */
  readonly words: string;
}

/** The first that matches counts. */
const FAILURES: readonly Failure[] = [
  {
    pattern: /ERR_PROXY_INVALID_CONFIG|URI malformed/,
    code: "OTLP_CONNECT",
    words:
      "the proxy's address is none: write http://user:password@host:port, with %25 for each % of user and password",
  },
  {
    pattern: /ERR_PROXY_TUNNEL/,
    code: "OTLP_CONNECT",
    words:
      "the proxy makes no connection to it: check its address, user and password there, what it allows, and no_proxy",
  },
  {
    pattern: /ECONNREFUSED/,
    code: "OTLP_CONNECT",
    words: "the connection was refused: check the endpoint and that the backend listens there",
  },
  {
    pattern: /ENOTFOUND|EAI_AGAIN|Name resolution failed/,
    code: "OTLP_CONNECT",
    words: "the host name cannot be resolved: check the endpoint and DNS",
  },
  {
    pattern: /EHOSTUNREACH|ENETUNREACH|ETIMEDOUT/,
    code: "OTLP_CONNECT",
    words: "the host cannot be reached: check the endpoint, routes and firewalls",
  },
  {
    pattern: /wrong version number|WRONG_VERSION_NUMBER|packet length too long/i,
    code: "OTLP_TLS",
    words: "it does not speak TLS on this port: use http:// instead of https://, or the TLS port",
  },
  {
    pattern: /certificate required|CERTIFICATE_REQUIRED|handshake failure|HANDSHAKE_FAILURE/,
    code: "OTLP_TLS",
    words: "it asks for a client certificate: set tls.cert_file and tls.key_file",
  },
  {
    pattern:
      /alert (unknown ca|bad certificate|certificate unknown|certificate expired)|SSL_.*ALERT_.*(UNKNOWN_CA|CERTIFICATE)/i,
    code: "OTLP_TLS",
    words: "it does not accept the client certificate: check tls.cert_file and tls.key_file",
  },
  {
    pattern: /CERT_HAS_EXPIRED|CERT_NOT_YET_VALID|certificate has expired|certificate is not yet valid/,
    code: "OTLP_TLS",
    words: "its certificate has expired or is not valid yet: renew it, or check this machine's clock",
  },
  {
    pattern: /ALTNAME_INVALID|does not match certificate/,
    code: "OTLP_TLS",
    words: "its certificate bears another name: use that name in the endpoint, or set tls.server_name",
  },
  {
    pattern:
      /UNABLE_TO_|SELF_SIGNED|CERT_|unable to (verify|get)|self.signed|invalid CA|certificate (chain|signature)/i,
    code: "OTLP_TLS",
    words:
      "its certificate is not trusted: set tls.ca_file to the certificate of the authority that signed it",
  },
  {
    pattern: /before secure TLS connection/,
    code: "OTLP_TLS",
    words: "it closed the connection during the TLS handshake: if it does not speak TLS, use http://",
  },
  {
    pattern: /HPE_|Parse Error/,
    code: "OTLP_CONNECT",
    words:
      "the answer is not HTTP/1: if this is a gRPC port (usually 4317), use its HTTP port or protocol grpc",
  },
  {
    pattern: /Protocol error/,
    code: "OTLP_CONNECT",
    words:
      "the answer is not HTTP/2: if this is an HTTP port (usually 4318), use the gRPC port or http/protobuf",
  },
  {
    pattern: /ECONNRESET|EPIPE|socket hang up|Failed to connect|Connection dropped|aborted/,
    scheme: "http:",
    code: "OTLP_CONNECT",
    words: "it closed the connection without an answer: if it speaks TLS on this port, use https://",
  },
  {
    pattern: /ECONNRESET|EPIPE|socket hang up|Failed to connect|Connection dropped|aborted/,
    scheme: "https:",
    code: "OTLP_TLS",
    words:
      "it closed the connection without an answer: it may want another client certificate (tls.cert_file)",
  },
];

/**
 * The error for a connection that failed, with what to do about it where that is known. `proxyVariable` is the one that
 * may have led it to a proxy.
 */
export function connectionError(endpointName: string, cause: Error, proxyVariable?: string): KvmeterError {
  const code = "code" in cause ? String(cause.code) : "";
  const failure = FAILURES.find(
    ({ pattern, scheme = "" }) => endpointName.startsWith(scheme) && pattern.test(`${code} ${cause.message}`),
  );
  const words = failure?.words ?? (cause.message.split("\n", 1)[0] || code);
  const proxy = proxyVariable === undefined ? "" : ` (${proxyVariable} names a proxy)`;
  return new KvmeterError(
    failure?.code ?? "OTLP_CONNECT",
    `Cannot export to ${endpointName}: ${words}${proxy}`,
    {
      cause,
    },
  );
}

/** The error for a backend that did not answer in time. */
export function deadlineError(endpointName: string, timeoutMs: number): KvmeterError {
  return new KvmeterError(
    "OTLP_DEADLINE",
    `Cannot export to ${endpointName}: no answer within ${timeoutMs} ms: check the backend's load, or raise the timeout`,
  );
}
