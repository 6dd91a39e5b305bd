import { systemClock } from "./clock.ts";
import type { Configuration } from "./config/configuration.ts";
import { type Cycle, CycleMeters, type CycleMetersOptions } from "./cycle-meters.ts";
import type { Logger } from "./log.ts";
import { decodeDeltas, type DeltaStore, encodeDeltas } from "./metrics/delta-store.ts";
import type { ResourcePoints, Temporality } from "./metrics/points.ts";
import { cutRequests } from "./otlp/batch.ts";
import type { Destination } from "./otlp/destination.ts";
import { encodeCycle } from "./otlp/encode.ts";
import { kvmeterScope, type Scope } from "./otlp/scope.ts";
import { VERSION } from "./version.ts";

export interface PipelineOptions extends Omit<CycleMetersOptions, "told"> {
  readonly outlets: readonly Outlet[];
  /** Where deltas' state is kept; undefined: in memory alone. */
  readonly deltaStore: DeltaStore | undefined;
}

/** A destination, with the size of request that it takes. */
interface Outlet {
  readonly destination: Destination;
  readonly requestLimitBytes: number;
}

/**
 * The way from readings to bytes for the destinations that want the same points: with the same identity mode,
 * temporality and resources.
 */
export class ExportPipeline {
  /** Of its counters and histograms. */
  readonly temporality: Temporality;
  readonly #outlets: readonly Outlet[];
  readonly #meters: CycleMeters;
  readonly #scope: Scope = kvmeterScope(VERSION);
  readonly #deltaStore: DeltaStore | undefined;
  /** Bytes of a cycle that no destination reads any more. */
  #spare: Buffer<ArrayBuffer> | undefined;

  constructor(configuration: Configuration, options: PipelineOptions) {
    const { outlets, wishes, log, deltaStore } = options;
    this.temporality = wishes.temporality;
    this.#outlets = outlets;
    this.#deltaStore = deltaStore;
    this.#meters = new CycleMeters(configuration, { ...options, told: loadDeltas(deltaStore, log) });
  }

  /** Its destinations. */
  get destinations(): readonly Destination[] {
    return this.#outlets.map(({ destination }) => destination);
  }

  /** See {@link CycleMeters.known}. */
  get points(): readonly ResourcePoints[] | undefined {
    return this.#meters.known;
  }

  /**
   * Turns a cycle's readings into requests and hands them over. The state of the deltas is saved in the same turn of
   * the event loop, so that a store can keep the two together.
   */
  export(cycle: Cycle): void {
    const points = this.#meters.update(cycle);
    if (this.#outlets.length === 0) return;
    const encoded = encodeCycle(points, this.#scope, this.#spare);
    this.#spare = undefined;
    let readers = this.#outlets.length;
    const onTaken = (): void => {
      readers -= 1;
      if (readers === 0) this.#spare = encoded.bytes;
    };
    for (const { destination, requestLimitBytes } of this.#outlets) {
      destination.deliver(cutRequests(encoded, requestLimitBytes), onTaken);
    }
    this.#deltaStore?.save(encodeDeltas(this.#meters.deltas));
  }

  /** Lets every destination send what it still has, within so many milliseconds. */
  async close(timeoutMs: number): Promise<void> {
    await Promise.all(this.destinations.map((destination) => destination.close(timeoutMs)));
  }
}

function loadDeltas(store: DeltaStore | undefined, log: Logger): ReturnType<typeof decodeDeltas> {
  const state = store?.load();
  if (state === undefined) return undefined;
  const told = decodeDeltas(state, systemClock.now().wallNs);
  if (told === undefined) log.warn({}, "The kept state of deltas is damaged: the first reading gives none");
  return told;
}
