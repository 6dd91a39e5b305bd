import assert from "node:assert/strict";
import { test } from "node:test";

import { readDocument } from "../../src/config/document.ts";

const read = (text: string) => readDocument(text, "k.yaml", { env: {}, directory: "." });
const lines = (text: string) => read(text).problems.map(({ line }) => line);

test("an empty file, one of comments and keys without value are an empty configuration", () => {
  for (const text of ["", "# nothing\n", "export:\n", "---\n...\n"]) {
    assert.deepEqual(read(text).value, {}, text);
    assert.deepEqual(lines(text), []);
  }
});

test("a problem says file, line and column of the key or the value", () => {
  const document = read("export:\n  - endpoint:   here\n");
  const path = ["export", 0, "endpoint"];
  assert.equal(document.problemAt(path, "value", "wrong").line, "k.yaml:2:17 export[0].endpoint: wrong");
  assert.equal(document.problemAt(path, "key", "wrong").line, "k.yaml:2:5 export[0].endpoint: wrong");
  const absent = ["export", 0, "tls", "ca_file"];
  assert.equal(
    document.problemAt(absent, "value", "missing").line,
    "k.yaml:2:5 export[0].tls.ca_file: missing",
  );
  assert.equal(read("").problemAt(["a b"], "value", "x").line, 'k.yaml:1:1 ["a b"]: x');
});

test("a secret that needs quotes and has none is not shown", () => {
  for (const first of ["!", "|", ">", "*", "@", "%", "}", "]", "{", '"x" ', "[x] ", "`", '"\\'])
    assert.doesNotMatch(lines(`export:\n - headers:\n    a: ${first}hunter2`).join("\n"), /hunter2/, first);
});

test("one line for broken YAML", () => {
  assert.match(lines("a: [1,\nb: 2").join("\n"), /^k\.yaml:\d+:\d+ [^\n]+$/);
  assert.match(lines("\tinterval: 5s").join("\n"), /^k\.yaml:1:1 .*[Tt]ab/);
  assert.match(
    lines("a: !mine x").join("\n"),
    /^k\.yaml:1:4 unknown tag; put text that begins with ! in quotes$/,
  );
  assert.match(
    lines("a: 1\n---\nb: 2").join("\n"),
    /^k\.yaml:2:1 a second document begins here; keep one of the two$/,
  );
  assert.deepEqual(lines("log: {}\ninterval: 1s\nlog: {}"), [
    "k.yaml:3:1 log: is given twice; keep one of the two",
  ]);
  assert.match(lines("a: *missing").join("\n"), /^k\.yaml:1:4 /);
});

test("anchors and aliases are values like any other", () => {
  const document = read("a: &x { k: v }\nb: *x\n");
  assert.deepEqual(document.value, { a: { k: "v" }, b: { k: "v" } });
  assert.deepEqual(document.problems, []);
});

test("aliases that multiply, aliases of themselves and endless nesting are refused quickly", () => {
  const levels = Array.from(
    { length: 12 },
    (_, index) => `a${index + 1}: &a${index + 1} [${`*a${index},`.repeat(10)}]`,
  );
  assert.match(lines(`a0: &a0 x\n${levels.join("\n")}`).join("\n"), /too large to be a configuration/);
  assert.match(lines("a: &a [*a]").join("\n"), /^k\.yaml:1:\d+ /);
  assert.match(lines("[".repeat(100_000)).join("\n"), /^k\.yaml:1:\d+ nested too deeply$/);
  assert.match(lines(`a: ${"{b: ".repeat(30)}1${"}".repeat(30)}`).join("\n"), /more than 20 levels/);
});

test("a key named __proto__ is a key like any other", () => {
  const { value } = read("__proto__: { polluted: yes }\n");
  assert.deepEqual(Object.keys(value as object), ["__proto__"]);
  assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
});
