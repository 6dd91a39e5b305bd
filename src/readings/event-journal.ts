import type { Clock, Instant } from "../clock.ts";
import { KvmeterError } from "../errors.ts";
import type { DomainEvent } from "../libvirt/events/domain-events.ts";
import type { DomainRef } from "../libvirt/types.ts";

/** A job that is not there any more and whose end the daemon told nobody. */
export interface JobEnded {
  readonly kind: "jobEnded";
  readonly domain: DomainRef;
  readonly type: "job_ended";
  /** virDomainJobOperation by name. */
  readonly detail: string;
  readonly outcome: "failed" | "cancelled" | "unknown";
}

/** What happened to a domain, and when the agent learned of it. */
export interface ObservedEvent {
  readonly at: Instant;
  readonly event: DomainEvent | JobEnded;
}

/** At a thousand events a second, those of a minute and a half; each takes some 300 bytes. */
const EVENTS_LIMIT = 100_000;

export interface JournalOptions {
  readonly clock: Clock;
  /** Is the domain of this name to be read? */
  readonly wanted: (domainName: string) => boolean;
  /** Default 100,000: events that can wait for a cycle. */
  readonly eventLimit?: number | undefined;
}

/** What happened between cycles, in the order in which the daemon told it. */
export class EventJournal {
  readonly #options: JournalOptions;
  #events: ObservedEvent[] = [];
  #lost = 0;

  constructor(options: JournalOptions) {
    this.#options = options;
  }

  /** Takes an event down; those of domains that are not wanted are let fall, and so are those that find no room. */
  add(event: DomainEvent): void {
    const { clock, wanted, eventLimit = EVENTS_LIMIT } = this.#options;
    if (!wanted(event.domain.name)) return;
    if (this.#events.length < eventLimit) this.#events.push({ at: clock.now(), event });
    else this.#lost += 1;
  }

  /** Those up to a moment. They stay until they are forgotten: a cycle that fails leaves them to the next one. */
  until({ monotonicMs }: Instant): readonly ObservedEvent[] {
    const end = this.#events.findIndex(({ at }) => at.monotonicMs > monotonicMs);
    return end < 0 ? [...this.#events] : this.#events.slice(0, end);
  }

  /** Forgets the first of them. */
  forget(count: number): void {
    this.#events = this.#events.slice(count);
  }

  /** How many found no room since this was last asked. */
  takeLost(): number {
    const lost = this.#lost;
    this.#lost = 0;
    return lost;
  }
}

/** What is told of events that found no room: nothing where there were none. */
export function lostEvents(source: string, count: number): Error[] {
  if (count === 0) return [];
  const text = `Cannot keep all events of ${source}: ${count} found no room; make the interval shorter`;
  return [new KvmeterError("EVENTS_LOST", text)];
}
