import { configurationJsonSchema } from "../../src/config/json-schema.ts";

/** config/kvmeter.schema.json: for editors that check YAML against a schema. */
export function renderSchema(): string {
  return `${JSON.stringify(configurationJsonSchema(), undefined, 2)}\n`;
}
