import { nothing, type Procedure } from "../procedure.ts";

/** The version of the daemon's libvirt. As major × 1,000,000 + minor × 1,000 + release: 12008000 is 12.8.0. */
export const getLibVersion: Procedure<undefined, number> = {
  number: 157,
  name: "CONNECT_GET_LIB_VERSION",
  priority: true,
  // void -> unsigned hyper
  encode: nothing,
  decode: (reader) => Number(reader.u64()),
};
