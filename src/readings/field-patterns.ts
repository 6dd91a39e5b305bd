import {
  type FieldUnit,
  type ScopeRow,
  STATISTICS_SCOPES,
  type StatisticsGroup,
} from "./statistics-fields.ts";
import type { StatisticsScope } from "./statistics.ts";

/** What the name of a field says: which field it is, and of which vCPU, disk or monitor. */
export interface FieldMatch {
  readonly scope: StatisticsScope;
  /** The field's key in its scope: `timeNs` of `vcpu.3.time`. */
  readonly field: string;
  readonly unit: FieldUnit;
  readonly group: StatisticsGroup;
  /** The numbers and names in the field's name, in their order. */
  readonly path: readonly (number | string)[];
}

interface FieldPattern {
  readonly regExp: RegExp;
  /** Which parts of the path are numbers. */
  readonly numbers: readonly boolean[];
  readonly meaning: Omit<FieldMatch, "path">;
}

/** VIR_TYPED_PARAM_FIELD_LENGTH, its closing zero not counted: libvirt itself sends no longer name. */
export const FIELD_NAME_LIMIT = 79;

// Canonical decimal digits only, so that two different names never mean one number; ten hold a u32.
const NUMBER = String.raw`(0|[1-9]\d{0,9})`;
// A hypervisor's own name may hold dots of its own; the pattern's ends keep it apart from the rest.
const ANY_NAME = String.raw`([\w.-]+)`;

const PATTERNS_BY_PREFIX = compileTable(STATISTICS_SCOPES);

/** Finds the field that a name stands for; undefined when no row of the table knows it. */
export function matchField(name: string): FieldMatch | undefined {
  if (name.length > FIELD_NAME_LIMIT) return undefined;
  for (const { regExp, numbers, meaning } of PATTERNS_BY_PREFIX.get(prefixOf(name)) ?? []) {
    const parts = regExp.exec(name)?.slice(1);
    if (parts !== undefined) {
      return {
        ...meaning,
        path: parts.map((part, index) => (numbers[index] === true ? Number(part) : part)),
      };
    }
  }
  return undefined;
}

function compileTable(
  scopes: Readonly<Record<keyof typeof STATISTICS_SCOPES, ScopeRow>>,
): Map<string, FieldPattern[]> {
  const patterns = Object.entries(scopes).flatMap(([scope, row]) =>
    Object.entries(row.fields).map(([field, { pattern, unit }]) => ({
      pattern,
      meaning: {
        scope: scope as StatisticsScope,
        field,
        unit,
        group: row.regrouped?.[field] ?? row.group,
      },
    })),
  );
  const byPrefix = new Map<string, FieldPattern[]>();
  for (const { pattern, meaning } of patterns) {
    const compiled = { ...compilePattern(pattern), meaning };
    const siblings = byPrefix.get(prefixOf(pattern));
    if (siblings === undefined) byPrefix.set(prefixOf(pattern), [compiled]);
    else siblings.push(compiled);
  }
  return byPrefix;
}

function compilePattern(pattern: string): Omit<FieldPattern, "meaning"> {
  const numbers: boolean[] = [];
  const source = pattern.replaceAll(/\.|#|\*|\{([^}]*)\}/g, (token, names: string | undefined) => {
    if (token === ".") return String.raw`\.`;
    numbers.push(token === "#");
    if (token === "#") return NUMBER;
    return names === undefined ? ANY_NAME : `(${names.replaceAll(",", "|")})`;
  });
  return { regExp: new RegExp(`^${source}$`), numbers };
}

function prefixOf(name: string): string {
  return name.slice(0, name.indexOf("."));
}
