import type { DomainRow } from "../../src/metrics/rows.ts";
import { READING_SCOPES } from "../../src/readings/statistics-fields.ts";
import { type Attributes, EXPECTATIONS } from "./expectations.ts";
import { LIBVIRT_UNITS } from "./libvirt-units.ts";

interface Fields {
  readonly [field: string]: { readonly pattern: string } | undefined;
}

/** Which field goes into which metric, one sentence each, as the product's table has it. */
export function tableMapping(rows: readonly DomainRow[]): string[] {
  return rows
    .flatMap((row) => {
      if (row.from !== "fields") return [];
      const fields: Fields = READING_SCOPES[row.scope].fields;
      return row.sources.flatMap(({ field, names, attributes = {} }) => {
        // Names in braces are a choice that does not matter here.
        const pattern = (fields[field]?.pattern ?? "").replaceAll(/\{[^}]*\}/g, "*");
        const patterns = names?.only?.map((name) => pattern.replace("*", name)) ?? [pattern];
        return patterns.map((name) => sentence(name, row, attributes));
      });
    })
    .toSorted();
}

/** The same as these tests expect it. */
export function expectedMapping(rows: readonly DomainRow[]): string[] {
  const byName = new Map(rows.map((row) => [row.name, row]));
  return EXPECTATIONS.map(({ field, unit, metric, constants }) => {
    const row = byName.get(metric);
    if (row === undefined) return `${field}: ${metric} is not in the table`;
    const right = LIBVIRT_UNITS[unit].ucum.test(row.unit);
    return sentence(field, { name: metric, unit: right ? row.unit : `anything but ${row.unit}` }, constants);
  }).toSorted();
}

function sentence(field: string, row: { name: string; unit: string }, constants: Attributes): string {
  return `${field} in ${row.name} (${row.unit}) with ${JSON.stringify(constants)}`;
}
