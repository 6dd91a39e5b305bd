import type { Clock } from "../clock.ts";
import { KvmeterError } from "../errors.ts";
import { within } from "../within.ts";
import type { LibvirtConnection } from "./connection.ts";
import { isBlocked, type Probed } from "./control-probe.ts";
import { type Lanes, MONITOR_CALLS_LIMIT } from "./lanes.ts";
import { type Failure, problemsOf } from "./problems.ts";
import type { ControlInfo } from "./procedures/control-info.ts";
import type { DomainRef } from "./types.ts";

/** A reply above 32 MiB fails after the daemon has done all the work, and a late chunk is the unit of loss. */
const CHUNK_LIMIT = 50;

/** As many chunks as the daemon works on side by side; it has two or three cores' worth of waiting in each. */
const CHUNKS_WANTED = 3;

/** Below this a chunk costs more in round trips than it wins in parallel work. */
const CHUNK_MINIMUM = 10;

/** When a chunk is late; from then on it is looked at twice as often. */
export const LOOK_AFTER_MS = 1000;

/** What a round reads, as problems call it. */
export const WHAT = "the statistics";

/** How a round goes about its domains. */
export interface RoundOptions {
  /** For one call. One that goes to monitors gets two looks at least, whatever this says. */
  readonly timeoutMs: number;
  /** Default 1000: when a chunk is late and is looked at. */
  readonly lookAfterMs?: number | undefined;
  readonly clock: Clock;
  /**
   * Called before domains are asked in a round in which some turned out to hang, which seldom happens to one alone:
   * gives those that must not be asked after all.
   */
  readonly recheck?: ((domains: readonly DomainRef[]) => readonly DomainRef[]) | undefined;
  /** Ends the waiting. */
  readonly signal?: AbortSignal | undefined;
}

/** What a round of calls did not bring. A domain that vanished meanwhile is in none of the lists. */
export interface Collection {
  /** Domains whose QEMU turned out not to answer; with what CONTROL_INFO says, which is nothing of a locked one. */
  readonly hung: { readonly domain: DomainRef; readonly control: ControlInfo | undefined }[];
  /** Domains that `recheck` refused. */
  readonly refused: DomainRef[];
  /** Domains that were not asked, since too many calls are stuck already. */
  readonly unasked: DomainRef[];
  /** What went wrong with others. */
  readonly problems: Error[];
}

/** A call, or several in turn, for the domains of a chunk. What is asked under `signal` is abandoned with it. */
export type Asker = (
  domains: readonly DomainRef[],
  how: {
    readonly connection: LibvirtConnection;
    readonly timeoutMs: number;
    readonly signal: AbortSignal;
    /** Is told of every domain about which all has been said. */
    readonly onDone: (domain: DomainRef) => void;
  },
) => Promise<void>;

export interface Round {
  readonly lanes: Lanes;
  readonly options: RoundOptions;
  readonly ask: Asker;
  readonly collection: Omit<Collection, "problems">;
  readonly failures: Failure[];
  /** Chunks under way, one call each. */
  calls: number;
}

export function roundOf(lanes: Lanes, options: RoundOptions, ask: Asker): Round {
  return {
    lanes,
    options,
    ask,
    collection: { hung: [], refused: [], unasked: [] },
    failures: [],
    calls: 0,
  };
}

/** What a round that is over did not bring. */
export function collectionOf({ collection, failures }: Round): Collection {
  return { ...collection, problems: problemsOf(WHAT, failures) };
}

/** Asks chunk after chunk, as many at a time as may be at monitors; what is left then is unasked. */
export async function askAll(round: Round, chunks: readonly DomainRef[][]): Promise<void> {
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
function checked({ options: { recheck }, collection }: Round, domains: DomainRef[]): DomainRef[] {
  if (collection.hung.length === 0 || recheck === undefined) return domains;
  const refused = new Set(recheck(domains));
  collection.refused.push(...refused);
  return refused.size === 0 ? domains : domains.filter((domain) => !refused.has(domain));
}

/** Asks one chunk. Returns the domains that must be asked again, without those that hang. */
async function ask(round: Round, domains: DomainRef[]): Promise<DomainRef[]> {
  const { lanes, options, collection, failures } = round;
  const { lookAfterMs = LOOK_AFTER_MS } = options;
  const timeoutMs = Math.max(options.timeoutMs, 2 * lookAfterMs);
  const given = new AbortController();
  const { signal } = given;
  const onAbort = (): void => given.abort(options.signal?.reason);
  if (options.signal?.aborted === true) onAbort();
  options.signal?.addEventListener("abort", onAbort);
  const left = new Set(domains);
  const onDone = (domain: DomainRef): void => void left.delete(domain);
  try {
    const connection = lanes.free ?? (await lanes.ordinary());
    const call = round.ask(domains, { connection, timeoutMs, signal, onDone });
    const blocked = await blockedMembers(call, { lanes, domains: left, lookAfterMs });
    if (blocked.size > 0) {
      // From here on the call is stuck: it keeps its place until the daemon answers it.
      given.abort(new KvmeterError("LIBVIRT_DEADLINE", "no answer, and a domain of the chunk hangs"));
      call.catch(() => undefined);
      for (const domain of left) {
        if (blocked.has(domain.uuid)) collection.hung.push({ domain, control: blocked.get(domain.uuid) });
      }
      return [...left].filter(({ uuid }) => !blocked.has(uuid));
    }
    await call;
  } catch (error) {
    // Where it was the look that failed, the call is under way still: it is stuck like one at a domain that hangs.
    given.abort(error);
    failures.push({ domains: [...left], error });
  } finally {
    options.signal?.removeEventListener("abort", onAbort);
  }
  return [];
}

/** Waits for the call; the members at which it is stuck when it does not come back. */
async function blockedMembers(
  call: Promise<unknown>,
  { lanes, domains, lookAfterMs }: { lanes: Lanes; domains: ReadonlySet<DomainRef>; lookAfterMs: number },
): Promise<ReadonlyMap<string, ControlInfo | undefined>> {
  let isSettled = false;
  const onSettled = (): undefined => {
    isSettled = true;
  };
  const settled = call.then(onSettled, onSettled);
  for (let waitMs = lookAfterMs; ; waitMs = lookAfterMs / 2) {
    await within(settled, waitMs);
    if (isSettled) return new Map();
    const probed = await Promise.race([lanes.control.look([...domains]), settled]);
    if (probed === undefined || isSettled) return new Map();
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

export function singly(domains: readonly DomainRef[]): DomainRef[][] {
  return domains.map((domain) => [domain]);
}

/** As few chunks as the limit allows, but enough to keep the daemon busy where that pays: where it waits for QEMU. */
export function chunk(domains: readonly DomainRef[], goesToMonitors: boolean): DomainRef[][] {
  const count = Math.max(
    Math.ceil(domains.length / CHUNK_LIMIT),
    goesToMonitors ? Math.min(CHUNKS_WANTED, Math.floor(domains.length / CHUNK_MINIMUM)) : 0,
    domains.length === 0 ? 0 : 1,
  );
  const size = Math.ceil(domains.length / Math.max(count, 1));
  return Array.from({ length: count }, (_, index) => domains.slice(index * size, (index + 1) * size)).filter(
    (part) => part.length > 0,
  );
}
