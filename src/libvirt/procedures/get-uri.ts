import { nothing, type Procedure } from "../procedure.ts";

/** The canonical URI of the hypervisor: qemu:///system. */
export const getUri: Procedure<undefined, string> = {
  number: 110,
  name: "CONNECT_GET_URI",
  priority: true,
  // void -> string
  encode: nothing,
  decode: (reader) => reader.string(),
};
