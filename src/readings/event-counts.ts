import type { Instant } from "../clock.ts";
import type { ObservedEvent } from "./event-journal.ts";
import type { DomainStatistics, StatisticsItem } from "./statistics.ts";

/** How a migration of a domain away from the host ended. */
export type MigrationOutcome = "completed" | "failed" | "cancelled";

interface Counts {
  /** Since when the domain is observed. */
  readonly since: Instant;
  /** Events by type and detail. */
  readonly events: Map<string, Map<string, number>>;
  readonly migrations: Map<MigrationOutcome, number>;
  /** As they stand in a reading; made anew when something was counted. */
  items: DomainStatistics["items"] | undefined;
}

/** Counts what happened to each domain since the agent began to observe it. */
export class EventCounts {
  readonly #counts = new Map<string, Counts>();

  /** Begins to observe a domain, when it is new. */
  observe(uuid: string, since: Instant): void {
    if (this.#counts.has(uuid)) return;
    this.#counts.set(uuid, { since, events: new Map(), migrations: new Map(), items: undefined });
  }

  /** Counts an event of a domain. */
  count({ at, event }: ObservedEvent): void {
    const { uuid } = event.domain;
    this.observe(uuid, at);
    const counts = this.#counts.get(uuid);
    if (counts === undefined) return;
    counts.items = undefined;
    const outcome = migrationOutcome(event);
    if (outcome !== undefined) counts.migrations.set(outcome, (counts.migrations.get(outcome) ?? 0) + 1);
    // What the agent itself found out is no event of libvirt's.
    if (event.kind === "jobEnded") return;
    const details = counts.events.get(event.type) ?? new Map<string, number>();
    counts.events.set(event.type, details);
    details.set(event.detail, (details.get(event.detail) ?? 0) + 1);
  }

  /** Since when a domain is observed; undefined when it is not. */
  since(uuid: string): Instant | undefined {
    return this.#counts.get(uuid)?.since;
  }

  /** The counters of a domain as a part of its statistics; undefined while nothing has happened to it. */
  statistics(uuid: string, readAt: Instant): DomainStatistics | undefined {
    const counts = this.#counts.get(uuid);
    if (counts === undefined || counts.events.size + counts.migrations.size === 0) return undefined;
    counts.items ??= itemsOf(counts);
    return { readAt: { event: readAt }, items: counts.items };
  }

  /** Forgets all other domains. */
  keep(uuids: ReadonlySet<string>): void {
    for (const uuid of this.#counts.keys()) if (!uuids.has(uuid)) this.#counts.delete(uuid);
  }
}

/**
 * Of a migration the host that the domain leaves tells, so that none is counted twice: by the domain's end there, or
 * by the end of the job while the domain stays.
 */
function migrationOutcome(event: ObservedEvent["event"]): MigrationOutcome | undefined {
  if (event.kind === "lifecycle") {
    return event.type === "stopped" && event.detail === "migrated" ? "completed" : undefined;
  }
  if (event.detail !== "migration_out") return undefined;
  if (event.kind === "jobEnded") return event.outcome === "cancelled" ? "cancelled" : "failed";
  return event.kind === "jobCompleted" && event.figures.success === false ? "failed" : undefined;
}

function itemsOf({ events, migrations }: Counts): DomainStatistics["items"] {
  const eventType: StatisticsItem<"eventType">[] = [];
  const event: StatisticsItem<"event">[] = [];
  for (const [type, details] of events) {
    const parent: StatisticsItem<"eventType"> = { path: [type], parent: undefined, values: {} };
    eventType.push(parent);
    for (const [detail, count] of details) event.push({ path: [type, detail], parent, values: { count } });
  }
  const migration = Array.from(migrations, ([outcome, count]): StatisticsItem<"migration"> => ({
    path: [outcome],
    parent: undefined,
    values: { count },
  }));
  return { eventType, event, migration };
}
