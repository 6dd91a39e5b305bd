/**
 * What the changelog says of the version that a tag releases, on standard output. Fails when the tag is another version
 * than package.json's, or when the changelog does not have it.
 */
import { readFileSync } from "node:fs";

import { VERSION } from "../src/version.ts";
import { notesOf } from "./generate/changelog.ts";

const [tag = ""] = process.argv.slice(2);
if (tag !== `v${VERSION}`) {
  console.error(
    `Cannot release ${tag}: package.json says ${VERSION}; tag v${VERSION}, or change its version`,
  );
  process.exit(1);
}
const notes = notesOf(VERSION, readFileSync("CHANGELOG.md", "utf8"));
if (notes === undefined) {
  console.error(
    `Cannot release ${tag}: CHANGELOG.md has no "## ${VERSION} - DATE"; put it over what is released`,
  );
  process.exit(1);
}
process.stdout.write(notes);
