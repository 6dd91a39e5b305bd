/** Who produced the points: the instrumentation scope of every request. */
export interface Scope {
  readonly name: string;
  readonly version: string;
  /** Which version of the semantic conventions the names follow. */
  readonly schemaUrl: string;
}

/**
 * The schema of the pinned `@opentelemetry/semantic-conventions`, whose version is that of the conventions.
 * The package has no constant for it; a test compares the two.
 */
export const SCHEMA_URL = "https://opentelemetry.io/schemas/1.45.0";

/** kvmeter's own scope; `version` is the agent's. */
export function kvmeterScope(version: string): Scope {
  return { name: "kvmeter", version, schemaUrl: SCHEMA_URL };
}
