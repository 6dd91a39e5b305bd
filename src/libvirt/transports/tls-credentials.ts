/**
 * Where libvirt keeps a client's certificates: https://libvirt.org/kbase/tlscerts.html. A user who is not root may
 * have files of their own, and those that they lack are the system's; certificate and key are taken as a pair.
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { constants, open } from "node:fs/promises";

import { KvmeterError, messageOf } from "../../errors.ts";
import { errnoOf } from "./socket.ts";

/** Paths of the four files. */
export interface CredentialPaths {
  readonly ca: string;
  readonly crl: string;
  readonly cert: string;
  readonly key: string;
}

/** What was read, as PEM. */
export interface TlsCredentials {
  readonly paths: CredentialPaths;
  readonly ca: Buffer;
  /** Certificates that the authority took back; there need not be a list. */
  readonly crl: Buffer | undefined;
  /** There need not be one for a daemon with `tls_no_verify_certificate = 1`. */
  readonly client: { readonly cert: Buffer; readonly key: Buffer } | undefined;
}

const MAX_PEM_BYTES = 1024 * 1024;

const SYSTEM_PATHS: CredentialPaths = {
  ca: "/etc/pki/CA/cacert.pem",
  crl: "/etc/pki/CA/cacrl.pem",
  cert: "/etc/pki/libvirt/clientcert.pem",
  key: "/etc/pki/libvirt/private/clientkey.pem",
};

function pathsIn(directory: string): CredentialPaths {
  return {
    ca: `${directory}/cacert.pem`,
    crl: `${directory}/cacrl.pem`,
    cert: `${directory}/clientcert.pem`,
    key: `${directory}/clientkey.pem`,
  };
}

/**
 * Reads and checks the files: those of `pkipath`, of which all but the revocation list must be there; else of the
 * user's home; else the system's.
 * @throws KvmeterError LIBVIRT_TLS, naming the file and how to mend it
 */
export async function readCredentials(options: {
  readonly pkipath: string | undefined;
  readonly seeker: { readonly uid: number; readonly home: string };
  /** The default is libvirt's own. */
  readonly systemPaths?: CredentialPaths;
}): Promise<TlsCredentials> {
  const { pkipath, seeker, systemPaths = SYSTEM_PATHS } = options;
  if (pkipath !== undefined) return readFrom(pathsIn(pkipath), { clientIsOptional: false });
  if (seeker.uid === 0) return readFrom(systemPaths, { clientIsOptional: true });

  const own = pathsIn(`${seeker.home}/.pki/libvirt`);
  const [ca, crl, cert, key] = await Promise.all([own.ca, own.crl, own.cert, own.key].map(isThere));
  const paths = {
    ca: ca ? own.ca : systemPaths.ca,
    crl: crl ? own.crl : systemPaths.crl,
    ...(cert && key ? { cert: own.cert, key: own.key } : { cert: systemPaths.cert, key: systemPaths.key }),
  };
  return readFrom(paths, { clientIsOptional: true });
}

async function readFrom(
  paths: CredentialPaths,
  { clientIsOptional }: { clientIsOptional: boolean },
): Promise<TlsCredentials> {
  const ca = await readPem(paths.ca);
  if (ca === undefined) {
    throw problem(
      paths.ca,
      "no such file",
      "put the certificate of the authority there that signed the daemon's",
    );
  }
  parseCertificate(paths.ca, ca);
  const crl = await readPem(paths.crl);
  const [cert, key] = [await readPem(paths.cert), await readPem(paths.key)];
  if (cert === undefined && key === undefined && clientIsOptional)
    return { paths, ca, crl, client: undefined };
  if (cert === undefined) {
    throw problem(
      paths.cert,
      "no such file",
      "put the client certificate there, signed by the daemon's authority",
    );
  }
  if (key === undefined) {
    throw problem(paths.key, "no such file", `put the private key of ${paths.cert} there`);
  }
  checkPair(paths, cert, key);
  return { paths, ca, crl, client: { cert, key } };
}

function checkPair(paths: CredentialPaths, cert: Buffer, key: Buffer): void {
  const certificate = parseCertificate(paths.cert, cert);
  const { validFromDate, validToDate } = certificate;
  const now = new Date();
  if (now > validToDate) {
    throw problem(paths.cert, `it expired on ${validToDate.toISOString()}`, "renew it");
  }
  if (now < validFromDate) {
    const mend = "check this machine's clock, or renew it";
    throw problem(paths.cert, `it is not valid before ${validFromDate.toISOString()}`, mend);
  }
  let belongs: boolean;
  try {
    belongs = certificate.checkPrivateKey(createPrivateKey(key));
  } catch (cause) {
    throw problem(
      paths.key,
      `it is no private key in PEM without a passphrase (${messageOf(cause)})`,
      "replace it",
    );
  }
  if (!belongs) throw problem(paths.key, `it is not the key of ${paths.cert}`, "replace one of the two");
}

function parseCertificate(path: string, pem: Buffer): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw problem(path, `it is no certificate in PEM (${messageOf(cause)})`, "replace it");
  }
}

/** Undefined when there is no such file. */
async function readPem(path: string): Promise<Buffer | undefined> {
  try {
    // Not blocking: opening a pipe that nobody writes to would take for ever.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = await file.stat();
    if (!stat.isFile()) throw new Error("it is no regular file");
    if (stat.size > MAX_PEM_BYTES) throw new Error(`it has more than ${MAX_PEM_BYTES} bytes`);
    return await file.readFile();
  } catch (cause) {
    if (isAbsence(cause)) return undefined;
    const reason = errnoOf(cause) === "EACCES" ? "permission denied" : messageOf(cause);
    throw problem(path, reason, "let the user that kvmeter runs as read it");
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await using _ = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    return true;
  } catch (cause) {
    // One that is there and cannot be read is an error later, not a reason to take another.
    return !isAbsence(cause);
  }
}

function isAbsence(thrown: unknown): boolean {
  const code = errnoOf(thrown);
  return code === "ENOENT" || code === "ENOTDIR";
}

function problem(path: string, reason: string, mend: string): KvmeterError {
  return new KvmeterError("LIBVIRT_TLS", `Cannot use ${path}: ${reason}; ${mend}`);
}
