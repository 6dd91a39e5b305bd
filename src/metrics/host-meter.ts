import type { HypervisorIdentity } from "../readings/domain.ts";
import type { HostReading } from "../readings/host.ts";
import type { ConnectionReading } from "../readings/hypervisor-facts.ts";
import { HOST_ROWS } from "./definitions.ts";
import { type DeltaOrigin, withUntaken } from "./delta-series.ts";
import type { LiveDeltas, ToldDeltas } from "./delta-store.ts";
import { endedPoints } from "./ended-points.ts";
import { type DomainLife, isSameLife } from "./live-domain.ts";
import { LiveRows } from "./live-rows.ts";
import { type MetricPlan, planMetrics } from "./plan.ts";
import type { ResourcePoints, Temporality } from "./points.ts";
import { attributesKey, hostResource, type ResourceOptions } from "./resources.ts";
import type { HostRow } from "./rows.ts";
import { selectRows } from "./selection.ts";
import { ToldTimes } from "./told-times.ts";

export interface HostMeterOptions {
  /** The rows to export; those that are on by default unless given. */
  readonly rows?: readonly HostRow[];
  /** Of counters; cumulative unless given. */
  readonly temporality?: Temporality | undefined;
  /** What an earlier run of the agent told: deltas go on from there. */
  readonly told?: ToldDeltas | undefined;
  readonly resource?: ResourceOptions | undefined;
  /** Default false. See {@link ToldTimes}; `ended` comes last then. */
  readonly inOrder?: boolean;
}

/** Under which its state is kept, beside that of domains, which have uuids. */
const SELF = "host";

/** Turns readings of the host into points, by the same rows and live series as those of domains. */
export class HostMeter {
  readonly #plan: MetricPlan;
  readonly #resource: ResourceOptions | undefined;
  readonly #told: ToldDeltas | undefined;
  readonly #times: ToldTimes;
  readonly #rows: LiveRows;
  #points: ResourcePoints = { resource: { attributes: {} }, metrics: [] };
  #ended: readonly ResourcePoints[] = [];
  #bootedAtNs: bigint | undefined;

  constructor({
    rows = selectRows(HOST_ROWS),
    temporality,
    told,
    resource,
    inOrder = false,
  }: HostMeterOptions = {}) {
    this.#plan = planMetrics(rows, temporality);
    this.#told = told;
    this.#resource = resource;
    this.#times = new ToldTimes(inOrder);
    this.#rows = new LiveRows(this.#times);
  }

  /** The last points of all series that the last reading no longer had; they carry no value. */
  get ended(): readonly ResourcePoints[] {
    return this.#ended;
  }

  /** What is known of the host, as far as it was read within so much time before the last reading; without deltas. */
  holding(withinNs: bigint): ResourcePoints {
    const metrics = this.#rows.holding(this.#plan, (this.#times.latest?.wallNs ?? 0n) - withinNs);
    return { resource: this.#points.resource, metrics };
  }

  /** Up to where deltas have been told; undefined before the first reading. */
  get deltas(): LiveDeltas | undefined {
    const listedAtNs = this.#times.latest?.wallNs;
    if (listedAtNs === undefined) return undefined;
    const deltas = withUntaken(this.#toldBefore(), this.#rows.deltas);
    const domains = new Map([[SELF, { life: this.#life, deltas }]]);
    return { listedAtNs, domains };
  }

  /**
   * All points of a reading. They hold until the next reading, which writes into the same objects. `known` is what
   * libvirt calls this host, which wins over what the kernel does: its domains carry that name.
   */
  update(reading: HostReading, known?: HypervisorIdentity): ResourcePoints {
    const { identity, architecture, bootedAtNs, statistics } = reading;
    this.#bootedAtNs ??= bootedAtNs;
    const before = this.#points.resource;
    const attributes = hostResource({ identity: known ?? identity, facts: { architecture } }, this.#resource);
    const isSame = attributesKey(attributes) === attributesKey(before.attributes);
    const resource = isSame ? before : { attributes };
    // Where points tell who they are about, what goes on under another name has not ended.
    const goesOn = isSame || this.#resource?.identity === "attributes";
    const formerly = goesOn ? [] : this.#rows.all;
    const context = () => ({
      base: {},
      description: undefined,
      startTimeNs: this.#bootedAtNs,
      deltaOrigin: { startNs: undefined, told: this.#toldBefore() },
      onDuplicate: () => undefined,
    });
    const metrics = this.#rows.update(this.#plan, { statistics }, { description: undefined, context });
    const { column } = this.#rows;
    if (!isSame || metrics !== this.#points.metrics || column !== this.#points.column) {
      this.#points = { resource, metrics, column };
    }
    const endNs = this.#times.latest?.wallNs ?? 0n;
    const last = endedPoints(this.#plan, goesOn ? this.#rows.ended : formerly, endNs);
    this.#ended = last.length === 0 ? [] : [{ resource: { attributes: before.attributes }, metrics: last }];
    return this.#points;
  }

  /** The host from boot to boot, as if it were a process. */
  get #life(): DomainLife {
    const startedAtNs = this.#bootedAtNs;
    return { id: 0, process: startedAtNs === undefined ? undefined : { pid: 1, startedAtNs } };
  }

  #toldBefore(): DeltaOrigin["told"] {
    const told = this.#told?.domains.get(SELF);
    return told !== undefined && isSameLife(told.life, this.#life) ? told.told : undefined;
  }
}

/** What the local libvirt calls this machine: its domains carry that name, and what describes their host must, too. */
export function nameByLibvirt(
  { identity: { hostId } }: HostReading,
  connections: readonly ConnectionReading[],
): HypervisorIdentity | undefined {
  if (hostId === undefined) return undefined;
  return connections.find(({ identity }) => identity.hostId === hostId)?.identity;
}
