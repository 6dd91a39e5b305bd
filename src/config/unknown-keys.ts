import type * as v from "valibot";

import { suggestion } from "./nearest.ts";
import type { Path } from "./path.ts";

type Schema = v.GenericSchema;

/** What the walk must know of a schema; a schema has some of these, by its type. */
interface SchemaParts {
  readonly entries?: Readonly<Record<string, Schema>>;
  readonly item?: Schema;
  readonly wrapped?: Schema;
  readonly key?: Schema;
}

/** An option that the schema does not have. */
export interface UnknownKey {
  readonly path: Path;
  readonly message: string;
}

/**
 * Takes out of `value` every option that the schema does not know, and says which: the schema by itself names only
 * the first of each mapping.
 */
export function removeUnknownKeys(
  value: unknown,
  schema: Schema,
  path: Path = [],
): { known: unknown; unknown: UnknownKey[] } {
  const { entries, item, wrapped, key: keySchema } = schema as SchemaParts;
  if (wrapped !== undefined) return removeUnknownKeys(value, wrapped, path);
  if (item !== undefined && Array.isArray(value)) {
    const items = value.map((element, index) => removeUnknownKeys(element, item, [...path, index]));
    return { known: items.map(({ known }) => known), unknown: items.flatMap(({ unknown }) => unknown) };
  }
  // To the schema a list is an object too, and an empty one a mapping without options.
  if ((entries ?? keySchema) !== undefined && Array.isArray(value)) return { known: null, unknown: [] };
  if (entries === undefined || typeof value !== "object" || value === null) {
    return { known: value, unknown: [] };
  }
  const known = new Map<string, unknown>();
  const unknown: UnknownKey[] = [];
  for (const [key, element] of Object.entries(value)) {
    const inner = Object.hasOwn(entries, key) ? entries[key] : undefined;
    if (inner === undefined) {
      unknown.push({ path: [...path, key], message: unknownMessage(key, Object.keys(entries)) });
    } else {
      const result = removeUnknownKeys(element, inner, [...path, key]);
      known.set(key, result.known);
      unknown.push(...result.unknown);
    }
  }
  return { known: Object.fromEntries(known), unknown };
}

function unknownMessage(key: string, options: readonly string[]): string {
  return `unknown option${suggestion(key, options) || `, known here are ${options.join(", ")}`}`;
}
