import { nothing, type Procedure } from "../procedure.ts";

/** The hypervisor's host name, as virsh hostname prints it. */
export const getHostname: Procedure<undefined, string> = {
  number: 59,
  name: "CONNECT_GET_HOSTNAME",
  priority: true,
  // void -> string
  encode: nothing,
  decode: (reader) => reader.string(),
};
