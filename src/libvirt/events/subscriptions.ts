import type { XdrReader } from "../xdr-reader.ts";
import type { EventDefinition } from "./event.ts";

/** The calls that a subscription makes. */
export interface EventRegistry {
  /** Resolves to the callback's number. */
  register(eventId: number): Promise<number>;
  deregister(callbackId: number): Promise<void>;
}

/** Ends a subscription. Never rejects: a connection that is gone has no subscriptions. */
export type Unsubscribe = () => Promise<void>;

interface Subscription {
  readonly event: EventDefinition<unknown>;
  readonly handlers: Set<(payload: unknown) => void>;
  readonly registered: Promise<number>;
}

/** Who wants which event. The daemon is asked once for each kind, however many want it. */
export class EventSubscriptions {
  readonly #registry: EventRegistry;
  readonly #byProcedure = new Map<number, Subscription>();

  constructor(registry: EventRegistry) {
    this.#registry = registry;
  }

  /** Resolves when the daemon has registered the event; rejects as a call does. */
  async subscribe<Payload>(
    event: EventDefinition<Payload>,
    handler: (payload: Payload) => void,
  ): Promise<Unsubscribe> {
    const subscription = this.#byProcedure.get(event.procedure) ?? this.#begin(event);
    // one function may be subscribed twice, so each subscription has a function of its own
    const own = (payload: unknown): void => handler(payload as Payload);
    subscription.handlers.add(own);
    await subscription.registered;
    return () => this.#leave(subscription, own);
  }

  /**
   * Hands an event message to its handlers; one that nobody wants is ignored. A handler that throws is its owner's
   * matter, so its error surfaces as an uncaught one, as an EventTarget's does, and the connection goes on.
   * @throws KvmeterError LIBVIRT_PROTOCOL
   */
  dispatch(procedure: number, reader: XdrReader): void {
    const subscription = this.#byProcedure.get(procedure);
    if (subscription === undefined) return;
    // the callback's number; messages are told apart by their procedure
    reader.i32();
    const payload = subscription.event.decode(reader);
    reader.expectEnd();
    for (const handler of subscription.handlers) {
      try {
        handler(payload);
      } catch (error) {
        process.nextTick(() => {
          throw error;
        });
      }
    }
  }

  #begin(event: EventDefinition<unknown>): Subscription {
    const registered = this.#registry.register(event.id);
    const subscription = { event, handlers: new Set<(payload: unknown) => void>(), registered };
    this.#byProcedure.set(event.procedure, subscription);
    registered.catch(() => this.#forget(subscription));
    return subscription;
  }

  async #leave(subscription: Subscription, handler: (payload: unknown) => void): Promise<void> {
    if (!subscription.handlers.delete(handler) || subscription.handlers.size > 0) return;
    this.#forget(subscription);
    try {
      await this.#registry.deregister(await subscription.registered);
    } catch {
      // a connection that ended has no registration left to undo
    }
  }

  #forget(subscription: Subscription): void {
    if (this.#byProcedure.get(subscription.event.procedure) === subscription) {
      this.#byProcedure.delete(subscription.event.procedure);
    }
  }
}
