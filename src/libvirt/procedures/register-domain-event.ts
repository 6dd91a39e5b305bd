import { writeDomainRef } from "../domain-ref.ts";
import type { Procedure } from "../procedure.ts";
import type { DomainRef } from "../types.ts";

export interface EventRegistration {
  /** virDomainEventID; an unknown one is error 1. */
  readonly eventId: number;
  /** Only this domain's events; undefined for those of all. */
  readonly domain: DomainRef | undefined;
}

/** Asks for the messages of one kind of event. The result is the number by which to deregister; 0 is one. */
export const registerDomainEvent: Procedure<EventRegistration, number> = {
  number: 316,
  name: "CONNECT_DOMAIN_EVENT_CALLBACK_REGISTER_ANY",
  priority: true,
  // int eventID, domain? dom -> int callbackID
  encode(writer, { eventId, domain }) {
    writer.i32(eventId);
    writer.optional(domain, (value) => writeDomainRef(writer, value));
  },
  decode: (reader) => reader.i32(),
};
