import { CONNECTION_HANDLERS } from "./connection-handlers.ts";
import { DOMAIN_HANDLERS } from "./domain-handlers.ts";
import { INFRASTRUCTURE_HANDLERS } from "./infrastructure-handlers.ts";
import type { ProcedureName } from "./procedure-numbers.ts";
import type { HandlerRow } from "./session.ts";

/** How each procedure is served. */
export const HANDLERS: Readonly<Record<ProcedureName, HandlerRow>> = {
  ...CONNECTION_HANDLERS,
  ...DOMAIN_HANDLERS,
  ...INFRASTRUCTURE_HANDLERS,
};
