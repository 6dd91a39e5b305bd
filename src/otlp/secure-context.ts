import type { SecureContext } from "node:tls";

import type { TlsOptions } from "./options.ts";

/** Built once: reading and parsing some hundred certificates takes 40 ms and 4 MB. */
let trustingAll: SecureContext | undefined;

/**
 * What a TLS connection is made with. Without authorities of its own it trusts those that Node comes with, those of
 * NODE_EXTRA_CA_CERTS, and the system's: OpenSSL's store, where SSL_CERT_FILE and SSL_CERT_DIR can name another one.
 */
export function secureContextOf({ ca, cert, key }: TlsOptions): SecureContext {
  // Not imported: TLS is paid for by destinations that use it.
  const { createSecureContext } = process.getBuiltinModule("node:tls");
  if (ca === undefined && cert === undefined) {
    trustingAll ??= createSecureContext({ ca: trustedAuthorities() });
    return trustingAll;
  }
  const client = cert !== undefined && key !== undefined ? { cert, key } : {};
  return createSecureContext({ ca: ca ?? trustedAuthorities(), ...client });
}

function trustedAuthorities(): string[] {
  const { getCACertificates } = process.getBuiltinModule("node:tls");
  return [...new Set([...getCACertificates("default"), ...getCACertificates("system")])];
}
