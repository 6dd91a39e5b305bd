import { readNamedRefs } from "../named-ref.ts";
import type { Procedure } from "../procedure.ts";
import type { NamedRef } from "../types.ts";

/** Every storage pool, active or not. Waits for a pool that is being refreshed. */
export const listAllStoragePools: Procedure<undefined, NamedRef[]> = {
  number: 281,
  name: "CONNECT_LIST_ALL_STORAGE_POOLS",
  priority: true,
  // int need_results, unsigned flags -> storage_pool pools<16384>, unsigned ret
  encode(writer) {
    writer.i32(1);
    writer.u32(0);
  },
  decode: readNamedRefs,
};
