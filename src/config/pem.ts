import { messageOf } from "../errors.ts";
import type { TlsOptions } from "../otlp/options.ts";
import { readSmallFile, reasonOf } from "./small-file.ts";

/** A system's whole bundle of authorities is about 220 KiB. */
const MAX_PEM_BYTES = 1024 * 1024;

/** The PEM in a file. Throws an Error that says what is wrong with the file, without showing any of it. */
export function readPem(path: string): Buffer {
  let pem: Buffer;
  try {
    pem = readSmallFile(path, MAX_PEM_BYTES);
  } catch (error) {
    throw new Error(`cannot be read: ${path}: ${reasonOf(error)}; create it or correct the path`, {
      cause: error,
    });
  }
  if (!pem.includes("-----BEGIN ")) throw new Error(`cannot be used: there is no PEM in ${path}`);
  return pem;
}

/** Throws an Error when the parts do not fit together: a key that is not the certificate's, or damaged PEM. */
export function checkTls(tls: TlsOptions): void {
  // Not imported: with it come 6 MB that a configuration without certificates need not pay.
  const { createSecureContext } = process.getBuiltinModule("node:tls");
  try {
    createSecureContext({
      ...(tls.ca && { ca: tls.ca }),
      ...(tls.cert && { cert: tls.cert }),
      ...(tls.key && { key: tls.key }),
    });
  } catch (error) {
    const reason = messageOf(error).replace(/^error:[0-9A-F]+:[^:]*:[^:]*:/, "");
    throw new Error(`certificates and keys do not fit together: ${reason}`, { cause: error });
  }
}
