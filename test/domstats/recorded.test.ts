/** What kvmeter says equals what virsh printed, over recorded statistics; and the comparison notices what is wrong. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { DOMAIN_ROWS as ALL_ROWS } from "../../src/metrics/definitions.ts";
import { SCOPES } from "../../src/metrics/plan.ts";
import type { Attributes } from "../../src/metrics/points.ts";
import type { DomainRow } from "../../src/metrics/rows.ts";
import { type FieldUnit, STATISTICS_SCOPES } from "../../src/readings/statistics-fields.ts";
import { compare } from "./compare.ts";
import { everyField, metered, type RecordedDomain, recordedDomains } from "./recorded.ts";
import { expectedMapping, tableMapping } from "./table-mapping.ts";

/** What bulk statistics have; other calls and the kernel's files are not recorded here. */
const DOMAIN_ROWS = ALL_ROWS.filter(({ scope }) => scope in STATISTICS_SCOPES);

function differences(domain: RecordedDomain, rows: readonly DomainRow[]): string[] {
  return compare(metered(domain, rows), { before: domain, after: domain, rows: DOMAIN_ROWS });
}

test("the table takes every field to the metric that these tests expect, and nothing else", () => {
  assert.deepEqual(tableMapping(DOMAIN_ROWS), expectedMapping(DOMAIN_ROWS));
});

for (const domain of [...recordedDomains("9.0.0"), ...recordedDomains("12.8.0"), everyField()]) {
  test(`${domain.title}: kvmeter says what virsh printed`, () => {
    assert.deepEqual(differences(domain, DOMAIN_ROWS), []);
  });
}

const complete = everyField();

/** A row from fields, whatever its scope: the union of all scopes is too large for the compiler. */
interface FieldsRow {
  readonly name: string;
  readonly scope: DomainRow["scope"];
  readonly unit: DomainRow["unit"];
  readonly sources: readonly { readonly field: string; readonly attributes?: Attributes }[];
}

const fieldsRows = DOMAIN_ROWS.filter(({ from }) => from === "fields") as unknown as readonly FieldsRow[];

/** The table with one row of it changed. */
function withRow(row: object, change: object): DomainRow[] {
  const changed = { ...row, ...change } as unknown as DomainRow;
  return DOMAIN_ROWS.map((other) => ((other as object) === row ? changed : other));
}

function withSource(row: FieldsRow, index: number, change: object): DomainRow[] {
  const sources: readonly object[] = row.sources;
  return withRow(row, { sources: sources.with(index, { ...sources[index], ...change }) });
}

test("every source that is replaced by another field of its scope is noticed", () => {
  let tried = 0;
  for (const row of fieldsRows) {
    row.sources.forEach((source, index) => {
      const { fields } = SCOPES[row.scope];
      const others = Object.keys(fields).filter(
        (field) => field !== source.field && fields[field]?.unit === fields[source.field]?.unit,
      );
      for (const field of others) {
        const changed = withSource(row, index, { field });
        assert.notDeepEqual(differences(complete, changed), [], `${row.name} from ${field}`);
        assert.notDeepEqual(tableMapping(changed), expectedMapping(changed), `${row.name} from ${field}`);
        tried += 1;
      }
    });
  }
  assert.ok(tried > 150, `${tried} tried`);
});

test("every source that is left out is noticed, and every attribute of one that is wrong", () => {
  for (const row of fieldsRows) {
    row.sources.forEach((source, index) => {
      const without = withRow(row, { sources: row.sources.toSpliced(index, 1) });
      assert.notDeepEqual(differences(complete, without), [], `${row.name} without ${source.field}`);
      const changed = withSource(row, index, { attributes: { ...source.attributes, wrong: "value" } });
      assert.notDeepEqual(differences(complete, changed), [], `${row.name} from ${source.field}`);
    });
  }
});

test("every unit of a row and of a field that is wrong is noticed", () => {
  // A fraction in a whole number's unit is not a wrong point but an exception.
  const fractions: ReadonlySet<FieldUnit> = new Set(["J", "ratio", "flag"]);
  const numeric: FieldUnit[] = ["ns", "KiB", "MiB/s", "count"];
  for (const row of fieldsRows) {
    for (const unit of ["s", "By", "J", "{fly}"].filter((other) => other !== row.unit)) {
      assert.notDeepEqual(differences(complete, withRow(row, { unit })), [], `${row.name} in ${unit}`);
    }
    for (const { field } of row.sources.filter((source) => !("fieldUnit" in source))) {
      const fields: Record<string, { unit: FieldUnit }> = SCOPES[row.scope].fields;
      const entry = fields[field] ?? assert.fail(`no field ${field}`);
      const right = entry.unit;
      // The same number in bytes and as a count: there the row's unit tells what is right, see above.
      const same: FieldUnit[] = right === "By" ? ["count"] : [right];
      for (const wrong of fractions.has(right) ? [] : numeric.filter((unit) => !same.includes(unit))) {
        entry.unit = wrong;
        try {
          assert.notDeepEqual(differences(complete, DOMAIN_ROWS), [], `${row.name}: ${field} in ${wrong}`);
        } finally {
          entry.unit = right;
        }
      }
    }
  }
});

test("a field that is neither mapped nor known to be left out is noticed", () => {
  const fields = new Map([...complete.fields, ["balloon.newcomer", "1"]]);
  assert.match(differences({ ...complete, fields }, DOMAIN_ROWS).join("\n"), /balloon\.newcomer is neither/);
});
