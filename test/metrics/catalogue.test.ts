import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { type CatalogueEntry, catalogue } from "../../src/metrics/catalogue.ts";
import { METRIC_ROWS } from "../../src/metrics/definitions.ts";
import type { DomainRow } from "../../src/metrics/rows.ts";

const KINDS = { C: "counter", U: "updowncounter", G: "gauge", H: "histogram" } as const;

const entries = new Map(catalogue().map((entry) => [entry.name, entry]));

/** The designed catalogue, one metric a line; `= a, b` is derived from these fields, `x but y` is x without names y. */
const designed = readFileSync(new URL("../golden/catalogue.tsv", import.meta.url), "utf8")
  .trimEnd()
  .split("\n")
  .slice(1)
  .map((line) => {
    const [name = "", kind = "", unit = "", attributes = "", source = "", on = ""] = line.split("\t");
    return { name, kind: KINDS[kind as keyof typeof KINDS], unit, attributes, source, on };
  });

function written({ attributes }: CatalogueEntry): string[] {
  return attributes
    .map(({ name, values }) => (values.length === 0 ? name : `${name}=${values.join("|")}`))
    .toSorted();
}

/** libvirt's field names in a text; what is in braces becomes a name of each kind. */
function fieldsIn(text: string): string[] {
  const names = text.match(/[a-z][\w.*{},-]*\.[\w.*{},-]*[\w*}]/g) ?? [];
  return names.flatMap((name) => {
    const braces = /^(.*)\{([^}]*)\}(.*)$/.exec(name);
    if (braces === null) return [name];
    const [, before = "", inside = "", after = ""] = braces;
    return inside.split(",").map((one) => `${before}${one}${after}`);
  });
}

function fits(pattern: string, field: string): boolean {
  const expression = pattern.replaceAll(".", String.raw`\.`).replaceAll("*", ".*");
  return pattern === field || new RegExp(`^${expression}$`).test(field);
}

test("the table holds the designed rows about domains and their host, in the designed order, and no others", () => {
  const about = METRIC_ROWS.filter((row) => row.from !== "agent").map((row) => row.name);
  assert.deepEqual(
    about,
    designed.map((row) => row.name),
  );
});

for (const row of designed) {
  test(`${row.name} is as designed`, () => {
    const entry = entries.get(row.name);
    assert.ok(entry);
    assert.equal(entry.kind, row.kind);
    assert.equal(entry.unit, row.unit);
    assert.equal(entry.on, row.on === "on");
    assert.deepEqual(written(entry), row.attributes.split(", ").filter(Boolean).toSorted());
    const [fields = "", except] = row.source.split(" but ");
    const [found = "", left] = entry.source.split(" (but not ");
    assert.equal(left, except === undefined ? undefined : `${except})`);
    for (const pattern of fieldsIn(fields)) {
      assert.ok(
        fieldsIn(found).some((field) => fits(pattern, field)),
        `${pattern} is not in ${entry.source}`,
      );
    }
    for (const field of fieldsIn(found)) {
      assert.ok(
        fieldsIn(fields).some((pattern) => fits(pattern, field)),
        `${field} is not in ${row.source}`,
      );
    }
  });
}

test("names are unique, descriptions are one sentence, units are UCUM", () => {
  const names = METRIC_ROWS.map((row) => row.name);
  assert.equal(new Set(names).size, names.length);
  for (const { name, description, unit } of METRIC_ROWS) {
    assert.match(name, /^[a-z]+(\.[a-z0-9_]+)+$/);
    assert.match(description, /^(v?[A-Z]|1 ).*[^.]\.$/, name);
    assert.match(unit, /^(1|s|By|By\/s|J|Hz|\{[a-z_]+\}(\/s)?)$/, name);
  }
});

test("the kinds follow the naming rules: seconds that add up end in time, ratios are gauges", () => {
  for (const { name, kind, unit } of METRIC_ROWS) {
    if (unit === "s" && kind === "counter") assert.match(name, /time$/);
    if (name.endsWith("utilization")) assert.deepEqual([kind, unit], ["gauge", "1"]);
    assert.doesNotMatch(name, /total/);
  }
});

test("a row that names a wrong field or unit does not compile", () => {
  const row = { name: "x", kind: "counter", description: "X.", on: true, from: "fields" } as const;
  const rows = [
    { ...row, unit: "s", scope: "vcpu", sources: [{ field: "timeNs" }] },
    // @ts-expect-error no such field
    { ...row, unit: "s", scope: "vcpu", sources: [{ field: "time" }] },
    // @ts-expect-error a field of another scope
    { ...row, unit: "By", scope: "vcpu", sources: [{ field: "rssKiB" }] },
    // @ts-expect-error nanoseconds are not bytes
    { ...row, unit: "By", scope: "vcpu", sources: [{ field: "timeNs" }] },
    // @ts-expect-error a count is not bytes: huge pages are not KiB
    { ...row, unit: "By", scope: "balloon", sources: [{ field: "hugetlbSuccesses" }] },
    // @ts-expect-error a state is not a number
    { ...row, unit: "1", scope: "state", sources: [{ field: "state" }] },
    // @ts-expect-error not UCUM
    { ...row, unit: "bytes", scope: "balloon", sources: [{ field: "rssKiB" }] },
  ] satisfies DomainRow[];
  assert.equal(rows.length, 7);
});
