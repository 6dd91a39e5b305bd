import { Load } from "./load.ts";
import type { Random } from "./random.ts";
import {
  DomainState,
  WORKLOADS,
  shapeOf,
  type DomainShape,
  type DomainSpec,
  type Workload,
  type WorkloadName,
} from "./shape.ts";

/** Something that a guest does all the time: so often a second on the mean, partly in step with all else it does. */
interface Activity {
  readonly perSecond: number;
  readonly own: Load;
}

export interface SimulatedNic {
  readonly target: string;
  readonly mac: string;
  readonly received: Activity;
  readonly transmitted: Activity;
}

export interface SimulatedDisk {
  readonly target: string;
  /** Absent for an empty CD drive. */
  readonly path: string | undefined;
  readonly capacityBytes: number;
  readonly reads: Activity;
  readonly writes: Activity;
}

/** One look at a domain. */
export interface Moment {
  /** Seconds since the world's epoch; the moment of the pause for a paused domain. */
  readonly tS: number;
  /** Seconds that the guest has run. */
  readonly ranS: number;
  /** Seconds it would have taken at the mean load to do what the guest has done. */
  readonly worked: number;
}

/** Where and when a domain comes to be. */
export interface Birth {
  readonly random: Random;
  /** -1 for a domain that is not running. */
  readonly id: number;
  readonly name: string;
  /** Seconds since the world's epoch. */
  readonly nowS: number;
  /** Second of the day, UTC, at the world's epoch. */
  readonly epochSecondOfDay: number;
  /** Number of the first tap. */
  readonly firstTap: number;
}

/** Share of each activity that follows the guest's common load. */
const IN_STEP = 0.7;
/** A vCPU does not use more than this of a physical CPU. */
const VCPU_CEILING = 0.985;

/** VIR_DOMAIN_RUNNING_BOOTED and VIR_DOMAIN_PAUSED_USER are the same number. */
const REASON_BOOTED_OR_BY_USER = 1;
const REASON_IO_ERROR = 5;
const REASON_UNKNOWN = 0;

/** A domain whose counters are integrals of its load: pure functions of time once it exists. */
export class SimulatedDomain {
  readonly name: string;
  readonly uuid: string;
  readonly uuidBytes: Buffer;
  readonly id: number;
  readonly workload: WorkloadName;
  readonly shape: DomainShape;
  readonly state: number;
  readonly reason: number;
  readonly vcpus: readonly Activity[];
  readonly nics: readonly SimulatedNic[];
  readonly disks: readonly SimulatedDisk[];
  readonly diskErrors: readonly { readonly disk: string; readonly error: number }[];
  /** Share of the CPU time that QEMU spends in the kernel. */
  readonly systemShare: number;
  readonly load: Load;
  readonly #startedAtS: number;
  readonly #pausedAtS: number | undefined;

  constructor(spec: DomainSpec, birth: Birth) {
    const { random } = birth;
    const drawnUuid = uuidText(random.bytes(16));
    this.name = birth.name;
    this.uuid = spec.uuid ?? drawnUuid;
    this.uuidBytes = Buffer.from(this.uuid.replaceAll("-", ""), "hex");
    this.id = birth.id;
    this.workload =
      spec.workload ?? (["web", "web", "database", "batch"] as const)[random.integer(0, 3)] ?? "web";
    this.shape = shapeOf(spec.shape ?? {}, random);
    const workload = WORKLOADS[this.workload];
    this.load = commonLoad(workload, birth);
    this.systemShare = random.between(0.05, 0.16);
    this.vcpus = Array.from({ length: this.shape.vcpus }, (_, number) =>
      vcpuActivity(workload, { number, common: this.load, random }),
    );
    this.nics = Array.from({ length: this.shape.nics }, (_, number) => ({
      target: `vnet${birth.firstTap + number}`,
      mac: `52:54:00:${[...random.bytes(3)].map(hex).join(":")}`,
      received: activity(workload.packets / (number + 1), random),
      transmitted: activity((0.8 * workload.packets) / (number + 1), random),
    }));
    const disks = Array.from({ length: this.shape.disks }, (_, number) => {
      const target = diskName(number);
      return {
        target,
        path: `/var/lib/libvirt/images/${this.name}-${target}.qcow2`,
        capacityBytes: 2 ** 30 * 20 * 2 ** random.integer(0, 3),
        reads: activity(workload.reads / (number + 1), random),
        writes: activity(workload.writes / (number + 1), random),
      };
    });
    this.disks = this.shape.cdrom ? [...disks, emptyDrive(random)] : disks;
    this.#startedAtS = birth.nowS - (spec.uptimeS ?? 0);
    this.#pausedAtS = spec.state === "paused" ? birth.nowS - (spec.pausedForS ?? 0) : undefined;
    this.state = DomainState[spec.state ?? "running"];
    const { ioError } = spec;
    const [disk] = this.disks;
    const failed = ioError !== undefined && this.state === DomainState.paused && disk !== undefined;
    this.diskErrors = failed ? [{ disk: disk.target, error: ioError }] : [];
    const reason = failed ? REASON_IO_ERROR : REASON_BOOTED_OR_BY_USER;
    this.reason = this.active ? reason : REASON_UNKNOWN;
  }

