import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { hideLiterals, resolveReferences } from "../../src/config/references.ts";

const directory = mkdtempSync(join(tmpdir(), "kvmeter-references-"));
after(() => rmSync(directory, { recursive: true }));
const resolve = (text: string) =>
  resolveReferences(text, { env: { NAME: "value", EMPTY: "", NESTED: "${env:NAME}" }, directory });

const problemOf = (text: string) => resolve(text).problems.join("|");

test("environment variables, with and without a default", () => {
  assert.equal(resolve("a ${env:NAME} b").text, "a value b");
  assert.equal(resolve("${env:NAME}${env:NAME}").text, "valuevalue");
  assert.equal(resolve("${env:MISSING:-default}").text, "default");
  assert.equal(resolve("${env:MISSING:-}").text, "");
  assert.equal(resolve("${env:EMPTY:-default}").text, "default");
  assert.equal(resolve("${env:EMPTY}").text, "");
  assert.equal(resolve("${env:NAME:-default}").text, "value");
});

test("a value is not looked into again", () => {
  assert.equal(resolve("${env:NESTED}").text, "${env:NAME}");
});

test("$${ is a literal ${", () => {
  const { text, hasReference, problems } = resolve("$${env:NAME} costs $5");
  assert.deepEqual(
    { text, hasReference, problems },
    { text: "${env:NAME} costs $5", hasReference: false, problems: [] },
  );
});

test("a file without its last newline, relative to the configuration", () => {
  writeFileSync(join(directory, "token"), "secret\n\n");
  const { text, fileValues } = resolve("Bearer ${file:token}");
  assert.equal(text, "Bearer secret\n");
  assert.deepEqual(fileValues, ["secret\n"]);
  writeFileSync(join(directory, "dos"), "secret\r\n");
  assert.equal(resolve(`\${file:${join(directory, "dos")}}`).text, "secret");
});

test("what cannot be resolved says what to do", () => {
  assert.match(problemOf("${env:MISSING}"), /MISSING is not set; set it or give a default/);
  assert.match(problemOf("${NAME}"), /\$\{NAME\} is no reference; write \$\{env:NAME\}/);
  assert.match(problemOf("${env:}"), /is no reference; write/);
  assert.match(problemOf("${vault:x}"), /is no reference; write/);
  assert.match(problemOf("${env:NAME"), /no closing brace/);
  assert.match(problemOf("${file:}"), /names no file/);
  assert.match(
    problemOf("${file:missing}"),
    /cannot read .*missing: no such file; create it or correct the path$/,
  );
  assert.match(problemOf("${file:.}"), /not a regular file/);
});

test("files are bounded, must be text, and a pipe is not waited for", () => {
  writeFileSync(join(directory, "large"), "x".repeat(64 * 1024 + 1));
  assert.match(resolve("${file:large}").problems.join(), /larger than 65536 bytes/);
  writeFileSync(join(directory, "binary"), Buffer.from([0xff, 0xfe, 0x00]));
  assert.match(resolve("${file:binary}").problems.join(), /cannot read .*binary: not text in UTF-8/);
  execFileSync("mkfifo", [join(directory, "pipe")]);
  assert.match(resolve("${file:pipe}").problems.join(), /not a regular file/);
});

test("what is shown of a secret is its references and its scheme", () => {
  assert.equal(hideLiterals("Bearer ${file:token}"), "Bearer ${file:token}");
  assert.equal(hideLiterals("abc${env:REST}"), "***${env:REST}");
  assert.equal(hideLiterals("${env:A}:${env:B}"), "${env:A}***${env:B}");
  assert.equal(hideLiterals("${env:A:-fallback}"), "${env:A:-***}");
  assert.equal(hideLiterals("plain"), "***");
});
