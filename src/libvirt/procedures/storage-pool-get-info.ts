import type { Integer } from "../../integer.ts";
import { writeNamedRef } from "../named-ref.ts";
import type { Procedure } from "../procedure.ts";
import type { NamedRef } from "../types.ts";

/** virStoragePoolState in libvirt/libvirt-storage.h. */
export const StoragePoolState = {
  inactive: 0,
  building: 1,
  running: 2,
  degraded: 3,
  inaccessible: 4,
} as const;

/** virStoragePoolInfo. All sizes are 0 of a pool that is not active, and of one whose kind has none. */
export interface StoragePoolInfo {
  /** {@link StoragePoolState} */
  readonly state: number;
  readonly capacityBytes: Integer;
  /** What its volumes and others take of it. */
  readonly allocationBytes: Integer;
  readonly availableBytes: Integer;
}

/** What libvirt knows of a storage pool since its last refresh. Waits for one that is going on. */
export const storagePoolGetInfo: Procedure<{ readonly pool: NamedRef }, StoragePoolInfo> = {
  number: 87,
  name: "STORAGE_POOL_GET_INFO",
  priority: true,
  // storage_pool pool -> unsigned char state, unsigned hyper capacity, allocation, available
  encode: (writer, { pool }) => writeNamedRef(writer, pool),
  decode: (reader) => ({
    state: reader.u32(),
    capacityBytes: reader.u64(),
    allocationBytes: reader.u64(),
    availableBytes: reader.u64(),
  }),
};
