import { nothing, type Procedure } from "../procedure.ts";

/** enum remote_auth_type in remote_protocol.x. */
export const AuthenticationType = { none: 0, sasl: 1, polkit: 2 } as const;

/** REMOTE_AUTH_TYPE_LIST_MAX */
const TYPES_LIMIT = 20;

/** Which authentications the daemon wants. Always the first call: for uid 0 on a polkit socket it is the login itself. */
export const authList: Procedure<undefined, number[]> = {
  number: 66,
  name: "AUTH_LIST",
  priority: true,
  // void -> int types<20>
  encode: nothing,
  decode: (reader) => reader.array(4, () => reader.i32(), TYPES_LIMIT),
};
