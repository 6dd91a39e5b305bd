import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { notesOf } from "../../scripts/generate/changelog.ts";

const CHANGELOG = `# Changelog

## Unreleased

### Added

- What comes.

## [1.1.0] - 2026-02-03

### Fixed

- A mistake.

## 1.0.0 - 2026-01-01

- The beginning.

## 0.9.0 - 2025-12-01
`;

test("the notes of a release are its section of the changelog", () => {
  assert.equal(notesOf("1.1.0", CHANGELOG), "### Fixed\n\n- A mistake.\n");
  assert.equal(notesOf("1.0.0", CHANGELOG), "- The beginning.\n");
});

test("what is not dated, not there or empty is no release", () => {
  for (const version of ["Unreleased", "1.1", "2.0.0", "0.9.0"]) {
    assert.equal(notesOf(version, CHANGELOG), undefined);
  }
});

test("our own changelog has a section for what comes", () => {
  assert.match(readFileSync("CHANGELOG.md", "utf8"), /^## \[?Unreleased\]?$/m);
});
