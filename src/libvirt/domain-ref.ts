import type { DomainRef } from "./types.ts";
import type { XdrReader } from "./xdr-reader.ts";
import type { XdrWriter } from "./xdr-writer.ts";

/** REMOTE_DOMAIN_LIST_MAX: more domains in one message are refused by either side. */
export const DOMAIN_LIST_LIMIT = 16_384;

/** An empty name, the uuid, the id. */
export const DOMAIN_REF_MINIMUM_BYTES = 24;

const UUID_BYTES = 16;

/** remote_nonnull_domain: string name, opaque uuid[16], int id */
export function readDomainRef(reader: XdrReader): DomainRef {
  return { name: reader.string(), uuid: readUuid(reader), id: reader.i32() };
}

export function writeDomainRef(writer: XdrWriter, domain: DomainRef): void {
  writer.string(domain.name);
  writeUuid(writer, domain.uuid);
  writer.i32(domain.id);
}

/** remote_uuid: opaque[16], as canonical lower-case text. */
export function readUuid(reader: XdrReader): string {
  const hex = reader.fixedOpaque(UUID_BYTES).toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** The counterpart of {@link readUuid}. */
export function writeUuid(writer: XdrWriter, uuid: string): void {
  writer.fixedHex(uuid);
}

/** Does it run? An inactive domain has no id. */
export function isActive({ id }: Pick<DomainRef, "id">): boolean {
  return id !== -1;
}
