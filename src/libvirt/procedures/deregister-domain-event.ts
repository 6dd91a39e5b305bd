import { nothing, type Procedure } from "../procedure.ts";

/** Ends what EVENT_REGISTER began. */
export const deregisterDomainEvent: Procedure<{ readonly callbackId: number }, undefined> = {
  number: 317,
  name: "CONNECT_DOMAIN_EVENT_CALLBACK_DEREGISTER_ANY",
  priority: true,
  // int callbackID -> void
  encode: (writer, { callbackId }) => writer.i32(callbackId),
  decode: nothing,
};
