import { type ErrorCode, KvmeterError, messageOf } from "../../errors.ts";
import { errnoOf } from "./socket.ts";
import type { TlsCredentials } from "./tls-credentials.ts";

/** What is known of one way in which a connection fails. */
interface Failure {
  /** Matched against the error's code and message. */
  readonly pattern: RegExp;
  readonly code: ErrorCode;
  /** What is wrong and how to mend it; `{ca}`, `{crl}` and `{client}` stand for files. */
  readonly words: string;
}

const ON_THE_FAR_SIDE = "servercert.pem on its host";

/** The first that matches counts. */
const FAILURES: readonly Failure[] = [
  {
    pattern: /ECONNREFUSED/,
    code: "LIBVIRT_CONNECT",
    words:
      "nobody listens there: check host and port, and start libvirtd-tls.socket or virtproxyd-tls.socket on it",
  },
  {
    pattern: /ENOTFOUND|EAI_AGAIN/,
    code: "LIBVIRT_CONNECT",
    words: "the host name cannot be resolved: check the URI and DNS",
  },
  {
    pattern: /EHOSTUNREACH|ENETUNREACH|ETIMEDOUT/,
    code: "LIBVIRT_CONNECT",
    words: "the host cannot be reached: check routes and firewalls",
  },
  {
    pattern: /wrong version number|WRONG_VERSION_NUMBER|packet length too long/i,
    code: "LIBVIRT_TLS",
    words: "it does not speak TLS on this port: libvirt's is 16514",
  },
  {
    pattern: /CERT_REVOKED/,
    code: "LIBVIRT_TLS",
    words: `its certificate was revoked, says {crl}: renew ${ON_THE_FAR_SIDE}`,
  },
  {
    pattern: /CRL/,
    code: "LIBVIRT_TLS",
    words: "the list of revoked certificates {crl} is of no use: renew it, or remove it",
  },
  {
    pattern: /CERT_HAS_EXPIRED|CERT_NOT_YET_VALID/,
    code: "LIBVIRT_TLS",
    words: `its certificate, or its authority's in {ca}, has expired or is not valid yet: renew ${ON_THE_FAR_SIDE}, or check this machine's clock`,
  },
  {
    pattern: /ALTNAME_INVALID/,
    code: "LIBVIRT_TLS",
    words: `its certificate bears another name: use that name in the URI, or give ${ON_THE_FAR_SIDE} this one`,
  },
  {
    pattern: /INVALID_PURPOSE|unsuitable certificate purpose/,
    code: "LIBVIRT_TLS",
    words: `its certificate is not for a server: renew ${ON_THE_FAR_SIDE} with the purpose "TLS server"`,
  },
  {
    pattern: /UNABLE_TO_|SELF_SIGNED|CERT_|INVALID_CA|certificate signature/,
    code: "LIBVIRT_TLS",
    words:
      "its certificate is not signed by the authority in {ca}: put the certificate of the one there that did",
  },
  {
    pattern: /alert|ALERT|HANDSHAKE_FAILURE/,
    code: "LIBVIRT_TLS",
    words: "it refused the handshake: check {client}",
  },
  {
    pattern: /ECONNRESET|EPIPE|before secure TLS connection/,
    code: "LIBVIRT_TLS",
    words:
      "it closed the connection during the TLS handshake: check that libvirt listens for TLS on this port",
  },
];

/** The error for a connection that failed, with what to do about it where that is known. */
export function tlsError(peer: string, cause: Error, credentials: TlsCredentials): KvmeterError {
  const { paths } = credentials;
  const text = `${errnoOf(cause) ?? ""} ${cause.message}`;
  const failure = FAILURES.find(({ pattern }) => pattern.test(text));
  const words = failure?.words
    .replace("{ca}", paths.ca)
    .replace("{crl}", paths.crl)
    .replace("{client}", paths.cert);
  return new KvmeterError(
    failure?.code ?? "LIBVIRT_CONNECT",
    `Cannot connect to ${peer}: ${words ?? messageOf(cause)}`,
    { cause },
  );
}

/** The error for a daemon that hung up after the handshake, which is how it refuses a client's certificate. */
export function clientRefused(peer: string, { client, paths }: TlsCredentials): KvmeterError {
  const words =
    client === undefined
      ? `it wants a client certificate and there is none: put one at ${paths.cert} and its key at ${paths.key}, or name their folder with ?pkipath=`
      : `it does not accept the client certificate ${paths.cert}: it must be signed by the daemon's own authority, be for a TLS client, and be in the daemon's tls_allowed_dn_list if there is one`;
  return new KvmeterError("LIBVIRT_TLS", `Cannot connect to ${peer}: ${words}`);
}
