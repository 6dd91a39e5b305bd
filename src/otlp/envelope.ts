import type { Attributes, Resource } from "../metrics/points.ts";
import type { BackwardWriter } from "./backward-writer.ts";
import type { Scope } from "./scope.ts";

/** Whose items a message holds, and who made them. */
export interface Envelope {
  readonly resource: Resource;
  readonly scope: Scope;
}

/**
 * Writes ResourceMetrics or ResourceLogs as a field of an export request; the two have the same numbers: resource = 1,
 * scope_metrics or scope_logs = 2 (scope = 1, metrics or log_records = 2, schema_url = 3).
 *
 * @param writeItems writes the fields numbered 2, the last one first
 */
export function writeEnvelope(
  writer: BackwardWriter,
  { resource, scope }: Envelope,
  writeItems: () => void,
): void {
  const start = writer.size;
  writer.string(0x1a, scope.schemaUrl);
  writeItems();
  const scopeStart = writer.size;
  writer.string(0x12, scope.version);
  writer.string(0x0a, scope.name);
  writer.message(0x0a, scopeStart);
  writer.message(0x12, start);
  const resourceStart = writer.size;
  writeAttributes(writer, 0x0a, resource.attributes);
  writer.message(0x0a, resourceStart);
  writer.message(0x0a, start);
}

/** Repeated KeyValue: key = 1, value = 2 (AnyValue: string = 1, bool = 2, int64 = 3, double = 4). */
export function writeAttributes(writer: BackwardWriter, tag: number, attributes: Attributes): void {
  for (const [key, value] of Object.entries(attributes).toReversed()) {
    const start = writer.size;
    writeAnyValue(writer, value);
    writer.message(0x12, start);
    writer.string(0x0a, key);
    writer.message(tag, start);
  }
}

/** A field that is one byte: a boolean, an enumeration's number. */
export function writeByteField(writer: BackwardWriter, tag: number, value: number): void {
  writer.byte(value);
  writer.byte(tag);
}

function writeAnyValue(writer: BackwardWriter, value: string | number | boolean): void {
  if (typeof value === "string") {
    writer.string(0x0a, value);
  } else if (typeof value === "boolean") {
    writeByteField(writer, 0x10, value ? 1 : 0);
  } else if (Number.isSafeInteger(value)) {
    writer.varint64(value);
    writer.byte(0x18);
  } else {
    writer.double(value);
    writer.byte(0x21);
  }
}
