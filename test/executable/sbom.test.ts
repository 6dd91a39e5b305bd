import assert from "node:assert/strict";
import { test } from "node:test";

import { packagesOf } from "../../scripts/executable/bundle.ts";
import { sbomText, type SbomSubject } from "../../scripts/executable/sbom.ts";

const SUBJECT: SbomSubject = {
  version: "1.2.3",
  commit: "c".repeat(40),
  sha256: "e".repeat(64),
  packages: ["node_modules/@scope/a", "node_modules/b", "node_modules/b/node_modules/c"],
  locked: {
    "": { version: "1.2.3", dependencies: { "@scope/a": "1.0.0", unused: "1.0.0" } },
    "node_modules/@scope/a": { version: "1.0.0", license: "MIT", dependencies: { b: "^2.0.0", c: "^1.0.0" } },
    "node_modules/b": {
      version: "2.0.1",
      integrity: `sha512-${Buffer.alloc(64, 0xab).toString("base64")}`,
      license: "(MIT OR Apache-2.0)",
      dependencies: { c: "^3.0.0" },
    },
    "node_modules/b/node_modules/c": { version: "3.0.0", license: "ISC", dependencies: { b: "2.x" } },
    "node_modules/c": { version: "1.0.0", license: "ISC" },
    "node_modules/unused": { version: "1.0.0", license: "ISC" },
  },
  runtime: { node: "24.0.0", v8: "13.6.233-node.1", openssl: "3.5.0", modules: "137", napi: "10" },
};

interface Component {
  readonly "bom-ref": string;
  readonly name: string;
  readonly licenses?: readonly unknown[];
  readonly hashes?: readonly unknown[];
  readonly components?: readonly Component[];
}

interface Sbom {
  readonly serialNumber: string;
  readonly metadata: { readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

const sbomOf = (subject: SbomSubject) => JSON.parse(sbomText(subject)) as Sbom;

test("what is in the executable is named, with Node and its libraries, and nothing else", () => {
  const { components, metadata } = sbomOf(SUBJECT);
  assert.deepEqual(
    components.map((component) => component["bom-ref"]),
    ["pkg:generic/node@24.0.0", "pkg:npm/%40scope/a@1.0.0", "pkg:npm/b@2.0.1", "pkg:npm/c@3.0.0"],
  );
  assert.deepEqual(
    components[0]?.components?.map(({ name }) => name),
    ["v8", "openssl"],
  );
  assert.deepEqual(components[2]?.hashes, [{ alg: "SHA-512", content: "ab".repeat(64) }]);
  assert.deepEqual(components[2]?.licenses, [{ expression: "(MIT OR Apache-2.0)" }]);
  assert.deepEqual(metadata.component.hashes, [{ alg: "SHA-256", content: "e".repeat(64) }]);
});

test("a dependency is the package that Node finds from there; every reference exists", () => {
  const { dependencies, components, metadata } = sbomOf(SUBJECT);
  const of = (ref: string) => dependencies.find((dependency) => dependency.ref === ref)?.dependsOn;
  assert.deepEqual(of("pkg:npm/kvmeter@1.2.3"), ["pkg:generic/node@24.0.0", "pkg:npm/%40scope/a@1.0.0"]);
  // Its c is 1.0.0, of which nothing is in the executable.
  assert.deepEqual(of("pkg:npm/%40scope/a@1.0.0"), ["pkg:npm/b@2.0.1"]);
  assert.deepEqual(of("pkg:npm/b@2.0.1"), ["pkg:npm/c@3.0.0"]);
  assert.deepEqual(of("pkg:npm/c@3.0.0"), ["pkg:npm/b@2.0.1"]);
  const known = new Set(
    [metadata.component, ...components, ...components.flatMap((one) => one.components ?? [])].map(
      (component) => component["bom-ref"],
    ),
  );
  for (const { ref, dependsOn } of dependencies) {
    for (const name of [ref, ...dependsOn]) assert.ok(known.has(name), name);
  }
});

test("equal subjects give equal text, others another serial number", () => {
  assert.equal(sbomText(SUBJECT), sbomText(SUBJECT));
  const { serialNumber } = sbomOf(SUBJECT);
  assert.match(serialNumber, /^urn:uuid:[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
  assert.notEqual(sbomOf({ ...SUBJECT, sha256: "f".repeat(64) }).serialNumber, serialNumber);
});

test("a package that the lockfile does not have is an error", () => {
  assert.throws(() => sbomText({ ...SUBJECT, packages: ["node_modules/d"] }), /node_modules\/d: .* not in/);
});

test("the packages of files are their folders, once each", () => {
  const files = [
    "src/main.ts",
    "node_modules/@grpc/grpc-js/build/src/index.js",
    "node_modules/@grpc/grpc-js/build/src/call.js",
    "node_modules/a/node_modules/b/index.js",
  ];
  assert.deepEqual(packagesOf(files), ["node_modules/@grpc/grpc-js", "node_modules/a/node_modules/b"]);
});
