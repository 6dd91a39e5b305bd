import { dirname } from "node:path";

import type { Clock, Instant } from "../clock.ts";
import { readMachineId } from "../host/machine-id.ts";
import { collectStatistics } from "../libvirt/collect.ts";
import { connect } from "../libvirt/connect.ts";
import type { LibvirtConnection } from "../libvirt/connection.ts";
import { StatsGroups } from "../libvirt/procedures/get-all-domain-stats.ts";
import { getHostname } from "../libvirt/procedures/get-hostname.ts";
import { listAllDomains } from "../libvirt/procedures/list-all-domains.ts";
import { LibvirtStatistics } from "../libvirt/statistics.ts";
import type { DomainRef, DomainStatsRecord } from "../libvirt/types.ts";
import { DescriptionCache } from "./description-cache.ts";
import { createProcessFinder, NO_PROCESSES, type ProcessFinder } from "./domain-process.ts";
import type { DomainReading, HypervisorIdentity, HypervisorReading } from "./domain.ts";
import { createStatisticsReader, type StatisticsReader } from "./read-statistics.ts";
import type { DomainStatistics, StatisticsScope } from "./statistics.ts";

export interface HypervisorOptions {
  /** As `virsh -c` takes it. */
  readonly uri: string;
  /** Longest time that one call may take. */
  readonly timeoutMs: number;
  /** {@link StatsGroups}, or-ed: what the chosen metrics need. */
  readonly groups: number;
  /** Scopes of which nothing is made: see {@link StatisticsReaderOptions}. */
  readonly unusedScopes?: ReadonlySet<StatisticsScope>;
  /** Is the domain of this name to be read? */
  readonly wanted: (domainName: string) => boolean;
  readonly clock: Clock;
  /** Where its calls are counted; one of its own unless given. */
  readonly calls?: LibvirtStatistics;
}

/**
 * What is asked of a domain that does not run: that it does not. Its other groups have little to say, and the block
 * group would open its images, which on a dead storage takes for ever.
 */
const INACTIVE_GROUPS = StatsGroups.state;

const NOTHING_READ: DomainStatistics = { readAt: {}, items: {} };

interface Session {
  readonly connection: LibvirtConnection;
  readonly identity: HypervisorIdentity;
  readonly processes: ProcessFinder;
}

/**
 * Reads one hypervisor, a cycle at a time: its domains, their statistics, what their XML calls things, and their
 * QEMU processes. Connects at the first read, and again at the next read after the connection was lost.
 */
export class HypervisorSource {
  readonly name: string;
  readonly #calls: LibvirtStatistics;
  readonly #options: HypervisorOptions;
  readonly #reader: StatisticsReader;
  readonly #descriptions = new DescriptionCache();
  #session: Session | undefined;

  constructor(options: HypervisorOptions) {
    this.#options = options;
    this.name = options.uri;
    this.#calls = options.calls ?? new LibvirtStatistics();
    this.#reader = createStatisticsReader({ unusedScopes: options.unusedScopes });
  }

  /**
   * One reading. A domain whose statistics could not be read is in it without any, and `problems` says why.
   * @throws KvmeterError when the daemon cannot be reached or does not list its domains
   */
  async read(signal: AbortSignal): Promise<HypervisorReading> {
    const { connection, identity, processes } = await this.#connected(signal);
    const listedAt = this.#options.clock.now();
    const listed = await connection.call(listAllDomains, { flags: 0 }, { signal });
    const domains = listed.filter(({ name }) => this.#options.wanted(name));
    const { statistics, problems } = await this.#collect(connection, domains);
    problems.push(...(await this.#descriptions.refresh(connection, domains, statistics)));
    const running = await processes.find(domains.filter(isActive));
    return {
      identity,
      listedAt,
      domains: domains.map(({ uuid, name, id }): DomainReading => ({
        uuid,
        name,
        id,
        description: this.#descriptions.get(uuid),
        process: running.get(uuid),
        statistics: statistics.get(uuid) ?? NOTHING_READ,
      })),
      unknownFields: this.#reader.takeUnknownFields(),
      problems,
    };
  }

  async close(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    await session?.connection.close();
  }

  async #collect(
    connection: LibvirtConnection,
    domains: readonly DomainRef[],
  ): Promise<{ statistics: Map<string, DomainStatistics>; problems: Error[] }> {
    const { groups, timeoutMs: deadlineMs, clock } = this.#options;
    const statistics = new Map<string, DomainStatistics>();
    const onRecord = ({ domain, parameters }: DomainStatsRecord, readAt: Instant): void => {
      statistics.set(domain.uuid, this.#reader.read(parameters, readAt, { inactive: !isActive(domain) }));
    };
    const active = domains.filter(isActive);
    const inactive = domains.filter((domain) => !isActive(domain));
    const shared = { isWanted: this.#reader.uses, deadlineMs, clock, onRecord };
    const problems = [
      ...(await collectStatistics(connection, { domains: active, groups, ...shared })),
      ...(await collectStatistics(connection, { domains: inactive, groups: INACTIVE_GROUPS, ...shared })),
    ];
    return { statistics, problems };
  }

  async #connected(signal: AbortSignal): Promise<Session> {
    if (this.#session !== undefined) return this.#session;
    const { uri, timeoutMs } = this.#options;
    const connection = await connect(uri, { timeoutMs, signal, statistics: this.#calls });
    try {
      const hostName = await connection.call(getHostname, undefined, { signal });
      const { socketPath } = connection;
      const hostId = socketPath === undefined ? undefined : await readMachineId();
      const identity = { hostName, hostId };
      const processes =
        socketPath === undefined ? NO_PROCESSES : createProcessFinder({ runDirectory: dirname(socketPath) });
      this.#session = { connection, identity, processes };
      void this.#forgetWhenClosed(this.#session);
      return this.#session;
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  async #forgetWhenClosed(session: Session): Promise<void> {
    await session.connection.closed;
    if (this.#session === session) this.#session = undefined;
  }
}

/** Does it run? An inactive domain has no id. */
function isActive({ id }: DomainRef): boolean {
  return id !== -1;
}
