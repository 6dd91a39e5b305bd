import { nothing, type Procedure } from "../procedure.ts";

/** The version of the hypervisor (QEMU). As major × 1,000,000 + minor × 1,000 + release: 12008000 is 12.8.0. */
export const getVersion: Procedure<undefined, number> = {
  number: 4,
  name: "CONNECT_GET_VERSION",
  priority: true,
  // void -> unsigned hyper
  encode: nothing,
  decode: (reader) => Number(reader.u64()),
};
