import type { Integer } from "../integer.ts";
import { type Baseline, type DeltaState, withUntaken } from "./delta-series.ts";
import type { DomainLife } from "./live-domain.ts";
import { StateReader, StateWriter } from "./state-bytes.ts";

/**
 * Keeps the state of deltas from one run of the agent to the next. It must be kept together with the points that
 * it belongs to: an older state tells again what was told, a newer one leaves out what never was.
 */
export interface DeltaStore {
  /** What was saved last; undefined where nothing was. */
  load(): Uint8Array | undefined;
  save(state: Uint8Array): void;
}

/** Up to where the deltas of one hypervisor's domains have been told. */
export interface LiveDeltas {
  /** When the domains were last listed, nanoseconds since the epoch. */
  readonly listedAtNs: bigint;
  /** By uuid. */
  readonly domains: ReadonlyMap<string, { readonly life: DomainLife; readonly deltas: Iterable<DeltaState> }>;
}

interface ToldDomain {
  readonly life: DomainLife;
  /** By the series' key. */
  readonly told: Map<bigint, Baseline>;
}

/** The same as an earlier run of the agent left it. */
export interface ToldDeltas {
  readonly listedAtNs: bigint;
  readonly domains: ReadonlyMap<string, ToldDomain>;
}

/** What an earlier run left of a hypervisor that has not been read since, to be kept on. */
export function stillTold({ listedAtNs, domains }: ToldDeltas): LiveDeltas {
  const kept = Array.from(domains, ([uuid, { life, told }]) => {
    return [uuid, { life, deltas: withUntaken(told, []) }] as const;
  });
  return { listedAtNs, domains: new Map(kept) };
}

/**
 * The oldest state that deltas go on from. What was counted since is one point, which a backend that does not look at
 * start times shows as a spike: after an hour a gap is better.
 */
const MAX_AGE_NS = 3_600_000_000_000n;
const VERSION = 1;

/** What a series' values are written as. */
const WHOLE = 0;
const FRACTIONS = 1;

/** The state of all hypervisors as bytes: some fifteen for each counter that lives. */
export function encodeDeltas(sources: ReadonlyMap<string, LiveDeltas>): Uint8Array {
  const writer = new StateWriter();
  writer.unsigned(VERSION);
  writer.unsigned(sources.size);
  for (const [source, { listedAtNs, domains }] of sources) {
    writer.text(source);
    writer.fixed64(listedAtNs);
    writer.unsigned(domains.size);
    for (const [uuid, domain] of domains) {
      writer.text(uuid);
      writeLife(writer, domain.life);
      writeSeries(writer, domain.deltas, listedAtNs);
    }
  }
  return writer.bytes;
}

/**
 * The state out of such bytes, without what is too old at this moment. Undefined where they are not what
 * {@link encodeDeltas} wrote: then deltas begin anew.
 */
export function decodeDeltas(state: Uint8Array, nowNs: bigint): ReadonlyMap<string, ToldDeltas> | undefined {
  try {
    const reader = new StateReader(state);
    if (reader.unsigned() !== VERSION) return undefined;
    const sources = new Map<string, ToldDeltas>();
    for (let left = reader.count(); left > 0; left -= 1) {
      const source = reader.text();
      const listedAtNs = reader.fixed64();
      const domains = readDomains(reader, listedAtNs);
      if (nowNs - listedAtNs <= MAX_AGE_NS) sources.set(source, { listedAtNs, domains });
    }
    reader.end();
    return sources;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function readDomains(reader: StateReader, listedAtNs: bigint): ToldDeltas["domains"] {
  const domains = new Map<string, ToldDomain>();
  for (let left = reader.count(); left > 0; left -= 1) {
    const uuid = reader.text();
    domains.set(uuid, { life: readLife(reader), told: readSeries(reader, listedAtNs) });
  }
  return domains;
}

/** id + 1, and of a process that is known its pid and start; 0 where it is not. */
function writeLife(writer: StateWriter, { id, process }: DomainLife): void {
  writer.unsigned(id + 1);
  writer.unsigned(process?.pid ?? 0);
  if (process !== undefined) writer.fixed64(process.startedAtNs);
}

function readLife(reader: StateReader): DomainLife {
  const id = Number(reader.unsigned()) - 1;
  const pid = Number(reader.unsigned());
  return { id, process: pid === 0 ? undefined : { pid, startedAtNs: reader.fixed64() } };
}

/** Times as the difference to the series before, which is nearly always none. */
function writeSeries(writer: StateWriter, deltas: Iterable<DeltaState>, listedAtNs: bigint): void {
  const known = [...deltas].flatMap(({ key, baseline }) =>
    baseline === undefined || listedAtNs - baseline.timeNs > MAX_AGE_NS ? [] : [{ key, baseline }],
  );
  writer.unsigned(known.length);
  let beforeNs = listedAtNs;
  for (const { key, baseline } of known) {
    const { timeNs, values } = baseline;
    const isWhole = values.every(isUnsigned);
    writer.fixed64(key);
    writer.signed(timeNs - beforeNs);
    writer.unsigned(isWhole ? WHOLE : FRACTIONS);
    writer.unsigned(values.length);
    for (const value of values) {
      if (isWhole) writer.unsigned(value);
      else writer.double(Number(value));
    }
    beforeNs = timeNs;
  }
}

/** Nothing counts below 0, but what a daemon says of one domain must not cost the state of all others. */
function isUnsigned(value: Integer): boolean {
  return value >= 0 && (typeof value === "bigint" || Number.isSafeInteger(value));
}

function readSeries(reader: StateReader, listedAtNs: bigint): Map<bigint, Baseline> {
  const told = new Map<bigint, Baseline>();
  let timeNs = listedAtNs;
  for (let left = reader.count(); left > 0; left -= 1) {
    const key = reader.fixed64();
    timeNs += reader.signed();
    const isWhole = reader.unsigned() === WHOLE;
    const values = Array.from({ length: reader.count() }, () =>
      isWhole ? reader.unsigned() : reader.double(),
    );
    told.set(key, { timeNs, values });
  }
  return told;
}
