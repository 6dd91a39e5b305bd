import type { Clock, Instant } from "../clock.ts";
import { KvmeterError, messageOf } from "../errors.ts";
import type { LibvirtConnection } from "./connection.ts";
import { LibvirtError } from "./errors.ts";
import { getAllDomainStatsOf, StatsFlags } from "./procedures/get-all-domain-stats.ts";
import type { FieldFilter } from "./typed-parameters.ts";
import type { DomainRef, DomainStatsRecord } from "./types.ts";

/** A reply above 32 MiB fails after the daemon has done all the work, and a late chunk is the unit of loss. */
const CHUNK_LIMIT = 50;

/** Three bulk calls side by side use a daemon fully; a fourth slot stays free for what must not wait behind them. */
const IN_FLIGHT = 3;

/** Below this a chunk costs more in round trips than it wins in parallel work. */
const CHUNK_MINIMUM = 10;

/** What to ask, of whom, and how long to wait for each call. */
export interface CollectRequest {
  readonly domains: readonly DomainRef[];
  /** Mask of statistics groups. */
  readonly groups: number;
  /** The fields that records are to have; all unless given. */
  readonly isWanted?: FieldFilter;
  readonly deadlineMs: number;
  readonly clock: Clock;
  /**
   * Takes one domain's statistics with the moment at which they arrived. Called as soon as their chunk is there, so
   * that a large host's parameters are not all held at once: with KVM's own statistics a domain has some hundred.
   */
  readonly onRecord: (record: DomainStatsRecord, readAt: Instant) => void;
}

/**
 * Reads bulk statistics of the given domains in chunks, a few side by side on one connection. NOWAIT keeps the
 * daemon from waiting up to 30 s for every domain that somebody else is busy with. A chunk that fails twice or is
 * late costs its own domains and nobody else's: for each there is one error in the result, naming its domains. A
 * domain that vanished meanwhile is in neither.
 */
export async function collectStatistics(
  connection: LibvirtConnection,
  request: CollectRequest,
): Promise<Error[]> {
  const problems: Error[] = [];
  const chunks = chunk(request.domains).values();
  const procedure = getAllDomainStatsOf(request.isWanted);

  function ask(domains: readonly DomainRef[]): Promise<DomainStatsRecord[]> {
    return connection.call(
      procedure,
      { domains, groups: request.groups, flags: StatsFlags.nowait },
      { timeoutMs: request.deadlineMs },
    );
  }

  async function work(): Promise<void> {
    for (const domains of chunks) {
      try {
        const replies = await ask(domains).catch((error: unknown) => {
          // One QEMU that ends while it is asked fails the call for all (measured: code 38); by now it is gone.
          if (error instanceof LibvirtError) return ask(domains);
          throw error;
        });
        const readAt = request.clock.now();
        for (const record of replies) request.onRecord(record, readAt);
      } catch (error) {
        problems.push(chunkError(domains, error));
      }
    }
  }

  await Promise.all(Array.from({ length: IN_FLIGHT }, work));
  return problems;
}

/** As few chunks as the limit allows, but enough to keep every slot busy where that pays. */
function chunk(domains: readonly DomainRef[]): DomainRef[][] {
  const count = Math.max(
    Math.ceil(domains.length / CHUNK_LIMIT),
    Math.min(IN_FLIGHT, Math.floor(domains.length / CHUNK_MINIMUM)),
    domains.length === 0 ? 0 : 1,
  );
  const size = Math.ceil(domains.length / Math.max(count, 1));
  return Array.from({ length: count }, (_, index) => domains.slice(index * size, (index + 1) * size)).filter(
    (part) => part.length > 0,
  );
}

function chunkError(domains: readonly DomainRef[], error: unknown): Error {
  const first = domains[0]?.name ?? "";
  const others = domains.length > 1 ? ` and ${domains.length - 1} more` : "";
  return new KvmeterError(
    error instanceof KvmeterError ? error.code : "LIBVIRT_REPLY",
    `Cannot read the statistics of ${first}${others}: ${messageOf(error)}`,
    { cause: error },
  );
}
