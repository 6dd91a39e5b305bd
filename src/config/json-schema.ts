import { toJsonSchema, type JsonSchema } from "@valibot/to-json-schema";

import { configurationSchema } from "./schema.ts";

/** Where a reference may stand, an editor must not complain: `protocol: ${env:PROTOCOL}`. */
const REFERENCE = { type: "string", pattern: "\\$\\{" } as const;

/** The configuration file's JSON Schema (draft 7), for editors and for docs/config.md. */
export function configurationJsonSchema(): JsonSchema {
  return toJsonSchema(configurationSchema, {
    typeMode: "input",
    ignoreActions: ["raw_check"],
    overrideSchema: ({ valibotSchema, jsonSchema }) =>
      valibotSchema.type === "picklist" ? withReference(jsonSchema) : undefined,
  });
}

function withReference({ enum: values, ...rest }: JsonSchema): JsonSchema {
  return values === undefined ? rest : { ...rest, anyOf: [{ enum: values }, REFERENCE] };
}
