import type { Random } from "./random.ts";

/** virDomainState. */
export const DomainState = { running: 1, blocked: 2, paused: 3, shutdown: 4, shutoff: 5 } as const;

/** The libvirt that is simulated: what Debian 12 has, or what is new. They differ in a few fields of statistics. */
export type Release = "9.0" | "12.8";

/** What a domain is made of. */
export interface DomainShape {
  /** vCPUs that are plugged in. */
  readonly vcpus: number;
  /** vCPUs that could be; at least `vcpus`. */
  readonly vcpusMaximum: number;
  readonly memoryKiB: number;
  readonly disks: number;
  /** An empty CD drive after the disks: libvirt counts it as one that has neither path nor size. */
  readonly cdrom: boolean;
  readonly nics: number;
  readonly iothreads: number;
  /** Statistics period in the XML, 0 for none: then libvirt has no guest memory. */
  readonly balloonPeriodS: number;
  /** KVM's own statistics per vCPU and VM, and halt polling; a guest under emulation has none. */
  readonly kvm: boolean;
  /** Latency histograms and timed statistics on the disks, where the release has them. */
  readonly timedDisks: boolean;
  readonly openstack: boolean;
}

/** How a guest spends its day. */
export interface Workload {
  /** Mean share of each vCPU that is used. */
  readonly cpu: number;
  /** Hour of the day, UTC, at which it has most to do. */
  readonly peakHour: number;
  readonly daySwing: number;
  readonly hourSwing: number;
  readonly minuteSwing: number;
  /** Mean rates per device and second. */
  readonly packets: number;
  readonly reads: number;
  readonly writes: number;
}

/** What guests do for a living. */
export const WORKLOADS = {
  web: {
    cpu: 0.22,
    peakHour: 19,
    daySwing: 0.5,
    hourSwing: 0.12,
    minuteSwing: 0.18,
    packets: 900,
    reads: 6,
    writes: 18,
  },
  database: {
    cpu: 0.34,
    peakHour: 15,
    daySwing: 0.35,
    hourSwing: 0.15,
    minuteSwing: 0.12,
    packets: 600,
    reads: 240,
    writes: 170,
  },
  batch: {
    cpu: 0.38,
    peakHour: 3,
    daySwing: 0.45,
    hourSwing: 0.4,
    minuteSwing: 0.05,
    packets: 120,
    reads: 90,
    writes: 60,
  },
  busy: {
    cpu: 0.93,
    peakHour: 14,
    daySwing: 0.02,
    hourSwing: 0.01,
    minuteSwing: 0.02,
    packets: 5200,
    reads: 310,
    writes: 420,
  },
  idle: {
    cpu: 0.004,
    peakHour: 6,
    daySwing: 0.1,
    hourSwing: 0.1,
    minuteSwing: 0.3,
    packets: 0.6,
    reads: 0.02,
    writes: 0.4,
  },
} as const satisfies Record<string, Workload>;

export type WorkloadName = keyof typeof WORKLOADS;

/** What a domain is; what is left out comes from the seed. */
export interface DomainSpec {
  readonly name?: string;
  readonly uuid?: string;
  readonly workload?: WorkloadName;
  /** A shut off domain is defined and not running. */
  readonly state?: "running" | "paused" | "shutoff";
  /** Seconds since its QEMU started. */
  readonly uptimeS?: number;
  /** Seconds since it was paused, at most `uptimeS`. */
  readonly pausedForS?: number;
  /** What its first disk failed with, which is why it is paused; a number of virDomainDiskErrorCode. */
  readonly ioError?: number;
  readonly shape?: Partial<DomainShape>;
}

/** A whole shape from what is asked for and what the seed says. */
export function shapeOf(wanted: Partial<DomainShape>, random: Random): DomainShape {
  const vcpus = wanted.vcpus ?? random.integer(2, 4);
  return {
    memoryKiB: 1_048_576 * 2 ** random.integer(1, 4),
    disks: random.integer(1, 3),
    cdrom: false,
    nics: random.integer(1, 2),
    iothreads: 0,
    balloonPeriodS: 10,
    kvm: true,
    timedDisks: false,
    openstack: false,
    ...wanted,
    vcpus,
    vcpusMaximum: Math.max(vcpus, wanted.vcpusMaximum ?? 0),
  };
}
