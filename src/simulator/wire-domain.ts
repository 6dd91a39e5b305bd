import type { XdrReader } from "../libvirt/xdr-reader.ts";
import type { XdrWriter } from "../libvirt/xdr-writer.ts";
import type { SimulatedDomain } from "./domain.ts";
import { ErrorCode, ErrorDomain, ReplyError } from "./reply-error.ts";
import type { World } from "./world.ts";

const UUID_BYTES = 16;

/** Reads `str name, opaque uuid[16], int id`. */
export function readDomain(reader: XdrReader): { readonly name: string; readonly uuid: string } {
  const name = reader.string();
  const uuid = readUuid(reader);
  reader.i32();
  return { name, uuid };
}

/** Reads `opaque uuid[16]` as text. */
export function readUuid(reader: XdrReader): string {
  const hex = reader.fixedOpaque(UUID_BYTES).toString("hex");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** Writes `str name, opaque uuid[16], int id`. */
export function writeDomain(
  writer: XdrWriter,
  { name, uuidBytes, id }: Pick<SimulatedDomain, "name" | "uuidBytes" | "id">,
): void {
  writer.string(name);
  writer.fixedOpaque(uuidBytes);
  writer.i32(id);
}

/**
 * The domain that a call names, found by its uuid.
 * @throws ReplyError 42 when there is none
 */
export function findDomain(reader: XdrReader, world: World): SimulatedDomain {
  const { name, uuid } = readDomain(reader);
  return world.get(uuid) ?? noDomain(`no domain with matching uuid '${uuid}' (${name})`);
}

/** @throws ReplyError 42, always */
export function noDomain(detail: string): never {
  throw new ReplyError(ErrorCode.noDomain, ErrorDomain.qemu, { format: "Domain not found: %s", detail });
}
