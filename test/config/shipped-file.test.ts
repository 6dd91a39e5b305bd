import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { readDocument } from "../../src/config/document.ts";
import { configurationJsonSchema } from "../../src/config/json-schema.ts";
import { loadConfiguration } from "../../src/config/load.ts";
import { validateDocument } from "../../src/config/validate.ts";

const FILE = "config/kvmeter.yaml";
const read = (text: string) => readDocument(text, FILE, { env: {}, directory: "." });

/** The file with the lines of its export section taken out of their comments. */
function withExport(): string {
  const [before = "", section = "", after = ""] = readFileSync(FILE, "utf8").split(
    /^(#export:\n(?:#.*\n)+)/m,
  );
  assert.match(section, /^#export:/);
  return before + section.replaceAll(/^#/gm, "") + after;
}

test("the shipped file equals the defaults", () => {
  const shipped = loadConfiguration({ file: FILE, env: {} }).configuration;
  assert.deepEqual(shipped, loadConfiguration({ env: {} }).configuration);
});

test("its export section equals the defaults of the preset collector", () => {
  const { file, problems } = validateDocument(read(withExport()));
  assert.deepEqual(problems, []);
  const { file: short } = validateDocument(
    read(
      "export: [{ request_limit: 4080KiB, endpoint: 'http://localhost:4317', signals: [metrics, logs], protocol: grpc, identity: resource, temporality: cumulative, order: fresh-first, queue: { max_age: 2d } }]",
    ),
  );
  assert.deepEqual(file?.export, short?.export);
});

test("it has every option", () => {
  const document = read(withExport());
  const missing: string[] = [];
  const look = (schema: ReturnType<typeof configurationJsonSchema>, path: readonly (string | number)[]) => {
    for (const [name, option] of Object.entries(schema.properties ?? {})) {
      const inner = option as ReturnType<typeof configurationJsonSchema>;
      if (document.locate([...path, name]) === undefined) missing.push([...path, name].join("."));
      else if (inner.items !== undefined) look(inner.items as typeof inner, [...path, name, 0]);
      else if (name !== "tls" && name !== "intervals") look(inner, [...path, name]);
    }
  };
  look(configurationJsonSchema(), []);
  assert.deepEqual(missing, []);
});
