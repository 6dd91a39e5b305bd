import { nothing, type Procedure } from "../procedure.ts";

/** The name of the driver: QEMU, TEST, Xen … */
export const getType: Procedure<undefined, string> = {
  number: 3,
  name: "CONNECT_GET_TYPE",
  priority: true,
  // void -> string
  encode: nothing,
  decode: (reader) => reader.string(),
};
