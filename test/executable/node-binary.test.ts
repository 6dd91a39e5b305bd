import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { ARCHITECTURES, nodeBinary } from "../../scripts/executable/node-binary.ts";

const manifest = JSON.parse(readFileSync(join(import.meta.dirname, "../../package.json"), "utf8")) as {
  readonly devDependencies: { readonly node: string };
};

// Another version of the package needs other checksums, of all architectures.
test("the Node that npm has brought is the one that executables are made of", (t) => {
  const architecture = ARCHITECTURES.find((name) => name === process.arch);
  if (architecture === undefined) return t.skip(`there is no executable for ${process.arch}`);
  assert.ok(nodeBinary(architecture, manifest.devDependencies.node).length > 50e6);
});
