import type { ResourcePoints } from "../metrics/points.ts";
import type { DomainReading } from "../readings/domain.ts";
import type { StatisticsGroup } from "../readings/statistics-fields.ts";
import { DEVICE_GROUPS, type DeviceKind, PLANNED_FIGURES, STATE_METRICS } from "./figures.ts";
import { Subject } from "./subject.ts";
import { currentState, type PartOf, takePoints } from "./take-points.ts";

/** What is known of a VM beside its numbers. */
export interface Condition {
  /** libvirt's name of the state; undefined where it was not read. */
  readonly state: string | undefined;
  readonly reason: string | undefined;
  /** libvirt's name of the state of the way to its QEMU, while that is out of order. */
  readonly control: string | undefined;
}

const UNKNOWN: Condition = { state: undefined, reason: undefined, control: undefined };

/** What a refresh brought of a VM. */
export interface DomainRefresh extends Pick<DomainReading, "name" | "id"> {
  /** What libvirt calls the hypervisor's machine. */
  readonly host: string;
  /** Undefined: nothing is known of it but that it is there. */
  readonly points: ResourcePoints | undefined;
  /** Was the group read in this refresh, or should it have been? What was not due is as it was. */
  readonly isDue: (group: StatisticsGroup) => boolean;
  /** Are its parts to be followed, too? Once they were they always are. */
  readonly withParts: boolean;
}

/** A row of the screen: one VM, with its figures and those of its parts. */
export class TopDomain {
  readonly uuid: string;
  /** Of its hypervisor; a VM on its way from one to another is on both. */
  readonly uri: string;
  readonly whole = new Subject("domain");
  #parts: Parts | undefined;
  #last: DomainRefresh;
  #condition = UNKNOWN;
  #isInSight = true;

  constructor(uuid: string, uri: string, refresh: DomainRefresh) {
    this.uuid = uuid;
    this.uri = uri;
    this.#last = refresh;
    this.update(refresh);
  }

  /** Tells it from all others. */
  get key(): string {
    return `${this.uri} ${this.uuid}`;
  }

  get name(): string {
    return this.#last.name;
  }

  get host(): string {
    return this.#last.host;
  }

  get condition(): Condition {
    return this.#condition;
  }

  /** Could its hypervisor be read the last time? */
  get isInSight(): boolean {
    return this.#isInSight;
  }

  /** Its vCPUs, disks or vNICs, in libvirt's order. From the first look on they have a past. */
  parts(kind: DeviceKind): readonly Subject[] {
    if (this.#parts === undefined) {
      this.#parts = new Parts();
      // The points hold until the next reading.
      if (this.#isInSight) this.#parts.update(this.#last);
    }
    return this.#parts.of(kind);
  }

  /** Takes a refresh. */
  update(refresh: DomainRefresh): void {
    const { points, withParts, isDue, id } = refresh;
    if (id !== this.#last.id) {
      this.whole.forget();
      this.#parts &&= new Parts();
    }
    this.#last = refresh;
    this.#isInSight = true;
    this.#condition = points === undefined ? UNKNOWN : conditionOf(points);
    this.whole.clear();
    if (points !== undefined) takePoints(points, this.whole);
    for (const { index, group } of PLANNED_FIGURES) {
      if (group !== undefined && !isDue(group)) this.whole.hold(index);
    }
    this.whole.remember();
    if (withParts) this.#parts ??= new Parts();
    this.#parts?.update(refresh);
  }

  /** The hypervisor could not be read: what was true of the VM may not be any longer. */
  loseSight(): void {
    this.#isInSight = false;
    this.#condition = UNKNOWN;
    this.whole.clear();
    this.whole.remember();
    this.#parts?.update({ points: undefined, isDue: () => true });
  }
}

const KINDS = Object.keys(DEVICE_GROUPS) as readonly DeviceKind[];

/** The vCPUs, disks and vNICs of one VM. */
class Parts {
  readonly #all: Readonly<Record<DeviceKind, Map<string | number | boolean, Subject>>> = {
    vcpu: new Map(),
    disk: new Map(),
    nic: new Map(),
  };

  of(kind: DeviceKind): readonly Subject[] {
    return [...this.#all[kind].values()];
  }

  update({ points, isDue }: Pick<DomainRefresh, "points" | "isDue">): void {
    for (const parts of Object.values(this.#all)) for (const part of parts.values()) part.clear();
    const told = new Set<Subject>();
    const partOf: PartOf = (kind, key) => {
      const part = this.#all[kind].get(key) ?? new Subject(kind, String(key));
      this.#all[kind].set(key, part);
      told.add(part);
      return part;
    };
    if (points !== undefined) takePoints(points, new Subject("domain"), partOf);
    for (const kind of KINDS) {
      // A VM that did not answer has not lost its parts, and neither has one that was not asked.
      const areTold = points !== undefined && told.size > 0 && isDue(DEVICE_GROUPS[kind]);
      for (const [key, part] of this.#all[kind]) {
        if (areTold && !told.has(part)) {
          this.#all[kind].delete(key);
          continue;
        }
        for (const { index, group, device } of PLANNED_FIGURES) {
          if (device?.kind === kind && group !== undefined && !isDue(group)) part.hold(index);
        }
        part.remember();
      }
    }
  }
}

function conditionOf({ metrics }: ResourcePoints): Condition {
  return {
    state: currentState(metrics, STATE_METRICS.state, "libvirt.domain.state"),
    reason: currentState(metrics, STATE_METRICS.reason, "libvirt.domain.state.reason"),
    control: currentState(metrics, STATE_METRICS.control, "libvirt.control.state"),
  };
}
