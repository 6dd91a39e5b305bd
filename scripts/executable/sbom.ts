import { createHash } from "node:crypto";

/** A package of package-lock.json, as far as it matters here. */
export interface LockedPackage {
  readonly version: string;
  readonly integrity?: string;
  readonly license?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

export interface SbomSubject {
  readonly version: string;
  readonly commit: string | undefined;
  /** SHA-256 of the executable, in hexadecimal. */
  readonly sha256: string;
  /** `packages` of package-lock.json. */
  readonly locked: Readonly<Record<string, LockedPackage>>;
  /** The packages that are in the executable, by their folder as the lockfile has it. */
  readonly packages: readonly string[];
  /** Node's version and those of the libraries inside, as `process.versions` has them. */
  readonly runtime: Readonly<Record<string, string | undefined>>;
}

/** Numbers of interfaces, not of programs; and Node itself, which is named apart. */
const NO_LIBRARIES = new Set(["modules", "napi", "node"]);

/**
 * What is in the executable, as CycloneDX 1.6. Equal subjects give equal text: no time, and the serial number is
 * derived.
 * @throws Error when a package is not in the lockfile
 * @see https://cyclonedx.org/docs/1.6/json/
 */
export function sbomText(subject: SbomSubject): string {
  const { version, commit, sha256, locked, packages, runtime } = subject;
  const reference = `pkg:npm/kvmeter@${version}`;
  const node = nodeComponent(runtime);
  const content = {
    version: 1,
    metadata: {
      component: {
        type: "application",
        "bom-ref": reference,
        name: "kvmeter",
        version,
        purl: reference,
        licenses: licensesOf("Apache-2.0"),
        hashes: [{ alg: "SHA-256", content: sha256 }],
        ...(commit !== undefined && { properties: [{ name: "kvmeter:commit", value: commit }] }),
      },
    },
    components: [node, ...packages.map((folder) => packageComponent(folder, locked))],
    dependencies: [
      { ref: reference, dependsOn: [node["bom-ref"], ...dependenciesOf("", locked, packages)] },
      { ref: node["bom-ref"], dependsOn: node.components.map((component) => component["bom-ref"]) },
      ...packages.map((folder) => ({
        ref: referenceOf(folder, locked),
        dependsOn: dependenciesOf(folder, locked, packages),
      })),
    ],
  };
  const serialNumber = `urn:uuid:${uuidOf(JSON.stringify(content))}`;
  const head = { bomFormat: "CycloneDX", specVersion: "1.6", serialNumber };
  return `${JSON.stringify({ ...head, ...content }, undefined, 2)}\n`;
}

function nodeComponent(runtime: SbomSubject["runtime"]) {
  const { node = "" } = runtime;
  const reference = `pkg:generic/node@${node}`;
  const libraries = Object.entries(runtime).filter(([name]) => !NO_LIBRARIES.has(name));
  return {
    type: "platform",
    "bom-ref": reference,
    name: "node",
    version: node,
    purl: reference,
    cpe: `cpe:2.3:a:nodejs:node.js:${node}:*:*:*:lts:*:*:*`,
    licenses: licensesOf("MIT"),
    components: libraries.map(([name, version = ""]) => ({
      type: "library",
      "bom-ref": `${reference}#${name}`,
      name,
      version,
      purl: `pkg:generic/${name}@${encodeURIComponent(version)}`,
    })),
  };
}

function packageComponent(folder: string, locked: SbomSubject["locked"]) {
  const { version, license, integrity } = lockedPackage(folder, locked);
  const reference = referenceOf(folder, locked);
  const sha512 = integrity?.startsWith("sha512-") === true ? integrity.slice("sha512-".length) : undefined;
  return {
    type: "library",
    "bom-ref": reference,
    name: nameOf(folder),
    version,
    purl: reference,
    ...(license !== undefined && { licenses: licensesOf(license) }),
    ...(sha512 !== undefined && {
      hashes: [{ alg: "SHA-512", content: Buffer.from(sha512, "base64").toString("hex") }],
    }),
  };
}

/** Of a package, those of its dependencies that are in the executable, where Node would have found them. */
function dependenciesOf(
  folder: string,
  locked: SbomSubject["locked"],
  packages: readonly string[],
): string[] {
  return Object.keys(lockedPackage(folder, locked).dependencies ?? {}).flatMap((name) => {
    let from = folder;
    for (;;) {
      const found = from === "" ? `node_modules/${name}` : `${from}/node_modules/${name}`;
      if (locked[found] !== undefined) return packages.includes(found) ? [referenceOf(found, locked)] : [];
      if (from === "") return [];
      from = from.slice(0, Math.max(0, from.lastIndexOf("/node_modules/")));
    }
  });
}

function lockedPackage(folder: string, locked: SbomSubject["locked"]): LockedPackage {
  const found = locked[folder];
  if (found === undefined) throw new Error(`Cannot describe ${folder}: it is not in package-lock.json`);
  return found;
}

/** An SPDX identifier, or an expression of several. */
function licensesOf(license: string) {
  return /^[\w.+-]+$/.test(license) ? [{ license: { id: license } }] : [{ expression: license }];
}

/** @see https://github.com/package-url/purl-spec: the @ of a scope is escaped */
function referenceOf(folder: string, locked: SbomSubject["locked"]): string {
  return `pkg:npm/${nameOf(folder).replace("@", "%40")}@${lockedPackage(folder, locked).version}`;
}

function nameOf(folder: string): string {
  return folder.slice(folder.lastIndexOf("node_modules/") + "node_modules/".length);
}

/** A version 8 UUID: whatever its maker wants, here a hash. */
function uuidOf(text: string): string {
  const hash = createHash("sha256").update(text).digest();
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x80;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  return hash.toString("hex", 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
