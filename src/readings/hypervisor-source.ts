import type { Clock, Instant } from "../clock.ts";
import { isActive } from "../libvirt/domain-ref.ts";
import type { LibvirtError } from "../libvirt/errors.ts";
import { LibvirtStatistics } from "../libvirt/statistics.ts";
import type { DomainRef } from "../libvirt/types.ts";
import { changesDevices, DescriptionCache } from "./description-cache.ts";
import { DiskErrorReader } from "./disk-errors.ts";
import { DomainCollector } from "./domain-collector.ts";
import { DomainHistory } from "./domain-history.ts";
import { DomainList } from "./domain-list.ts";
import { DomainProcesses, type DomainProcessesOptions, type LocalReading } from "./domain-processes.ts";
import type { DomainProcess, DomainReading, HypervisorReading } from "./domain.ts";
import { EventJournal, lostEvents, type ObservedEvent } from "./event-journal.ts";
import type { EventListener } from "./event-subscription.ts";
import { HypervisorConnector, type HypervisorSession } from "./hypervisor-connector.ts";
import { type ConnectionReading, type HypervisorFacts, singleDisksPay } from "./hypervisor-facts.ts";
import { type InventoryOptions, InventoryReader } from "./inventory-reader.ts";
import { JobWatch } from "./job-watch.ts";
import { LastKnown } from "./last-known.ts";
import { mergeStatistics, NOTHING_READ } from "./merge-statistics.ts";
import { Newcomers } from "./newcomers.ts";
import { ProcessSight } from "./process-sight.ts";
import { createStatisticsReader, type StatisticsReader } from "./read-statistics.ts";
import type { PaceOptions } from "./reading-schedule.ts";
import { isAtWork } from "./silence-report.ts";
import type { StatisticsGroup } from "./statistics-fields.ts";
import type { DomainStatistics, StatisticsScope } from "./statistics.ts";

export interface HypervisorOptions {
  /** As `virsh -c` takes it. */
  readonly uri: string;
  /** Longest time that one call may take. */
  readonly timeoutMs: number;
  /** What the chosen metrics need. */
  readonly groups: ReadonlySet<StatisticsGroup>;
  /** How often each group is read; all in every cycle unless given. */
  readonly pace?: PaceOptions | undefined;
  /** Scopes of which nothing is made: see {@link StatisticsReaderOptions}. */
  readonly unusedScopes?: ReadonlySet<StatisticsScope>;
  /** Is the domain of this name to be read? */
  readonly wanted: (domainName: string) => boolean;
  readonly clock: Clock;
  /** Where its calls are counted; one of its own unless given. */
  readonly calls?: LibvirtStatistics;
  /** What to read beside the domains; nothing unless given. */
  readonly inventory?: InventoryOptions | undefined;
  /** Is told when intervals become longer or shorter, with how long the cycle took that was the reason. */
  readonly onStretch?: ((factor: number, tookMs: number) => void) | undefined;
  /** Default true: listen to the domains' events. */
  readonly listens?: boolean | undefined;
  /** See {@link JournalOptions}. */
  readonly eventLimit?: number | undefined;
  /** Is told of every event that a daemon does not have, when it was connected to. */
  readonly onMissingEvent?: ((name: string, error: LibvirtError) => void) | undefined;
  /** Default true: look at QEMU processes on this machine before asking them. */
  readonly seesProcesses?: boolean | undefined;
  /** Default 1000: when a bulk call is late. */
  readonly lookAfterMs?: number | undefined;
  /** What is read of QEMU's processes where the hypervisor is on this machine; nothing unless given. */
  readonly local?: Omit<DomainProcessesOptions, "clock" | "onNotice"> | undefined;
  /** Is told once what cannot be read though all else can, and what would help. */
  readonly onNotice?: ((text: string) => void) | undefined;
}

/** The last that is told of a hypervisor. */
export type Farewell = Required<Pick<HypervisorReading, "gone" | "events">>;

/** What is to be read in a cycle. */
interface Listed {
  /** When the cycle began, on the monotonic clock. */
  readonly begunMs: number;
  readonly domains: readonly DomainRef[];
  readonly listedAt: Instant;
  /** What happened before that. */
  readonly events: readonly ObservedEvent[];
  readonly signal: AbortSignal;
}

