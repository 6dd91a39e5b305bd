import { readDomainRef } from "../domain-ref.ts";
import type { DomainRef } from "../types.ts";
import type { EventDefinition } from "./event.ts";

/** virDomainEventType in libvirt/libvirt-domain.h. */
export const LifecycleEvent = {
  defined: 0,
  undefined: 1,
  started: 2,
  suspended: 3,
  resumed: 4,
  stopped: 5,
  shutdown: 6,
  pmSuspended: 7,
  crashed: 8,
} as const;

export interface Lifecycle {
  readonly domain: DomainRef;
  /** {@link LifecycleEvent} */
  readonly event: number;
  /** The reason; its meaning depends on the event: virDomainEventStartedDetailType … */
  readonly detail: number;
}

/** A domain was defined, started, stopped … */
export const lifecycle: EventDefinition<Lifecycle> = {
  id: 0,
  procedure: 318,
  name: "LIFECYCLE",
  // domain dom, int event, int detail
  decode: (reader) => ({ domain: readDomainRef(reader), event: reader.i32(), detail: reader.i32() }),
};
