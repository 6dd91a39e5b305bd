import { readNamedRefs } from "../named-ref.ts";
import type { Procedure } from "../procedure.ts";
import type { NamedRef } from "../types.ts";

/** virConnectListAllNetworksFlags in libvirt/libvirt-network.h. None of a pair is the same as both. */
export const NetworkListFlags = { inactive: 1, active: 2 } as const;

/** Every network that the flags ({@link NetworkListFlags}, or-ed) select. */
export const listAllNetworks: Procedure<{ readonly flags: number }, NamedRef[]> = {
  number: 283,
  name: "CONNECT_LIST_ALL_NETWORKS",
  priority: true,
  // int need_results, unsigned flags -> network nets<16384>, unsigned ret
  encode(writer, { flags }) {
    writer.i32(1);
    writer.u32(flags);
  },
  decode: readNamedRefs,
};
