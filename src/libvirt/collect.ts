import { setTimeout as sleep } from "node:timers/promises";

import type { Clock, Instant } from "../clock.ts";
import { type ErrorCode, KvmeterError, messageOf } from "../errors.ts";
import { isBlocked, type Probed } from "./control-probe.ts";
import { LibvirtDeadlineError, LibvirtError } from "./errors.ts";
import { type Lanes, MONITOR_CALLS_LIMIT } from "./lanes.ts";
import type { ControlInfo } from "./procedures/control-info.ts";
import { getAllDomainStatsOf, StatsFlags, StatsGroups } from "./procedures/get-all-domain-stats.ts";
import type { FieldFilter } from "./typed-parameters.ts";
import type { DomainRef, DomainStatsRecord } from "./types.ts";

/** A reply above 32 MiB fails after the daemon has done all the work, and a late chunk is the unit of loss. */
const CHUNK_LIMIT = 50;

/** As many chunks as the daemon works on side by side; it has two or three cores' worth of waiting in each. */
const CHUNKS_WANTED = 3;

/** Below this a chunk costs more in round trips than it wins in parallel work. */
const CHUNK_MINIMUM = 10;

/** When a chunk is late; from then on it is looked at twice as often. */
const LOOK_AFTER_MS = 1000;

/** Groups that the daemon knows without asking QEMU; perf counters are the kernel's, memory's the resctrl files. */
const MONITORLESS_GROUPS = StatsGroups.state | StatsGroups.interface | StatsGroups.perf | StatsGroups.memory;

/** What to ask, of whom, and how long to wait for each call. */
export interface CollectRequest {
  readonly domains: readonly DomainRef[];
  /** Asked after all others, each by a call of its own. */
  readonly alone?: readonly DomainRef[];
  /** Most likely hung: asked last of all, one at a time, and only while no call is stuck. */
  readonly suspects?: readonly DomainRef[];
  /** Mask of statistics groups. */
  readonly groups: number;
  /** The fields that records are to have; all unless given. */
  readonly isWanted?: FieldFilter;
  /** For one call. One that goes to monitors gets two looks at least, whatever this says. */
  readonly timeoutMs: number;
  /** Default 1000: when a chunk is late and is looked at. */
  readonly lookAfterMs?: number | undefined;
  readonly clock: Clock;
  /**
   * Takes one domain's statistics with the moment at which they arrived. Called as soon as their chunk is there, so
   * that a large host's parameters are not all held at once: with KVM's own statistics a domain has some hundred.
   */
  readonly onRecord: (record: DomainStatsRecord, readAt: Instant) => void;
  /**
   * Called before domains are asked in a round in which some turned out to hang, which seldom happens to one alone:
   * gives those that must not be asked after all.
   */
  readonly recheck?: ((domains: readonly DomainRef[]) => readonly DomainRef[]) | undefined;
  /** Ends the waiting. */
  readonly signal?: AbortSignal | undefined;
}

/** What a round of bulk calls did not bring. A domain that vanished meanwhile is in none of the lists. */
export interface Collection {
  /** Domains whose QEMU turned out not to answer; with what CONTROL_INFO says, which is nothing of a locked one. */
  readonly hung: { readonly domain: DomainRef; readonly control: ControlInfo | undefined }[];
  /** Domains that `recheck` refused. */
  readonly refused: DomainRef[];
  /** Domains that were not asked, since too many calls are stuck already. */
  readonly unasked: DomainRef[];
  /** One error per chunk that failed, naming its domains. */
  readonly problems: Error[];
}

/**
 * Reads bulk statistics of the given domains in chunks, a few side by side. NOWAIT keeps the daemon from waiting up
 * to 30 s for every domain that somebody else is busy with, but a call that is itself at a hung QEMU never comes
 * back. So when a chunk is late its members are looked at: one whose monitor is occupied for long is hung, and all
 * others are asked again at once. A chunk that is only slow has no such member and is waited for.
 */
export async function collectStatistics(lanes: Lanes, request: CollectRequest): Promise<Collection> {
  const collection: Collection = { hung: [], refused: [], unasked: [], problems: [] };
  const round = { lanes, request, collection, calls: 0 };
  await askAll(round, chunk(request.domains));
  await askAll(round, singly(request.alone ?? []));
  for (const domain of request.suspects ?? []) {
    if (lanes.stuck > 0) collection.unasked.push(domain);
    else await askAll(round, [[domain]]);
  }
  return collection;
}

/**
 * Reads those of the groups that the daemon knows without asking QEMU: of domains that hang, or that do not run. One
 * call at a time. A domain that the daemon has locked since it was looked at holds up even this; it is left out then.
 */
export async function collectMonitorless(
  lanes: Lanes,
  request: Omit<CollectRequest, "alone" | "suspects" | "lookAfterMs" | "recheck">,
): Promise<Error[]> {
  const problems: Error[] = [];
  for (const domains of chunk(request.domains)) {
    try {
      await askMonitorless(lanes, request, domains);
    } catch (error) {
      problems.push(chunkError(domains, error));
    }
  }
  return problems;
}

