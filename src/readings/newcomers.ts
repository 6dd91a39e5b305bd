import { setTimeout as sleep } from "node:timers/promises";

import type { Clock, Instant } from "../clock.ts";
import { collectStatistics } from "../libvirt/collect.ts";
import type { Lanes } from "../libvirt/lanes.ts";
import { getXmlDesc } from "../libvirt/procedures/get-xml-desc.ts";
import type { DomainRef } from "../libvirt/types.ts";
import { parseDomainXml } from "./domain-description.ts";
import type { DomainDescription, DomainReading } from "./domain.ts";
import type { ObservedEvent } from "./event-journal.ts";
import type { HypervisorSession } from "./hypervisor-connector.ts";
import type { StatisticsReader } from "./read-statistics.ts";
import type { StatisticsGroup } from "./statistics-fields.ts";
import { maskOf } from "./statistics-groups.ts";
import type { DomainStatistics } from "./statistics.ts";

export interface NewcomersOptions {
  readonly groups: ReadonlySet<StatisticsGroup>;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly reader: StatisticsReader;
  /** The session that there is at the moment. */
  readonly session: () => Pick<HypervisorSession, "lanes"> | undefined;
}

/** What was read of a domain before a cycle listed it. */
type EarlyReading = Pick<DomainReading, "id" | "name" | "description" | "statistics">;

interface Newcomer {
  readonly domain: DomainRef;
  /** When its start was told, on the monotonic clock. */
  readonly sinceMs: number;
  description: DomainDescription | undefined;
  statistics: DomainStatistics | undefined;
  /** It has ended, or it hangs. */
  isOver: boolean;
}

/** A domain that just started has its devices by then. */
const FIRST_LOOK_MS = 300;
/** What lives for seconds is read about as often. */
const NEXT_LOOK_MS = 1000;
/** A cycle does not wait longer for a look that is under way: the account of calls holds for both together. */
const PAUSE_MS = 1000;
/** Read at one look; the eldest, which are the nearest to their end. */
const LOOK_LIMIT = 20;
/** Remembered from one cycle to the next. */
const NEWCOMERS_LIMIT = 1000;

/**
 * Reads domains that started since the last cycle, so that of one that ends before the next there is something:
 * once a second, those few that there are, until a cycle has listed them.
 */
export class Newcomers {
  readonly #options: NewcomersOptions;
  readonly #known = new Map<string, Newcomer>();
  #timer: NodeJS.Timeout | undefined;
  #look: { readonly done: Promise<void>; readonly stop: AbortController } | undefined;
  #isPaused = false;

  constructor(options: NewcomersOptions) {
    this.#options = options;
  }

  /** Takes an event over as it comes. */
  apply({ type, domain }: Pick<ObservedEvent["event"], "type" | "domain">): void {
    if (type === "stopped") {
      const known = this.#known.get(domain.uuid);
      if (known !== undefined) known.isOver = true;
    } else if (type === "started" && this.#known.size < NEWCOMERS_LIMIT) {
      const sinceMs = this.#options.clock.now().monotonicMs;
      const nothing = { description: undefined, statistics: undefined };
      this.#known.set(domain.uuid, { domain, sinceMs, ...nothing, isOver: false });
      this.#plan(FIRST_LOOK_MS);
    }
  }

  /**
   * A cycle begins: waits for a look that is under way, a second at most; no other is begun. What is late then counts
   * among the calls that are stuck, and what it brings is not taken: it would be younger than the cycle's own list.
   */
  async pause(): Promise<void> {
    this.#isPaused = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#look === undefined) return;
    const { done, stop } = this.#look;
    const timer = new AbortController();
    const late = sleep(PAUSE_MS, undefined, { signal: timer.signal }).then(
      () => stop.abort(),
      () => undefined,
    );
    await Promise.race([done, late]);
    timer.abort();
  }

  /** What was read of a domain that a cycle does not list. */
  get(uuid: string): EarlyReading | undefined {
    const known = this.#known.get(uuid);
    if (known?.statistics === undefined) return undefined;
    const { domain, description, statistics } = known;
    return { id: domain.id, name: domain.name, description, statistics };
  }

  /**
   * The cycle is over: it has seen to all that started up to the moment at which it asked for the list, be it listed or
   * gone again; undefined when it has seen to nothing.
   */
  resume(listedAt: Instant | undefined): void {
    const seenToMs = listedAt?.monotonicMs ?? Number.NEGATIVE_INFINITY;
    for (const [uuid, { sinceMs }] of this.#known) if (sinceMs <= seenToMs) this.#known.delete(uuid);
    this.#isPaused = false;
    if (this.#known.size > 0) this.#plan(FIRST_LOOK_MS);
  }

  /** Ends the looking. */
  close(): void {
    this.#known.clear();
    void this.pause();
  }

  #plan(inMs: number): void {
    if (this.#isPaused || this.#look !== undefined) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      const stop = new AbortController();
      const done = this.#lookAt(this.#alive.slice(0, LOOK_LIMIT), stop.signal).finally(() => {
        this.#look = undefined;
        if (this.#alive.length > 0) this.#plan(NEXT_LOOK_MS);
      });
      this.#look = { done, stop };
    }, inMs).unref();
  }

  get #alive(): Newcomer[] {
    return [...this.#known.values()].filter(({ isOver }) => !isOver);
  }

  /** Never rejects: what could not be read is for the next cycle to say, if the domain is still there then. */
  async #lookAt(newcomers: readonly Newcomer[], signal: AbortSignal): Promise<void> {
    const lanes = this.#options.session()?.lanes;
    if (lanes === undefined || lanes.monitorCalls === 0 || newcomers.length === 0) return;
    try {
      await this.#readStatistics(lanes, { newcomers, signal });
      await Promise.all(newcomers.map((newcomer) => this.#describe(lanes, newcomer, signal)));
    } catch {
      // A connection that ended: there is nothing to be read of.
    }
  }

  async #readStatistics(
    lanes: Lanes,
    { newcomers, signal }: { readonly newcomers: readonly Newcomer[]; readonly signal: AbortSignal },
  ): Promise<void> {
    const { groups, timeoutMs, clock, reader } = this.#options;
    const mask = maskOf(groups);
    const byUuid = new Map(newcomers.map((newcomer) => [newcomer.domain.uuid, newcomer]));
    const domains = newcomers.map(({ domain }) => domain);
    const { hung } = await collectStatistics(lanes, {
      domains,
      groupsOf: () => mask,
      timeoutMs,
      clock,
      isWanted: reader.uses,
      signal,
      onRecord: ({ domain, parameters }, readAt) => {
        const newcomer = byUuid.get(domain.uuid);
        if (newcomer === undefined || domain.id !== newcomer.domain.id) return;
        newcomer.statistics = reader.read(parameters, readAt, { inactive: false });
      },
    });
    for (const { domain } of hung) {
      const newcomer = byUuid.get(domain.uuid);
      if (newcomer !== undefined) newcomer.isOver = true;
    }
  }

  async #describe(lanes: Lanes, newcomer: Newcomer, signal: AbortSignal): Promise<void> {
    const { domain, statistics, description, isOver } = newcomer;
    if (isOver || statistics === undefined || description !== undefined) return;
    try {
      const xml = await (await lanes.ordinary()).call(getXmlDesc, { domain, flags: 0 }, { signal });
      newcomer.description = parseDomainXml(xml, domain.name);
    } catch {
      // It has ended meanwhile, or it is late; what was read of it has no more names than its own.
    }
  }
}