  get active(): boolean {
    return this.state !== DomainState.shutoff;
  }

  /** Second of the world at which the guest last told of its memory; undefined if it never has. */
  reportedAtS(tS: number): number | undefined {
    const period = this.shape.balloonPeriodS;
    if (period === 0) return undefined;
    const reports = Math.floor((this.moment(tS).tS - this.#startedAtS) / period);
    return reports === 0 ? undefined : this.#startedAtS + reports * period;
  }

  moment(tS: number): Moment {
    const untilS = Math.max(this.#startedAtS, Math.min(tS, this.#pausedAtS ?? tS));
    return {
      tS: untilS,
      ranS: untilS - this.#startedAtS,
      worked: this.load.integral(untilS) - this.load.integral(this.#startedAtS),
    };
  }

  /** How often something has happened by a moment; a fraction, for the caller to cut. */
  total({ perSecond, own }: Activity, moment: Moment): number {
    const alone = own.integral(moment.tS) - own.integral(this.#startedAtS);
    return perSecond * (IN_STEP * moment.worked + (1 - IN_STEP) * alone);
  }

  /** How often a second something happens at a moment. */
  rate({ perSecond, own }: Activity, { tS }: Moment): number {
    return perSecond * (IN_STEP * this.load.level(tS) + (1 - IN_STEP) * own.level(tS));
  }
}

function commonLoad(workload: Workload, { random, epochSecondOfDay }: Birth): Load {
  const peakS = workload.peakHour * 3600 - epochSecondOfDay + random.between(-5400, 5400);
  return new Load([
    { periodS: 86_400, amplitude: workload.daySwing, peakS },
    { periodS: random.between(2400, 7200), amplitude: workload.hourSwing, peakS: random.between(0, 7200) },
    { periodS: random.between(170, 700), amplitude: workload.minuteSwing / 2, peakS: random.between(0, 700) },
    { periodS: random.between(31, 97), amplitude: workload.minuteSwing / 2, peakS: random.between(0, 97) },
  ]);
}

function activity(perSecond: number, random: Random): Activity {
  return {
    perSecond: perSecond * random.between(0.5, 1.5),
    own: new Load([
      { periodS: random.between(280, 1900), amplitude: 0.45, peakS: random.between(0, 1900) },
      { periodS: random.between(23, 71), amplitude: 0.4, peakS: random.between(0, 71) },
    ]),
  };
}

function emptyDrive(random: Random): SimulatedDisk {
  const none = activity(0, random);
  return { target: "sda", path: undefined, capacityBytes: 0, reads: none, writes: none };
}

function vcpuActivity(
  workload: Workload,
  { number, common, random }: { number: number; common: Load; random: Random },
): Activity {
  const swing = Math.min(0.4, workload.daySwing + workload.minuteSwing);
  const own = new Load([
    { periodS: random.between(37, 240), amplitude: swing, peakS: random.between(0, 240) },
  ]);
  const peak = IN_STEP * common.peak + (1 - IN_STEP) * own.peak;
  // The first vCPU has a little more to do than the last, as in most guests.
  const wanted = workload.cpu * (1.1 - 0.04 * Math.min(number, 5));
  return { perSecond: Math.min(wanted, VCPU_CEILING / peak), own };
}

/** vda … vdz, vdaa …, as libvirt names them. */
function diskName(number: number): string {
  let letters = "";
  for (let rest = number + 1; rest > 0; rest = Math.floor((rest - 1) / 26)) {
    letters = String.fromCodePoint(97 + ((rest - 1) % 26)) + letters;
  }
  return `vd${letters}`;
}

function uuidText(bytes: Buffer): string {
  const text = bytes.toString("hex");
  return [
    text.slice(0, 8),
    text.slice(8, 12),
    `4${text.slice(13, 16)}`,
    `a${text.slice(17, 20)}`,
    text.slice(20),
  ].join("-");
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}
