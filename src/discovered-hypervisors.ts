import { hostname } from "node:os";

import { type ErrorCode, KvmeterError } from "./errors.ts";
import { readMachineId } from "./host/machine-id.ts";
import { findSockets, socketPatternOf, uriOfSocket } from "./libvirt/discover-sockets.ts";
import { type LibvirtUri, parseLibvirtUri } from "./libvirt/uri.ts";
import { Poller, type Source, type SourceOutcome } from "./poll.ts";
import type { DomainReading, HypervisorIdentity, HypervisorReading } from "./readings/domain.ts";
import type { ConnectionReading } from "./readings/hypervisor-facts.ts";
import { type Farewell, type HypervisorOptions, HypervisorSource } from "./readings/hypervisor-source.ts";

/** What can be read as one hypervisor. */
export type ReadableHypervisor = Source<HypervisorReading> &
  Pick<HypervisorSource, "connection" | "farewell">;

/** The part of a reading that one daemon contributes. */
type Share = Pick<HypervisorReading, "domains" | "gone" | "events" | "problems">;

/** Of an interval, the longest that one daemon is waited for: the others' domains have to be told in time. */
const MEMBER_SHARE = 0.5;
/** Far more than a machine has virtual machines. */
const MEMBERS_LIMIT = 1000;
const TOLD_PROBLEMS = 3;

/** A socket without a daemon is what is left of one. */
const ABANDONED: ReadonlySet<ErrorCode> = new Set(["LIBVIRT_SOCKET_MISSING", "LIBVIRT_SOCKET_REFUSED"]);

/** The hypervisor of a URI, or all daemons that its pattern finds. */
export function createHypervisorSource(options: HypervisorOptions): ReadableHypervisor {
  const uri = parseLibvirtUri(options.uri);
  const pattern = socketPatternOf(uri);
  return pattern === undefined
    ? new HypervisorSource(options)
    : new DiscoveredHypervisors(options, { uri, pattern });
}

/**
 * The daemons of one machine of which each has a virtual machine or a few, as one hypervisor: their domains are this
 * machine's. Looks for sockets before each reading. A daemon that is late or fails costs its own domains' values; one
 * that is gone takes its domains with it.
 */
class DiscoveredHypervisors implements ReadableHypervisor {
  readonly name: string;
  readonly #options: HypervisorOptions;
  readonly #uri: LibvirtUri;
  readonly #pattern: string;
  readonly #deadlineMs: number;
  /** By their sockets' paths, in the order of `#sources`. */
  readonly #members = new Map<string, HypervisorSource>();
  /** The poller's: changed in place. */
  readonly #sources: HypervisorSource[] = [];
  readonly #poller: Poller<HypervisorReading>;
  readonly #last = new Map<string, HypervisorReading>();
  /** What there is left to tell of daemons that are gone. */
  #departed: Share[] = [];
  #identity: HypervisorIdentity | undefined;
  #isReached = false;
  #facts: ConnectionReading["facts"];

  constructor(options: HypervisorOptions, { uri, pattern }: { uri: LibvirtUri; pattern: string }) {
    const { pace, timeoutMs } = options;
    this.name = options.uri;
    this.#options = { ...options, inventory: undefined, onNotice: once(options.onNotice) };
    this.#uri = uri;
    this.#pattern = pattern;
    this.#deadlineMs = pace === undefined ? 2 * timeoutMs : MEMBER_SHARE * pace.cycleMs;
    this.#poller = new Poller(this.#sources, options.clock, { info: () => undefined, warn: () => undefined });
  }

