import type { Instant } from "../clock.ts";
import {
  askAll,
  type Asker,
  chunk,
  type Collection,
  collectionOf,
  LOOK_AFTER_MS,
  roundOf,
  type RoundOptions,
  singly,
  WHAT,
} from "./collect-round.ts";
import { LibvirtDeadlineError, LibvirtError, LibvirtErrorCode } from "./errors.ts";
import type { Lanes } from "./lanes.ts";
import { type Failure, problemsOf } from "./problems.ts";
import { blockStatsFlags } from "./procedures/block-stats-flags.ts";
import { getAllDomainStatsOf, StatsFlags, StatsGroups } from "./procedures/get-all-domain-stats.ts";
import type { FieldFilter } from "./typed-parameters.ts";
import type { DomainRef, DomainStatsRecord, TypedParameter } from "./types.ts";

/** Groups that the daemon knows without asking QEMU; perf counters are the kernel's, memory's the resctrl files. */
const MONITORLESS_GROUPS = StatsGroups.state | StatsGroups.interface | StatsGroups.perf | StatsGroups.memory;

/** What to ask by bulk calls. */
export interface BulkOptions {
  /** The fields that records are to have; all unless given. */
  readonly isWanted?: FieldFilter;
  /**
   * Takes one domain's statistics with the moment at which they arrived. Called as soon as their chunk is there, so
   * that a large host's parameters are not all held at once: with KVM's own statistics a domain has some hundred.
   */
  readonly onRecord: (record: DomainStatsRecord, readAt: Instant) => void;
}

/** What to ask, of whom, and how long to wait for each call. */
export interface CollectRequest extends RoundOptions, BulkOptions {
  readonly domains: readonly DomainRef[];
  /** Asked after all others, each by a call of its own. */
  readonly alone?: readonly DomainRef[];
  /** Most likely hung: asked last of all, one at a time, and only while no call is stuck. */
  readonly suspects?: readonly DomainRef[];
  /** Mask of statistics groups for a domain; 0: it is not asked. Domains with the same share calls. */
  readonly groupsOf: (domain: DomainRef) => number;
}

/** Which disks' counters to ask. */
export interface DiskRequest extends RoundOptions {
  readonly domains: readonly DomainRef[];
  /** Their targets, as `vda`. */
  readonly disksOf: (domain: DomainRef) => readonly string[];
  /** Takes the counters of all of a domain's disks, in their order. */
  readonly onCounters: (
    domain: DomainRef,
    counters: readonly (readonly TypedParameter[])[],
    readAt: Instant,
  ) => void;
  /** The daemon does not tell the counters of one of its disks; it has just been unplugged, or is of such a kind. */
  readonly onRefused: (domain: DomainRef) => void;
}

/**
 * Reads bulk statistics of the given domains in chunks, a few side by side. NOWAIT keeps the daemon from waiting up
 * to 30 s for every domain that somebody else is busy with, but a call that is itself at a hung QEMU never comes
 * back. So when a chunk is late its members are looked at: one whose monitor is occupied for long is hung, and all
 * others are asked again at once. A chunk that is only slow has no such member and is waited for.
 */
export async function collectStatistics(lanes: Lanes, request: CollectRequest): Promise<Collection> {
  const { groupsOf, alone = [], suspects = [] } = request;
  const round = roundOf(lanes, request, bulkAsker(request));
  const alike = Map.groupBy(request.domains, groupsOf);
  alike.delete(0);
  await askAll(
    round,
    Array.from(alike, ([groups, domains]) => chunk(domains, hasMonitorGroups(groups))).flat(),
  );
  await askAll(round, singly(alone.filter(groupsOf)));
  for (const domain of suspects.filter(groupsOf)) {
    if (lanes.stuck > 0) round.collection.unasked.push(domain);
    else await askAll(round, [[domain]]);
  }
  return collectionOf(round);
}

