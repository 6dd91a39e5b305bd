import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";

/**
 * Compares lines with a file of test/golden/top/. With UPDATE_GOLDEN=1 the file is written instead, to be looked at
 * before it is committed.
 */
export function assertGolden(name: string, lines: readonly string[]): void {
  const url = new URL(`../golden/top/${name}.txt`, import.meta.url);
  const text = `${lines.map((line) => line.trimEnd()).join("\n")}\n`;
  if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(url, text);
  assert.equal(text, readFileSync(url, "utf8"));
}
