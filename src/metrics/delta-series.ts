import { type Integer, subtract } from "../integer.ts";
import { MAC_ATTRIBUTE } from "./item-attributes.ts";
import { LiveSeries, startBefore, steadied } from "./live-series.ts";
import type { Attributes, NumberPoint } from "./points.ts";
import { type Conversion, convert } from "./units.ts";

/** Up to where a counter or a histogram has been told. */
export interface Baseline {
  readonly timeNs: bigint;
  /** As libvirt counts: a counter's value, or what a histogram's series makes of its own. */
  readonly values: readonly Integer[];
}

/** What the first reading of a series is compared with. */
export interface DeltaOrigin {
  /** Since when it is known to count only what has not been told yet; undefined where it counted before. */
  readonly startNs: bigint | undefined;
  /** What an earlier run of the agent told, by {@link seriesKey}. A series takes what is its own. */
  readonly told: Map<bigint, Baseline> | undefined;
}

/** A series whose state outlives the agent. */
export interface DeltaState {
  readonly key: bigint;
  /** Undefined before the first reading. */
  readonly baseline: Baseline | undefined;
}

/**
 * A counter that is told in deltas. The difference is taken between libvirt's own numbers, before any conversion: a
 * delta in seconds is the double nearest to whole nanoseconds, and these add up to what was counted.
 */
export class DeltaSeries extends LiveSeries implements DeltaState {
  readonly #metricName: string;
  #key: bigint | undefined;
  #hasBaseline = false;
  /** The last reading, as libvirt counts; its time is that of the point. */
  #told: Integer = 0;

  constructor(metricName: string, attributes: Attributes, origin: DeltaOrigin) {
    super(attributes, undefined);
    this.#metricName = metricName;
    const baseline = firstBaseline(origin, this);
    if (baseline === undefined) return;
    this.#hasBaseline = true;
    this.#told = baseline.values[0] ?? 0;
    this.at(baseline.timeNs, 0);
  }

  get key(): bigint {
    return (this.#key ??= seriesKey(this.#metricName, this.attributes));
  }

  get baseline(): Baseline | undefined {
    return this.#hasBaseline ? { timeNs: this.timeNs, values: [this.#told] } : undefined;
  }

  /** As {@link steadied}: where it went down, what was told was too much already. */
  steadied(now: Integer): Integer {
    return this.#hasBaseline ? steadied(now, this.#told) : now;
  }

  /**
   * The point of what was counted since the last reading; undefined at a first reading that has nothing to be
   * compared with. A counter that went down was set back: all of its value is new.
   */
  next(now: Integer, timeNs: bigint, conversion: Conversion): NumberPoint | undefined {
    const value = convert(difference(now, this.#told), conversion);
    const hadBaseline = this.#hasBaseline;
    this.#hasBaseline = true;
    this.#told = now;
    this.startTimeNs = startBefore(timeNs, this.timeNs);
    this.at(timeNs, value);
    return hadBaseline ? this : undefined;
  }
}

/** What a series starts from: where an earlier run left off, else nothing counted at a known start. */
export function firstBaseline(
  { told, startNs }: DeltaOrigin,
  series: Pick<DeltaState, "key">,
): Baseline | undefined {
  const left = told?.get(series.key);
  if (left === undefined) return startNs === undefined ? undefined : { timeNs: startNs, values: [] };
  told?.delete(series.key);
  return left;
}

/** The state of living series, and before it what no series has taken yet: what could not be read since the start. */
export function* withUntaken(told: DeltaOrigin["told"], living: Iterable<DeltaState>): Iterable<DeltaState> {
  for (const [key, baseline] of told ?? []) yield { key, baseline };
  yield* living;
}

/** How far a counter went; its whole value when it was set back. */
export function difference(now: Integer, before: Integer): Integer {
  if (now < before) return now;
  // Joules have a fraction; their difference is good to the last digit of the counter.
  return typeof now === "number" && typeof before === "number" ? now - before : subtract(now, before);
}

/**
 * Tells a series from all others of its domain, in this run of the agent and the next. 64 bits of a hash are enough
 * for that, and short enough to be kept every cycle. `shape` is what else must be the same. A NIC's MAC need not be: it is
 * known only once the domain's XML has been read, which after a start can be later than the first reading.
 */
export function seriesKey(
  metricName: string,
  attributes: Attributes,
  shape: readonly Integer[] = [],
): bigint {
  const { [MAC_ATTRIBUTE]: _mac, ...own } = attributes;
  const text = JSON.stringify([metricName, own, shape.map(String)]);
  // Not an import: that loads all of OpenSSL, 3 MB, also for those who have no delta destination.
  const { hash } = process.getBuiltinModule("node:crypto");
  return hash("sha256", text, "buffer").readBigUInt64LE();
}
