import type { Clock } from "../clock.ts";
import { SimulatedDomain } from "./domain.ts";
import { Random, seedOf } from "./random.ts";
import type { DomainShape, DomainSpec } from "./shape.ts";

/** What a domain of the simulator is, as plain data. */
export interface DomainSummary {
  readonly name: string;
  readonly uuid: string;
  /** -1 while not running. */
  readonly id: number;
  readonly state: number;
  readonly workload: string;
  readonly shape: DomainShape;
}

/** What a world is made from. */
export interface WorldOptions {
  readonly domains: number;
  readonly seed: number;
  readonly clock: Clock;
  /** What every domain has in common; a domain made later can ask otherwise. */
  readonly shape: Partial<DomainShape>;
}

/** What happens to a domain; the values of virDomainEventType. */
export const Lifecycle = { started: 2, stopped: 5 } as const;

export type LifecycleEvent = (typeof Lifecycle)[keyof typeof Lifecycle];

const DAY_S = 86_400;

/** The first domains, so that every kind of thing is there to be seen; the rest is drawn from the seed. */
const CAST: readonly DomainSpec[] = [
  { workload: "busy", uptimeS: 12 * DAY_S },
  { workload: "idle", uptimeS: 33 * DAY_S },
  { workload: "web", uptimeS: 5 * DAY_S, state: "paused", pausedForS: 3600 },
  { workload: "web", uptimeS: 41 * DAY_S, shape: { openstack: true, cdrom: true } },
  // Nanoseconds of CPU time beyond 2^53.
  { workload: "database", uptimeS: 500 * DAY_S, shape: { vcpus: 4, timedDisks: true, iothreads: 2 } },
  { workload: "batch", uptimeS: 2 * DAY_S, shape: { vcpus: 2, vcpusMaximum: 4, openstack: true } },
];

/** The domains of a simulated host. The same seed and the same times give the same values. */
export class World {
  readonly #options: WorldOptions;
  readonly #epochMonotonicMs: number;
  readonly #epochWallS: number;
  readonly #domains = new Map<string, SimulatedDomain>();
  readonly #byName = new Map<string, SimulatedDomain>();
  #born = 0;
  #lastId = 0;
  #taps = 0;
  onLifecycle: ((domain: SimulatedDomain, event: LifecycleEvent) => void) | undefined;

  constructor(options: WorldOptions) {
    this.#options = options;
    const { wallNs, monotonicMs } = options.clock.now();
    this.#epochMonotonicMs = monotonicMs;
    this.#epochWallS = Number(wallNs) / 1e9;
    for (let number = 0; number < options.domains; number++) {
      const drawn = new Random(seedOf(options.seed, 1_000_000 + number)).integer(3600, 90 * DAY_S);
      const role = CAST[number];
      const shape = { ...role?.shape, ...options.shape };
      this.create({ name: `vm-${number}`, uptimeS: drawn, ...role, shape });
    }
  }

  /** Seconds since the epoch, which is when the world began. */
  get nowS(): number {
    return (this.#options.clock.now().monotonicMs - this.#epochMonotonicMs) / 1000;
  }

  /** Seconds since 1970 of a second of the world. */
  wallS(tS: number): number {
    return this.#epochWallS + tS;
  }

  get domains(): Iterable<SimulatedDomain> {
    return this.#domains.values();
  }

  get(uuid: string): SimulatedDomain | undefined {
    return this.#domains.get(uuid);
  }

  named(name: string): SimulatedDomain | undefined {
    return this.#byName.get(name);
  }

  create(spec: DomainSpec): SimulatedDomain {
    const number = this.#born++;
    const domain = new SimulatedDomain(
      { ...spec, shape: { ...this.#options.shape, ...spec.shape } },
      {
        random: new Random(seedOf(this.#options.seed, number)),
        id: spec.state === "shutoff" ? -1 : ++this.#lastId,
        name: spec.name ?? `vm-${number}`,
        nowS: this.nowS,
        epochSecondOfDay: this.#epochWallS % DAY_S,
        firstTap: this.#taps,
      },
    );
    this.#taps += domain.shape.nics;
    this.#domains.set(domain.uuid, domain);
    this.#byName.set(domain.name, domain);
    if (domain.active) this.onLifecycle?.(domain, Lifecycle.started);
    return domain;
  }

  /** Ends a domain as `virsh destroy` ends a transient one; false when there is none. */
  destroy(uuid: string): boolean {
    const domain = this.#domains.get(uuid);
    if (domain === undefined) return false;
    this.#domains.delete(uuid);
    this.#byName.delete(domain.name);
    if (domain.active) this.onLifecycle?.(domain, Lifecycle.stopped);
    return true;
  }
}

export function summaryOf(domain: SimulatedDomain): DomainSummary {
  const { name, uuid, id, state, workload, shape } = domain;
  return { name, uuid, id, state, workload, shape };
}