/**
 * Reads the I/O counters of domains' disks one by one, a few side by side: one monitor command for each, where the
 * block group of the bulk statistics takes three for each domain. A disk of a domain that hangs is found like there.
 */
export async function collectDisks(lanes: Lanes, request: DiskRequest): Promise<Collection> {
  const round = roundOf(lanes, request, diskAsker(request));
  await askAll(round, chunk(request.domains, true));
  return collectionOf(round);
}

type MonitorlessRequest = BulkOptions &
  Pick<RoundOptions, "timeoutMs" | "clock" | "signal"> & {
    readonly domains: readonly DomainRef[];
    /** Mask of statistics groups. */
    readonly groups: number;
  };

/**
 * Reads those of the groups that the daemon knows without asking QEMU: of domains that hang, or that do not run. One
 * call at a time. A domain that the daemon has locked since it was looked at holds up even this; it is left out then.
 */
export async function collectMonitorless(lanes: Lanes, request: MonitorlessRequest): Promise<Error[]> {
  const failures: Failure[] = [];
  for (const domains of chunk(request.domains, false)) {
    try {
      await askMonitorless(lanes, request, domains);
    } catch (error) {
      failures.push({ domains, error });
    }
  }
  return problemsOf(WHAT, failures);
}

async function askMonitorless(
  lanes: Lanes,
  request: Omit<MonitorlessRequest, "domains">,
  domains: readonly DomainRef[],
): Promise<void> {
  const { groups, isWanted, timeoutMs, clock, signal } = request;
  const connection = lanes.free ?? (await lanes.ordinary());
  try {
    const replies = await connection.call(
      getAllDomainStatsOf(isWanted),
      { domains, groups: groups & MONITORLESS_GROUPS, flags: StatsFlags.nowait },
      { timeoutMs: Math.min(timeoutMs, LOOK_AFTER_MS), signal },
    );
    const readAt = clock.now();
    for (const record of replies) request.onRecord(record, readAt);
  } catch (error) {
    if (!(error instanceof LibvirtDeadlineError)) throw error;
    const { locked } = await lanes.control.look(domains, signal);
    const others = domains.filter(({ uuid }) => !locked.has(uuid));
    if (others.length === domains.length) throw error;
    if (others.length > 0) await askMonitorless(lanes, request, others);
  }
}

function bulkAsker({ groupsOf, isWanted, clock, onRecord }: CollectRequest): Asker {
  const procedure = getAllDomainStatsOf(isWanted);
  return async (domains, { connection, timeoutMs, signal, onDone }) => {
    const [first] = domains;
    if (first === undefined) return;
    const args = { domains, groups: groupsOf(first), flags: StatsFlags.nowait };
    const read = async (): Promise<void> => {
      const replies = await connection.call(procedure, args, { timeoutMs, signal });
      const readAt = clock.now();
      for (const record of replies) onRecord(record, readAt);
      for (const domain of domains) onDone(domain);
    };
    try {
      await read();
    } catch (error) {
      // One QEMU that ends while it is asked fails the call for all (measured: code 38); by now it is gone.
      if (!(error instanceof LibvirtError)) throw error;
      await read();
    }
  };
}

function diskAsker({ disksOf, clock, onCounters, onRefused }: DiskRequest): Asker {
  return async (domains, { connection, timeoutMs, signal, onDone }) => {
    for (const domain of domains) {
      try {
        const counters: (readonly TypedParameter[])[] = [];
        for (const disk of disksOf(domain)) {
          counters.push(await connection.call(blockStatsFlags, { domain, disk }, { timeoutMs, signal }));
        }
        onCounters(domain, counters, clock.now());
      } catch (error) {
        if (!(error instanceof LibvirtError)) throw error;
        if (error.libvirtCode !== LibvirtErrorCode.noDomain) onRefused(domain);
      }
      onDone(domain);
    }
  };
}

function hasMonitorGroups(groups: number): boolean {
  return (groups & ~MONITORLESS_GROUPS) !== 0;
}
