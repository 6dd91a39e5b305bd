import { readUuid, writeUuid } from "./domain-ref.ts";
import type { NamedRef } from "./types.ts";
import type { XdrReader } from "./xdr-reader.ts";
import type { XdrWriter } from "./xdr-writer.ts";

/** REMOTE_STORAGE_POOL_LIST_MAX and REMOTE_NETWORK_LIST_MAX: more in one message are refused by either side. */
const LIST_LIMIT = 16_384;

/** An empty name, the uuid. */
const MINIMUM_BYTES = 20;

/** remote_nonnull_storage_pool, remote_nonnull_network: string name, opaque uuid[16] */
export function writeNamedRef(writer: XdrWriter, { name, uuid }: NamedRef): void {
  writer.string(name);
  writeUuid(writer, uuid);
}

/** `named things<>, unsigned ret`: a list as every LIST_ALL answers it. */
export function readNamedRefs(reader: XdrReader): NamedRef[] {
  const read = (): NamedRef => ({ name: reader.string(), uuid: readUuid(reader) });
  const things = reader.array(MINIMUM_BYTES, read, LIST_LIMIT);
  const count = reader.u32();
  if (count !== things.length) reader.fail(`${things.length} are listed, ${count} are counted`);
  return things;
}
