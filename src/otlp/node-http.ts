/**
 * node:http and node:https without import statements: those make Node load everything that the modules could export,
 * WebSocket and all, which takes 13 MB and 50 ms more than what is used here. TLS is another 9 MB, for those whose
 * endpoint wants it.
 */

import type * as NodeHttps from "node:https";

export const http = process.getBuiltinModule("node:http");

/** Loads TLS when it is first called. */
export function loadHttps(): typeof NodeHttps {
  return process.getBuiltinModule("node:https");
}
