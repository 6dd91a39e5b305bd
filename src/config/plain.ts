import { isAlias, isMap, isScalar, isSeq, type Document, type Node, type Pair, type Scalar } from "yaml";

import type { Path } from "./path.ts";
import type { Problem } from "./problems.ts";
import { resolveReferences, type ReferenceScope } from "./references.ts";

/** A configuration needs some hundred values and a depth of five; aliases must not blow it up beyond reason. */
const MAX_VALUES = 10_000;
const MAX_DEPTH = 20;

/** Where a value stands in the file, and what is written there. */
export interface Location {
  readonly keyOffset: number | undefined;
  readonly valueOffset: number;
  /** A scalar as it is written, references and all. */
  readonly source: string | undefined;
  /** What its references made of it; undefined without a reference. Shown nowhere. */
  readonly resolved: string | undefined;
}

/** Something wrong at a place in the file. */
export interface Finding {
  readonly code: Problem["code"];
  readonly path: Path;
  readonly offset: number;
  readonly message: string;
}

/** A YAML document as plain data. */
export interface PlainDocument {
  readonly value: unknown;
  /** By JSON.stringify(path). */
  readonly locations: ReadonlyMap<string, Location>;
  /** What came out of `${file:…}`. */
  readonly fileValues: readonly string[];
  readonly findings: readonly Finding[];
}

/**
 * Turns a parsed document into plain data with its references resolved. A key without a value counts as left out.
 * Throws a RangeError for a document that is larger or deeper than any configuration.
 */
export function toPlain(yaml: Document, scope: ReferenceScope): PlainDocument {
  const walk = new Walk(yaml, scope);
  const value = walk.visit(yaml.contents, { path: [], keyOffset: undefined }) ?? {};
  return { value, locations: walk.locations, fileValues: walk.fileValues, findings: walk.findings };
}

interface Place {
  readonly path: Path;
  readonly keyOffset: number | undefined;
}

class Walk {
  readonly locations = new Map<string, Location>();
  readonly fileValues: string[] = [];
  readonly findings: Finding[] = [];
  readonly #yaml: Document;
  readonly #scope: ReferenceScope;
  #values = 0;

  constructor(yaml: Document, scope: ReferenceScope) {
    this.#yaml = yaml;
    this.#scope = scope;
  }

  visit(node: unknown, place: Place): unknown {
    const { path, keyOffset } = place;
    this.#values += 1;
    if (this.#values > MAX_VALUES) throw new RangeError(`more than ${MAX_VALUES} values, aliases included`);
    if (path.length > MAX_DEPTH) throw new RangeError(`more than ${MAX_DEPTH} levels deep`);
    const valueOffset = (node as Node | null)?.range?.[0] ?? keyOffset ?? 0;
    const target = isAlias(node) ? node.resolve(this.#yaml) : node;
    if (target === undefined) {
      const message = "this alias has no anchor before it";
      this.findings.push({ code: "CONFIG_SYNTAX", path, offset: valueOffset, message });
      return undefined;
    }
    const source = isScalar(target) ? (target.source ?? String(target.value)) : undefined;
    const location = { keyOffset, valueOffset, source, resolved: undefined };
    this.locations.set(JSON.stringify(path), location);
    if (isMap(target)) return this.#map(target.items, path);
    if (isSeq(target)) {
      return target.items.map((item, index) =>
        this.visit(item, { path: [...path, index], keyOffset: undefined }),
      );
    }
    return isScalar(target) ? this.#scalar(target.value, { path, location }) : undefined;
  }

  #map(items: readonly Pair[], path: Path): Record<string, unknown> {
    const plain = new Map<string, unknown>();
    for (const pair of items) {
      // The parser was asked for keys that are text.
      const { value: key, range } = pair.key as Scalar<string>;
      const keyOffset = range?.[0];
      const keyPath = [...path, key];
      if (this.locations.has(JSON.stringify(keyPath))) {
        const message = "is given twice; keep one of the two";
        this.findings.push({ code: "CONFIG_SYNTAX", path: keyPath, offset: keyOffset ?? 0, message });
        continue;
      }
      const value = this.visit(pair.value, { path: keyPath, keyOffset });
      if (value !== undefined && value !== null) plain.set(key, value);
    }
    // fromEntries defines own properties, so that a key named __proto__ is a key like any other.
    return Object.fromEntries(plain);
  }

  #scalar(value: unknown, { path, location }: { path: Path; location: Location }): unknown {
    if (typeof value !== "string" || !value.includes("${")) return value;
    const resolved = resolveReferences(value, this.#scope);
    this.fileValues.push(...resolved.fileValues);
    for (const message of resolved.problems) {
      this.findings.push({ code: "CONFIG_REFERENCE", path, offset: location.valueOffset, message });
    }
    this.locations.set(JSON.stringify(path), {
      ...location,
      source: value,
      resolved: resolved.hasReference ? resolved.text : undefined,
    });
    return resolved.text;
  }
}
