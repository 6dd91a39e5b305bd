import type { LibvirtConnection } from "../libvirt/connection.ts";
import { LibvirtError } from "../libvirt/errors.ts";
import { DOMAIN_EVENTS, type DomainEvent, type DomainEventKind } from "../libvirt/events/domain-events.ts";
import type { EventDefinition } from "../libvirt/events/event.ts";

/** Whoever listens to a hypervisor's domains. */
export interface EventListener {
  /** Must not throw. */
  onEvent(event: DomainEvent): void;
  /** Is told of an event that the daemon does not have: it is older, or its driver has none such. */
  onMissing(name: string, error: LibvirtError): void;
}

/**
 * Registers every event by itself on a connection that was just opened, so that what a daemon does not know takes
 * nothing away from the rest.
 * @throws what call() throws, but for the daemon's refusals
 */
export async function listen(connection: LibvirtConnection, listener: EventListener): Promise<void> {
  const kinds = Object.keys(DOMAIN_EVENTS) as DomainEventKind[];
  await Promise.all(
    kinds.map(async (kind) => {
      const definition: EventDefinition<object> = DOMAIN_EVENTS[kind];
      try {
        await connection.subscribe(definition, (payload) =>
          // The kind and what its definition decoded are of one row of the table.
          listener.onEvent({ kind, ...payload } as DomainEvent),
        );
      } catch (error) {
        if (!(error instanceof LibvirtError)) throw error;
        listener.onMissing(definition.name, error);
      }
    }),
  );
}
