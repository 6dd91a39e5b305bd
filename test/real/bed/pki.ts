import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { run } from "./processes.ts";

/** What a certificate is for. */
export interface Request {
  readonly purpose: "serverAuth" | "clientAuth";
  /** As "IP:127.0.0.1". */
  readonly names: string;
  /** Default: it is valid today. */
  readonly expired?: boolean;
  /** For how long from now on; two unless given. */
  readonly days?: number;
}

/** A certificate and its key, as paths. */
export interface Issued {
  readonly cert: string;
  readonly key: string;
}

/** A certificate authority. */
export interface Authority {
  readonly cert: string;
  /** Issues a certificate; the file names begin with `name`. */
  issue(name: string, request: Request): Promise<Issued>;
  /** Takes certificates back; gives the path of the list of all that were. */
  revoke(...certificates: readonly Issued[]): Promise<string>;
}

const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

const openssl = (...args: readonly string[]) => run("/usr/bin/openssl", args);

/** Makes an authority in a new folder, with openssl. */
export async function makeAuthority(folder: string, subject: string): Promise<Authority> {
  await mkdir(folder, { recursive: true });
  const at = (name: string) => join(folder, name);
  const [cert, key, config] = [at("ca.pem"), at("ca-key.pem"), at("ca.conf")];
  const usage = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"];
  const files = ["-keyout", key, "-out", cert];
  await openssl("req", "-x509", ...KEY, ...files, "-days", "2", "-subj", `/CN=${subject}`, ...usage);
  await writeFile(at("index.txt"), "");
  await writeFile(at("index.txt.attr"), "unique_subject = no\n");
  await writeFile(
    config,
    `[ca]
default_ca = this
[this]
database = ${at("index.txt")}
new_certs_dir = ${folder}
certificate = ${cert}
private_key = ${key}
rand_serial = yes
default_md = sha256
default_days = 2
default_crl_days = 2
policy = any
[any]
commonName = supplied
`,
  );
  const ca = (...args: readonly string[]) => openssl("ca", "-config", config, "-batch", "-notext", ...args);
  return {
    cert,
    async issue(name, { purpose, names, expired, days = 2 }) {
      const issued = { cert: at(`${name}.pem`), key: at(`${name}-key.pem`) };
      await openssl(
        "req",
        "-new",
        ...KEY,
        "-keyout",
        issued.key,
        "-out",
        at("csr.pem"),
        "-subj",
        `/CN=${name}`,
      );
      const usage = "keyUsage=digitalSignature,keyEncipherment";
      const lines = [
        "basicConstraints=CA:false",
        usage,
        `extendedKeyUsage=${purpose}`,
        `subjectAltName=${names}`,
      ];
      await writeFile(at("extensions"), lines.join("\n"));
      const validity = expired
        ? ["-startdate", "20200101000000Z", "-enddate", "20200201000000Z"]
        : ["-days", String(days)];
      await ca("-in", at("csr.pem"), "-out", issued.cert, "-extfile", at("extensions"), ...validity);
      return issued;
    },
    async revoke(...certificates) {
      for (const revoked of certificates) await ca("-revoke", revoked.cert);
      await ca("-gencrl", "-out", at("crl.pem"));
      return at("crl.pem");
    },
  };
}

/** Files for one ?pkipath=. */
export interface PkiFiles {
  readonly ca: string;
  readonly client?: Issued;
  readonly crl?: string;
}

/** Lays files out as libvirt's clients look for them. */
export async function layOut(folder: string, { ca, client, crl }: PkiFiles): Promise<string> {
  await mkdir(folder, { recursive: true });
  await copyFile(ca, join(folder, "cacert.pem"));
  if (crl !== undefined) await copyFile(crl, join(folder, "cacrl.pem"));
  if (client !== undefined) {
    await copyFile(client.cert, join(folder, "clientcert.pem"));
    await copyFile(client.key, join(folder, "clientkey.pem"));
  }
  return folder;
}
