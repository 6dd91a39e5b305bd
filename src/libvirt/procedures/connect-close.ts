import { nothing, type Procedure } from "../procedure.ts";

/** Takes leave: the daemon answers and hangs up, and has nothing to complain about in its log. */
export const connectClose: Procedure<undefined, undefined> = {
  number: 2,
  name: "CONNECT_CLOSE",
  priority: true,
  // void -> void
  encode: nothing,
  decode: nothing,
};
