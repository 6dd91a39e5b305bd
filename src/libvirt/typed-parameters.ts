import type { Integer } from "../integer.ts";
import { FIELD_NAME_LIMIT_BYTES, FieldNames } from "./field-names.ts";
import type { TypedParameter } from "./types.ts";
import type { XdrReader } from "./xdr-reader.ts";
import type { XdrWriter } from "./xdr-writer.ts";

/** virTypedParameterType in libvirt/libvirt-common.h. */
export const ParameterType = {
  int: 1,
  uint: 2,
  llong: 3,
  ullong: 4,
  double: 5,
  boolean: 6,
  string: 7,
} as const;

/** An empty name, the type and the smallest value. */
const MINIMUM_BYTES = 12;

const NAME_PADDING = [0, 3, 2, 1] as const;

/** One table for all connections: their daemons send the same names. */
const names = new FieldNames();

/** Is a field of this name to be decoded? Asked for every field of every domain: it had better be quick. */
export type FieldFilter = (field: string) => boolean;

const isAnyWanted: FieldFilter = () => true;

/** remote_typed_param<limit>: { string field, int type, value }<>. Those that nobody wants are only skipped. */
export function readTypedParameters(
  reader: XdrReader,
  limit: number,
  isWanted: FieldFilter = isAnyWanted,
): TypedParameter[] {
  const parameters: TypedParameter[] = [];
  for (let left = reader.count(MINIMUM_BYTES, limit); left > 0; left--) {
    const field = readFieldName(reader);
    if (isWanted(field)) parameters.push({ field, value: readValue(reader) });
    else skipValue(reader);
  }
  return parameters;
}

/** remote_typed_param<>. Types are chosen by {@link parameterTypeOf}. */
export function writeTypedParameters(writer: XdrWriter, parameters: readonly TypedParameter[]): void {
  writer.array(parameters, (parameter) =>
    writeTypedParameter(writer, parameter, parameterTypeOf(parameter.value)),
  );
}

/** remote_typed_param with the type given: libvirt sends small counts as uint, byte counts as ullong. */
export function writeTypedParameter(writer: XdrWriter, parameter: TypedParameter, type: number): void {
  const { field, value } = parameter;
  writer.string(field);
  writer.i32(type);
  if (type === ParameterType.int) writer.i32(Number(value));
  else if (type === ParameterType.uint) writer.u32(Number(value));
  else if (type === ParameterType.llong) writer.i64(BigInt(value));
  else if (type === ParameterType.ullong) writer.u64(BigInt(value));
  else if (type === ParameterType.double) writer.double(Number(value));
  else if (type === ParameterType.boolean) writer.i32(value === true ? 1 : 0);
  else writer.string(String(value));
}

/** The type that holds any value of the kind: ullong for what is whole and not negative, double for other numbers. */
export function parameterTypeOf(value: TypedParameter["value"]): number {
  if (typeof value === "boolean") return ParameterType.boolean;
  if (typeof value === "string") return ParameterType.string;
  if (typeof value === "number" && !Number.isSafeInteger(value)) return ParameterType.double;
  return value < 0 ? ParameterType.llong : ParameterType.ullong;
}

function readFieldName(reader: XdrReader): string {
  const length = reader.u32();
  if (length > FIELD_NAME_LIMIT_BYTES) {
    reader.fail(`a parameter's name of ${length} bytes is over the limit of ${FIELD_NAME_LIMIT_BYTES}`);
  }
  const start = reader.skip(length + NAME_PADDING[(length & 3) as 0 | 1 | 2 | 3]);
  return names.intern(reader.buffer, start, start + length);
}

function readValue(reader: XdrReader): Integer | boolean | string {
  const type = reader.i32();
  switch (type) {
    case ParameterType.int:
      return reader.i32();
    case ParameterType.uint:
      return reader.u32();
    case ParameterType.llong:
      return reader.i64();
    case ParameterType.ullong:
      return reader.u64();
    case ParameterType.double:
      return reader.double();
    case ParameterType.boolean:
      return reader.i32() !== 0;
    case ParameterType.string:
      return reader.string();
    default:
      return failOfType(reader, type);
  }
}

function skipValue(reader: XdrReader): void {
  const type = reader.i32();
  if (type < ParameterType.int || type > ParameterType.string) failOfType(reader, type);
  if (type === ParameterType.string) reader.skipString();
  else reader.skip(isWide(type) ? 8 : 4);
}

function isWide(type: number): boolean {
  return type === ParameterType.llong || type === ParameterType.ullong || type === ParameterType.double;
}

function failOfType(reader: XdrReader, type: number): never {
  return reader.fail(`a parameter's type must be 1 to 7, current value is ${type}`);
}
