import type { Instant } from "../clock.ts";
import type { DomainRef } from "../libvirt/types.ts";
import type { DomainDescription, DomainReading, HypervisorReading } from "./domain.ts";
import { EventCounts } from "./event-counts.ts";
import type { ObservedEvent } from "./event-journal.ts";
import { mergeStatistics, NOTHING_READ } from "./merge-statistics.ts";
import type { Newcomers } from "./newcomers.ts";
import type { DomainStatistics } from "./statistics.ts";

const AGENT_STATES = { connected: 0, disconnected: 1 } as const;

/** What is known of domains beyond one cycle: what happened to each so far, and who was there that is gone. */
export class DomainHistory {
  readonly #newcomers: Pick<Newcomers, "get">;
  readonly #counts = new EventCounts();
  /** Domains, by uuid, of whose guest agent something was told. */
  readonly #agents = new Set<string>();
  #last: readonly DomainReading[] = [];

  constructor(newcomers: Pick<Newcomers, "get">) {
    this.#newcomers = newcomers;
  }

  /** Completes a cycle's readings of the domains that are listed, and adds those that are gone. */
  update(
    present: readonly DomainReading[],
    { events, listedAt }: { readonly events: readonly ObservedEvent[]; readonly listedAt: Instant },
  ): Required<Pick<HypervisorReading, "domains" | "gone">> {
    for (const event of events) this.#counts.count(event);
    for (const { uuid } of present) this.#counts.observe(uuid, listedAt);
    const domains = present.map((reading) => this.#completed(reading, listedAt));
    const listed = new Set(present.map(({ uuid }) => uuid));
    const gone = this.#gone(listed, events, listedAt);
    this.#counts.keep(listed);
    for (const uuid of this.#agents) if (!listed.has(uuid)) this.#agents.delete(uuid);
    this.#last = present;
    return { domains, gone };
  }

  #completed(reading: DomainReading, at: Instant): DomainReading {
    const { uuid, id, description } = reading;
    const counted = this.#counts.statistics(uuid, at);
    const agent = id < 0 ? undefined : this.#agentStatistics(uuid, description, at);
    const known = reading.statistics;
    const isMore = agent !== undefined || counted !== undefined;
    const statistics = isMore ? mergeStatistics(known, agent, counted) : known;
    return { ...reading, observedSince: this.#counts.since(uuid), statistics };
  }

  /** Domains that something happened to and that are not listed, as they were last known. */
  #gone(listed: ReadonlySet<string>, events: readonly ObservedEvent[], listedAt: Instant): DomainReading[] {
    const happenedTo = new Map<string, DomainRef>();
    for (const { event } of events) {
      const { domain } = event;
      if (!listed.has(domain.uuid)) happenedTo.set(domain.uuid, domain);
    }
    if (happenedTo.size === 0) return [];
    const before = new Map(this.#last.map((reading) => [reading.uuid, reading]));
    return Array.from(happenedTo, ([uuid, { name, id }]): DomainReading => {
      const known = before.get(uuid);
      const newcomer = this.#newcomers.get(uuid);
      // What the cycle before has read of it itself may be younger.
      const early = newcomer?.id === known?.id ? undefined : newcomer;
      // An event can be older than the cycle before, which may have told of the counters already.
      const counted = this.#counts.statistics(uuid, listedAt) ?? NOTHING_READ;
      const statistics = mergeStatistics(early?.statistics ?? NOTHING_READ, counted);
      return {
        uuid,
        name,
        // The run that was: its end tells of a domain that does not run.
        id: early?.id ?? known?.id ?? id,
        description: early?.description ?? known?.description,
        process: early === undefined ? known?.process : undefined,
        observedSince: this.#counts.since(uuid),
        statistics,
        lastKnown: statistics,
      };
    });
  }

  /** The state of the guest's agent as a part of a domain's statistics; that it has none only where it had one before. */
  #agentStatistics(
    uuid: string,
    description: DomainDescription | undefined,
    readAt: Instant,
  ): DomainStatistics | undefined {
    if (description === undefined) return undefined;
    const { guestAgent } = description;
    if (guestAgent === undefined) {
      return this.#agents.delete(uuid) ? { readAt: { agent: readAt }, items: { guestAgent: [] } } : undefined;
    }
    this.#agents.add(uuid);
    const item = { path: [], parent: undefined, values: { state: AGENT_STATES[guestAgent] } };
    return { readAt: { agent: readAt }, items: { guestAgent: [item] } };
  }
}
