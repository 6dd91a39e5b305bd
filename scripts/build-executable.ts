/**
 * Builds kvmeter as one file that needs no Node and no file beside it; its bill of materials, the licences of
 * what is in it, and checksums.
 * The same sources give the same bytes.
 *
 *     npm run build:executable                      for this machine's architecture
 *     npm run build:executable -- --arch arm64      x64 or arm64
 *     npm run build:executable -- --out DIR         elsewhere than in build/
 */
import { createHash } from "node:crypto";
import { closeSync, globSync, mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { bundleMain } from "./executable/bundle.ts";
import { builtCommit } from "./executable/commit.ts";
import { licensesText } from "./executable/licenses.ts";
import { type Architecture, ARCHITECTURES, nodeBinary } from "./executable/node-binary.ts";
import { root } from "./executable/root.ts";
import { type LockedPackage, sbomText } from "./executable/sbom.ts";
import { singleExecutable } from "./executable/sea.ts";

interface Manifest {
  readonly version: string;
  readonly devDependencies: { readonly node: string };
}

interface Lockfile {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

const CHUNK_BYTES = 64 * 1024;

const { values } = parseArgs({
  options: {
    arch: { type: "string", default: process.arch },
    out: { type: "string", default: join(root, "build") },
  },
});
const architecture = ARCHITECTURES.find((name) => name === values.arch);
if (architecture === undefined) {
  console.error(`--arch must be one of ${ARCHITECTURES.join(", ")}: current value is "${values.arch}"`);
  process.exit(2);
}
await buildExecutable(architecture, values.out);

async function buildExecutable(architecture: Architecture, out: string): Promise<void> {
  const manifest = readJson("package.json") as Manifest;
  const { packages: locked } = readJson("package-lock.json") as Lockfile;
  const { node: nodeVersion } = manifest.devDependencies;
  if (process.versions.node !== nodeVersion) {
    throw new Error(
      `Cannot build with Node ${process.versions.node}: it must be the ${nodeVersion} of npm ci`,
    );
  }
  const { script, packages } = await bundleMain();
  const commit = builtCommit();
  const executable = singleExecutable(nodeBinary(architecture, nodeVersion), {
    script,
    assets: { ...ownFiles(), commit: commit ?? "" },
    codeCache: architecture === process.arch,
  });
  const name = `kvmeter-linux-${architecture}`;
  const sha256 = sha256Of(executable);
  const sbom = sbomText({
    version: manifest.version,
    commit,
    sha256,
    locked,
    packages,
    runtime: process.versions,
  });
  const beside = {
    [`${name}.cdx.json`]: sbom,
    [`${name}.licenses.txt`]: licensesText({ packages, locked, nodeVersion }),
  };
  mkdirSync(out, { recursive: true });
  writeInPieces(join(out, name), executable);
  const checksums = [`${sha256}  ${name}\n`];
  for (const [file, text] of Object.entries(beside)) {
    writeFileSync(join(out, file), text);
    checksums.push(`${sha256Of(text)}  ${file}\n`);
  }
  writeFileSync(join(out, `${name}.sha256`), checksums.join(""));
  console.log(
    `${join(out, name)}: ${(executable.length / 1e6).toFixed(1)} MB, commit ${commit ?? "unknown"}`,
  );
}

/** What `readOwnFile` reads. */
function ownFiles(): Record<string, string> {
  const names = ["package.json", ...globSync("proto/**/*.proto", { cwd: root }).toSorted()];
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(root, name), "utf8")]));
}

/**
 * A file that is written in one piece lies in the page cache in pieces of 2 MiB, and Linux maps a program by such
 * pieces: until the cache is dropped, everybody who runs it would seem to have 30 MB more.
 */
function writeInPieces(path: string, content: Buffer): void {
  const file = openSync(path, "w", 0o755);
  for (let at = 0; at < content.length; at += CHUNK_BYTES) {
    writeSync(file, content, at, Math.min(CHUNK_BYTES, content.length - at));
  }
  closeSync(file);
}

function readJson(name: string): unknown {
  return JSON.parse(readFileSync(join(root, name), "utf8"));
}

function sha256Of(content: string | Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}