async function askMonitorless(
  lanes: Lanes,
  request: Pick<CollectRequest, "groups" | "isWanted" | "timeoutMs" | "clock" | "signal" | "onRecord">,
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

interface Round {
  readonly lanes: Lanes;
  readonly request: CollectRequest;
  readonly collection: Collection;
  /** Bulk calls under way. */
  calls: number;
}

/** Asks chunk after chunk, as many at a time as may be at monitors; what is left then is unasked. */
async function askAll(round: Round, chunks: readonly DomainRef[][]): Promise<void> {
  const waiting = [...chunks];
  async function work(): Promise<void> {
    while (round.calls < round.lanes.monitorCalls) {
      let domains = waiting.shift();
      if (domains === undefined) return;
      if (round.lanes.stuck === MONITOR_CALLS_LIMIT - 1 && domains.length > 1) {
        // The last call that may get stuck: what was read before it does is not lost.
        waiting.unshift(...singly(domains.slice(1)));
        domains = domains.slice(0, 1);
      }
      domains = checked(round, domains);
      if (domains.length === 0) continue;
      round.calls += 1;
      const again = await ask(round, domains);
      round.calls -= 1;
      if (again.length > 0) waiting.push(again);
    }
  }
  await Promise.all(Array.from({ length: CHUNKS_WANTED }, work));
  round.collection.unasked.push(...waiting.flat());
}

/** The domains that may be asked still. */
function checked({ request: { recheck }, collection }: Round, domains: DomainRef[]): DomainRef[] {
  if (collection.hung.length === 0 || recheck === undefined) return domains;
  const refused = new Set(recheck(domains));
  collection.refused.push(...refused);
  return refused.size === 0 ? domains : domains.filter((domain) => !refused.has(domain));
}

/** Asks one chunk. Returns the domains that must be asked again, without those that hang. */
async function ask({ lanes, request, collection }: Round, domains: DomainRef[]): Promise<DomainRef[]> {
  const { groups, isWanted, lookAfterMs = LOOK_AFTER_MS, clock } = request;
  const timeoutMs = Math.max(request.timeoutMs, 2 * lookAfterMs);
  const given = new AbortController();
  const signal =
    request.signal === undefined ? given.signal : AbortSignal.any([given.signal, request.signal]);
  try {
    const connection = lanes.free ?? (await lanes.ordinary());
    const procedure = getAllDomainStatsOf(isWanted);
    const read = async () => {
      const args = { domains, groups, flags: StatsFlags.nowait };
      const replies = await connection.call(procedure, args, { timeoutMs, signal });
      return { replies, readAt: clock.now() };
    };
    const call = read().catch((error: unknown) => {
      // One QEMU that ends while it is asked fails the call for all (measured: code 38); by now it is gone.
      if (error instanceof LibvirtError) return read();
      throw error;
    });
    const blocked = await blockedMembers(call, { lanes, domains, lookAfterMs });
    if (blocked.size > 0) {
      // From here on the call is stuck: it keeps its place until the daemon answers it.
      given.abort(new KvmeterError("LIBVIRT_DEADLINE", "no answer, and a domain of the chunk hangs"));
      call.catch(() => undefined);
      for (const domain of domains) {
        if (blocked.has(domain.uuid)) collection.hung.push({ domain, control: blocked.get(domain.uuid) });
      }
      return domains.filter(({ uuid }) => !blocked.has(uuid));
    }
    const { replies, readAt } = await call;
    for (const record of replies) request.onRecord(record, readAt);
  } catch (error) {
    collection.problems.push(chunkError(domains, error));
  }
  return [];
}

/** Waits for the call; the members at which it is stuck when it does not come back. */
async function blockedMembers(
  call: Promise<unknown>,
  { lanes, domains, lookAfterMs }: { lanes: Lanes; domains: readonly DomainRef[]; lookAfterMs: number },
): Promise<ReadonlyMap<string, ControlInfo | undefined>> {
  const timer = new AbortController();
  const settled = call
    .catch(() => undefined)
    .then(() => {
      timer.abort();
      return undefined;
    });
  for (let waitMs = lookAfterMs; ; waitMs = lookAfterMs / 2) {
    await sleep(waitMs, undefined, { signal: timer.signal }).catch(() => undefined);
    if (timer.signal.aborted) return new Map();
    const probed = await Promise.race([lanes.control.look(domains), settled]);
    if (probed === undefined || timer.signal.aborted) return new Map();
    const blocked = blockedOf(probed);
    if (blocked.size > 0) return blocked;
  }
}

function blockedOf({ infos, locked }: Probed): ReadonlyMap<string, ControlInfo | undefined> {
  const blocked = new Map<string, ControlInfo | undefined>();
  for (const uuid of locked) blocked.set(uuid, undefined);
  for (const [uuid, info] of infos) if (isBlocked(info)) blocked.set(uuid, info);
  return blocked;
}

function singly(domains: readonly DomainRef[]): DomainRef[][] {
  return domains.map((domain) => [domain]);
}

/** As few chunks as the limit allows, but enough to keep the daemon busy where that pays. */
function chunk(domains: readonly DomainRef[]): DomainRef[][] {
  const count = Math.max(
    Math.ceil(domains.length / CHUNK_LIMIT),
    Math.min(CHUNKS_WANTED, Math.floor(domains.length / CHUNK_MINIMUM)),
    domains.length === 0 ? 0 : 1,
  );
  const size = Math.ceil(domains.length / Math.max(count, 1));
  return Array.from({ length: count }, (_, index) => domains.slice(index * size, (index + 1) * size)).filter(
    (part) => part.length > 0,
  );
}

function chunkError(domains: readonly DomainRef[], error: unknown): Error {
  const code: ErrorCode = error instanceof KvmeterError ? error.code : "LIBVIRT_REPLY";
  const text = `Cannot read the statistics of ${nameSome(domains)}: ${messageOf(error)}`;
  return new KvmeterError(code, text, { cause: error });
}

/** Domains in words, however many they are. */
export function nameSome(domains: readonly Pick<DomainRef, "name">[]): string {
  const named = domains.slice(0, 3).map(({ name }) => name);
  const others = domains.length - named.length;
  return others > 0 ? `${named.join(", ")} and ${others} more` : named.join(", ");
}