/**
 * Reads one hypervisor, a cycle at a time: its domains, their statistics, what their XML calls things, and their
 * QEMU processes. Connects at the first read, and again at a later one after the connection was lost; what it knows
 * of the domains outlives the connection.
 */
export class HypervisorSource {
  readonly name: string;
  readonly #options: HypervisorOptions;
  readonly #connector: HypervisorConnector;
  readonly #reader: StatisticsReader;
  readonly #collector: DomainCollector;
  readonly #descriptions = new DescriptionCache();
  readonly #list: DomainList;
  readonly #lastKnown = new LastKnown();
  readonly #local: DomainProcesses | undefined;
  readonly #sight: ProcessSight;
  readonly #journal: EventJournal;
  readonly #newcomers: Newcomers;
  readonly #history: DomainHistory;
  readonly #jobs: JobWatch;
  readonly #diskErrors: DiskErrorReader;
  readonly #inventory: InventoryReader;
  #facts: HypervisorFacts | undefined;
  /** The one whose events the descriptions have followed. */
  #followed: HypervisorSession | undefined;

  constructor(options: HypervisorOptions) {
    const { uri, timeoutMs, calls = new LibvirtStatistics(), unusedScopes } = options;
    this.#options = options;
    this.name = uri;
    const { local, clock, inventory, onNotice = () => undefined } = options;
    const procfs = local?.procfs;
    this.#reader = createStatisticsReader({ unusedScopes });
    this.#list = new DomainList(options);
    this.#collector = new DomainCollector({ ...options, reader: this.#reader, procfs });
    this.#local = local && new DomainProcesses({ ...local, clock, onNotice });
    this.#sight = new ProcessSight(onNotice);
    this.#journal = new EventJournal(options);
    this.#jobs = new JobWatch(clock);
    this.#newcomers = new Newcomers({
      ...options,
      reader: this.#reader,
      session: () => this.#connector.session,
    });
    this.#history = new DomainHistory(this.#newcomers);
    const listener = options.listens === false ? undefined : this.#listener();
    this.#connector = new HypervisorConnector({ uri, timeoutMs, calls, procfs, listener });
    const beside = inventory ?? { parts: new Set(), intervalMs: 0 };
    this.#inventory = new InventoryReader({ ...beside, timeoutMs, clock });
    this.#diskErrors = new DiskErrorReader(clock);
  }

  /** How things stand with the connection now; undefined before the first read. */
  get connection(): ConnectionReading | undefined {
    const { identity, session } = this.#connector;
    if (identity === undefined) return undefined;
    this.#facts = session?.facts ?? this.#facts;
    return {
      uri: this.name,
      at: this.#options.clock.now(),
      connected: session !== undefined,
      identity,
      facts: this.#facts,
    };
  }

  /**
   * One reading. A domain whose statistics could not be read is in it without any, and `problems` says why.
   * @throws KvmeterError when the daemon cannot be reached or does not list its domains
   */
  async read(signal: AbortSignal): Promise<HypervisorReading> {
    const begunMs = this.#options.clock.now().monotonicMs;
    await this.#newcomers.pause();
    let seenTo: Instant | undefined;
    try {
      const session = await this.#connector.connected(signal);
      const listedAt = this.#options.clock.now();
      const { domains, isFresh } = await this.#list.read(session, signal);
      const events = isFresh ? this.#journal.until(listedAt) : [];
      const reading = await this.#readListed(session, { domains, listedAt, events, begunMs, signal });
      this.#journal.forget(events.length);
      seenTo = isFresh ? listedAt : undefined;
      return reading;
    } finally {
      this.#newcomers.resume(seenTo);
    }
  }

  async #readListed(session: HypervisorSession, listed: Listed): Promise<HypervisorReading> {
    const { lanes, identity } = session;
    const { domains, listedAt, events, begunMs, signal } = listed;
    if (this.#followed !== session) this.#descriptions.doubt();
    this.#followed = session;
    this.#descriptions.apply(events);
    for (const { event } of events) {
      if (changesDevices(event)) this.#collector.schedule?.forget(event.domain.uuid);
    }
    this.#jobs.apply(events);
    const processes = await this.#processes(session, domains);
    const local = await this.#readLocal(session, domains, processes);
    const { statistics, records, silent, problems } = await this.#collector.collect(lanes, domains, {
      processes,
      local,
      lastKnown: (domain) => this.#lastKnown.get(domain),
      description: (uuid) => this.#descriptions.get(uuid),
      singleDisksPay: singleDisksPay(session.facts),
      signal,
    });
    this.#lastKnown.update(domains, statistics);
    const jobs = await this.#jobs.read(lanes, domains.filter(isActive), {
      isAtWork: ({ uuid }) => isAtWork(statistics.get(uuid)),
      isSilent: ({ uuid }) => silent.has(uuid),
      signal,
    });
    const misread = await this.#descriptions.refresh(await lanes.ordinary(), domains, {
      statistics: records,
      withinMs: this.#options.timeoutMs,
    });
    const asked = this.#options.groups.has("disk-error") ? domains : [];
    const diskErrors = await this.#diskErrors.read(lanes, asked, {
      statistics,
      description: (uuid) => this.#descriptions.get(uuid),
      signal,
    });
    this.#inventory.start(lanes);
    const present = domains.map(({ uuid, name, id }): DomainReading => ({
      uuid,
      name,
      id,
      description: this.#descriptions.get(uuid),
      process: processes.get(uuid),
      statistics: withPart(diskErrors.statistics.get(uuid) ?? NOTHING_READ, jobs.statistics.get(uuid)),
      lastKnown: this.#lastKnown.get({ uuid, id }) ?? NOTHING_READ,
    }));
    const happened = [...events, ...jobs.ended];
    const lost = this.#journal.takeLost();
    if (lost > 0) this.#descriptions.doubt();
    return {
      identity,
      listedAt,
      ...this.#history.update(present, { events: happened, listedAt }),
      events: happened,
      unknownFields: this.#reader.takeUnknownFields(),
      stretch: this.#stretchAfter(begunMs),
      inventory: this.#inventory.take(),
      problems: [
        ...problems,
        ...misread,
        ...diskErrors.problems,
        ...this.#inventory.problems,
        ...lostEvents(this.name, lost),
      ],
    };
  }

  #listener(): EventListener {
    return {
      onEvent: (event) => {
        this.#journal.add(event);
        if (this.#options.wanted(event.domain.name)) this.#newcomers.apply(event);
      },
      onMissing: (name, error) => this.#options.onMissingEvent?.(name, error),
    };
  }

  /** What happened since the last reading, where there will be no other: the last that is told of its domains. */
  farewell(): Farewell {
    const listedAt = this.#options.clock.now();
    const events = this.#journal.until(listedAt);
    this.#journal.forget(events.length);
    return { gone: this.#history.update([], { events, listedAt }).gone, events };
  }

  /** Says goodbye to the daemon. Never rejects. */
  close(): Promise<void> {
    this.#newcomers.close();
    this.#local?.close();
    return this.#connector.close();
  }

  #stretchAfter(begunMs: number): number {
    const { schedule } = this.#collector;
    if (schedule === undefined) return 1;
    const tookMs = this.#options.clock.now().monotonicMs - begunMs;
    if (schedule.tookMs(tookMs)) this.#options.onStretch?.(schedule.stretch, tookMs);
    return schedule.stretch;
  }

  /** What the kernel has of the domains' processes; nothing of a hypervisor on another machine. */
  async #readLocal(
    { isLocal }: HypervisorSession,
    domains: readonly DomainRef[],
    processes: ReadonlyMap<string, DomainProcess>,
  ): Promise<ReadonlyMap<string, LocalReading>> {
    if (this.#local === undefined || !isLocal) return new Map();
    this.#sight.look(domains.filter(isActive), processes);
    const running = domains.flatMap((domain) => {
      const { uuid } = domain;
      const process = processes.get(uuid);
      if (process === undefined) return [];
      const description = this.#descriptions.get(uuid);
      return [{ uuid, process, description, nics: this.#descriptions.current(domain)?.nics }];
    });
    return this.#local.read(running);
  }

  async #processes(
    { processes }: HypervisorSession,
    domains: readonly DomainRef[],
  ): Promise<ReadonlyMap<string, DomainProcess>> {
    return this.#options.seesProcesses === false ? new Map() : processes.find(domains.filter(isActive));
  }
}

function withPart(statistics: DomainStatistics, part: DomainStatistics | undefined): DomainStatistics {
  return part === undefined ? statistics : mergeStatistics(statistics, part);
}
