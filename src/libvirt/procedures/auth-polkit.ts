import { nothing, type Procedure } from "../procedure.ts";

/** Asks polkit whether this process may. The result is whether the login is complete; a refusal is error 45 or 79. */
export const authPolkit: Procedure<undefined, boolean> = {
  number: 70,
  name: "AUTH_POLKIT",
  priority: true,
  // void -> int complete
  encode: nothing,
  decode: (reader) => reader.i32() !== 0,
};