  /** What is told of all of them: they are reached while their sockets can be found and not all of them fail. */
  get connection(): ConnectionReading | undefined {
    if (this.#identity === undefined) return undefined;
    for (const { connection } of this.#sources) this.#facts = connection?.facts ?? this.#facts;
    return {
      uri: this.name,
      at: this.#options.clock.now(),
      connected: this.#isReached,
      identity: this.#identity,
      facts: this.#facts,
    };
  }

  /**
   * One reading of all of them; none at all is no error.
   * @throws KvmeterError what findSockets() throws; when not one of them can be read, what the first one throws
   */
  async read(signal: AbortSignal): Promise<HypervisorReading> {
    this.#isReached = false;
    const identity = (this.#identity ??= { hostName: hostname(), hostId: await readMachineId() });
    const sockets = await findSockets(this.#pattern);
    const listedAt = this.#options.clock.now();
    this.#follow(sockets.slice(0, MEMBERS_LIMIT));
    const paths = [...this.#members.keys()];
    const outcomes = await this.#poller.poll(this.#deadlineMs, signal);
    const readings = outcomes.flatMap(({ reading }) => reading ?? []);
    // There will be no other reading: what these have of events is left to farewell().
    if (signal.aborted) this.#departed.push(...readings);
    signal.throwIfAborted();
    const living = outcomes.map((outcome, index) => this.#shareOf(paths[index] ?? "", outcome));
    const problems = [...living.flatMap((share) => share.problems), ...overLimit(sockets.length)];
    if (readings.length === 0 && problems[0] !== undefined) throw problems[0];
    const shares = [...this.#departed, ...living];
    this.#departed = [];
    this.#isReached = true;
    const domains = withoutTwins(shares.flatMap((share) => share.domains));
    const present = new Set(domains.map(({ uuid }) => uuid));
    return {
      identity,
      listedAt,
      domains,
      gone: shares.flatMap(({ gone = [] }) => gone).filter(({ uuid }) => !present.has(uuid)),
      events: shares.flatMap(({ events = [] }) => events),
      unknownFields: sumOf(readings.map(({ unknownFields }) => unknownFields)),
      stretch: Math.max(1, ...readings.map(({ stretch }) => stretch)),
      problems: abridged(problems),
    };
  }

  farewell(): Farewell {
    const farewells = [...this.#departed, ...this.#sources.flatMap((source) => this.#lastOf(source))];
    return {
      gone: farewells.flatMap(({ gone = [] }) => gone),
      events: farewells.flatMap(({ events = [] }) => events),
    };
  }

  /** Says goodbye to all of them. Never rejects. */
  async close(): Promise<void> {
    await Promise.all(this.#sources.map((source) => source.close()));
  }

  /** Takes in who came, and lets go of who went. */
  #follow(sockets: readonly string[]): void {
    const found = new Set(sockets);
    for (const [path, source] of this.#members) {
      if (found.has(path)) continue;
      this.#members.delete(path);
      this.#last.delete(path);
      this.#departed.push(...this.#lastOf(source));
      void source.close();
    }
    for (const path of found) {
      if (this.#members.has(path)) continue;
      const uri = uriOfSocket(this.#uri, path);
      this.#members.set(path, new HypervisorSource({ ...this.#options, uri }));
    }
    this.#sources.splice(0, Infinity, ...this.#members.values());
  }

  /** What is left to tell of a daemon that is not polled any more: its late reading, and what happened since. */
  #lastOf(source: HypervisorSource): Share[] {
    const untaken = this.#poller.untaken(source);
    const last = farewellOf(source);
    return untaken === undefined ? [last] : [{ ...untaken, domains: [], problems: [] }, last];
  }

  #shareOf(path: string, { reading, error }: SourceOutcome<HypervisorReading>): Share {
    if (reading !== undefined) {
      this.#last.set(path, reading);
      return reading;
    }
    const source = this.#members.get(path);
    if (source !== undefined && error instanceof KvmeterError && ABANDONED.has(error.code)) {
      this.#last.delete(path);
      return farewellOf(source);
    }
    const last = this.#last.get(path);
    // A daemon that has just started takes its time; if it never answers, its calls say so.
    if (last === undefined && error instanceof KvmeterError && error.code === "SOURCE_DEADLINE") {
      return { domains: [], problems: [] };
    }
    const domains = last?.domains ?? [];
    return { domains: domains.map(unread), problems: error === undefined ? [] : [error] };
  }
}

/** What one of them cannot read, the others cannot either. */
function once(tell: HypervisorOptions["onNotice"]): (notice: string) => void {
  const told = new Set<string>();
  return (notice) => {
    if (told.has(notice)) return;
    told.add(notice);
    tell?.(notice);
  };
}

function farewellOf(source: HypervisorSource): Share {
  return { ...source.farewell(), domains: [], problems: [] };
}

/** Not read is not gone. */
function unread(domain: DomainReading): DomainReading {
  return { ...domain, statistics: { readAt: {}, items: {} } };
}

/** Of a virtual machine that was started anew on this machine, what is left of its last run may be there as well. */
function withoutTwins(domains: readonly DomainReading[]): DomainReading[] {
  const byUuid = new Map<string, DomainReading>();
  for (const domain of domains) {
    const twin = byUuid.get(domain.uuid);
    if (twin === undefined || (twin.id < 0 && domain.id >= 0)) byUuid.set(domain.uuid, domain);
  }
  return [...byUuid.values()];
}

function sumOf(counts: readonly ReadonlyMap<string, number>[]): Map<string, number> {
  const sum = new Map<string, number>();
  for (const [name, count] of counts.flatMap((one) => [...one])) {
    sum.set(name, (sum.get(name) ?? 0) + count);
  }
  return sum;
}

function overLimit(found: number): Error[] {
  if (found <= MEMBERS_LIMIT) return [];
  const text = `Cannot read more than ${MEMBERS_LIMIT} daemons: current value is ${found}; use a narrower pattern`;
  return [new KvmeterError("LIBVIRT_CONNECT", text)];
}

/** What is wrong with one is often wrong with all. */
function abridged(problems: readonly Error[]): Error[] {
  const told = problems.slice(0, TOLD_PROBLEMS);
  const rest = problems.length - told.length;
  return rest === 0
    ? told
    : [...told, new KvmeterError("LIBVIRT_CONNECT", `and ${rest} more daemons like these`)];
}
