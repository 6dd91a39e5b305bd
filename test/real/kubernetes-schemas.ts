import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { parse } from "yaml";

import { paths } from "./bed/parts.ts";

type Schema = { [key: string]: Schema | readonly Schema[] | string | boolean } & {
  readonly properties?: Record<string, Schema>;
};

interface Definition extends Schema {
  readonly "x-kubernetes-group-version-kind"?: never;
}

interface Kind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** What is a string in Kubernetes' description and either in its API. */
const INT_OR_STRING = "io.k8s.apimachinery.pkg.util.intstr.IntOrString";

/**
 * Writes a JSON Schema for kubeconform for every kind that Kubernetes describes, and for PodMonitor: a field that is not
 * described is refused.
 */
export async function writeKubernetesSchemas(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const swagger = JSON.parse(await readFile(join(paths.kubernetesSchemas, "swagger.json"), "utf8")) as {
    readonly definitions: Record<string, Definition>;
  };
  const definitions = Object.fromEntries(
    Object.entries(swagger.definitions).map(([name, definition]) => [name, closed(definition)]),
  );
  definitions[INT_OR_STRING] = { anyOf: [{ type: "string" }, { type: "integer" }] };
  await writeFile(join(folder, "definitions.json"), JSON.stringify({ definitions }));
  const known = Object.entries(swagger.definitions).flatMap(([name, definition]) => {
    const kinds = (definition["x-kubernetes-group-version-kind"] ?? []) as readonly Kind[];
    return kinds.map((kind) => [name, kind] as const);
  });
  await Promise.all(
    known.map(([name, kind]) =>
      writeFile(
        join(folder, fileOf(kind)),
        JSON.stringify({ $ref: `file://${folder}/definitions.json#/definitions/${name}` }),
      ),
    ),
  );
  await writePodMonitor(folder);
}

async function writePodMonitor(folder: string): Promise<void> {
  const file = join(paths.kubernetesSchemas, "monitoring.coreos.com_podmonitors.yaml");
  const definition = parse(await readFile(file, "utf8")) as {
    readonly spec: {
      readonly versions: readonly { readonly name: string; readonly schema: { openAPIV3Schema: Schema } }[];
    };
  };
  for (const { name, schema } of definition.spec.versions) {
    const kind = { group: "monitoring.coreos.com", version: name, kind: "PodMonitor" };
    const own = closed(schema.openAPIV3Schema);
    const metadata: Schema = { type: "object" };
    const properties = { ...own.properties, metadata };
    await writeFile(join(folder, fileOf(kind)), JSON.stringify({ ...own, properties }));
  }
}

/** As kubeconform's {{ .ResourceKind }}{{ .KindSuffix }}. */
function fileOf({ group, version, kind }: Kind): string {
  const [first = ""] = group.split(".");
  return `${[kind, first, version].filter(Boolean).join("-").toLowerCase()}.json`;
}

/** Refuses properties that are not described, wherever some are. */
function closed(schema: Schema): Schema {
  if (Array.isArray(schema)) return schema.map(closed) as unknown as Schema;
  if (typeof schema !== "object" || schema === null) return schema;
  const entries = Object.entries(schema).map(([key, value]) => [
    key,
    key === "$ref" ? value : closed(value as Schema),
  ]);
  const copy = Object.fromEntries(entries) as Schema;
  if (schema.properties === undefined || "additionalProperties" in schema) return copy;
  return { ...copy, additionalProperties: false };
}
