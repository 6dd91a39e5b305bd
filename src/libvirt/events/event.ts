import type { XdrReader } from "../xdr-reader.ts";

/** One kind of event. Each lives in a file of its own in this folder. */
export interface EventDefinition<Payload> {
  /** virDomainEventID in libvirt/libvirt-domain.h, by which it is registered. */
  readonly id: number;
  /** REMOTE_PROC_DOMAIN_EVENT_CALLBACK_* in remote_protocol.x: the number of its messages. */
  readonly procedure: number;
  /** For logs and errors: LIFECYCLE. */
  readonly name: string;
  /** What follows the callback's number. */
  decode(reader: XdrReader): Payload;
}
