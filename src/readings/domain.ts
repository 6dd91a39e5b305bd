import type { Instant } from "../clock.ts";
import type { ObservedEvent } from "./event-journal.ts";
import type { InventoryReading } from "./inventory.ts";
import type { DomainStatistics } from "./statistics.ts";

/** A vNIC in a domain's XML. */
export interface NicDescription {
  /** Position among the XML's interfaces, which is the number in `net.N.…`. */
  readonly number: number;
  readonly mac: string | undefined;
  /** bridge, network, direct, hostdev …: how it is joined with the host, of a running domain really. */
  readonly type: string | undefined;
  /** The host's tap, as `net.N.name` has it. */
  readonly target: string | undefined;
  readonly alias: string | undefined;
}

/** What a disk is held to; a limit that is not set is absent. */
export type DiskThrottle = Partial<
  Readonly<
    Record<
      | "readBytesPerS"
      | "writeBytesPerS"
      | "totalBytesPerS"
      | "readOperationsPerS"
      | "writeOperationsPerS"
      | "totalOperationsPerS",
      number
    >
  >
>;

/** A disk in a domain's XML. */
export interface DiskDescription {
  /** file, block, network, volume, nvme, vhostuser …: what kind of source it has. */
  readonly type: string | undefined;
  /** vda: what the guest's disk is called, as `block.N.name` has it. */
  readonly target: string;
  readonly alias: string | undefined;
  readonly source: string | undefined;
  /** Present where any limit is set. */
  readonly throttle?: DiskThrottle;
}

/** What OpenStack's nova writes into a domain's metadata. */
export interface OpenstackMetadata {
  readonly instanceName: string | undefined;
  readonly projectId: string | undefined;
  readonly projectName: string | undefined;
  readonly userId: string | undefined;
  readonly flavorName: string | undefined;
}

/** Is the guest's agent on the other end of its channel? */
export type GuestAgentState = "connected" | "disconnected";

/** The part of a domain's XML that names and labels things. */
export interface DomainDescription {
  readonly uuid: string;
  readonly name: string;
  readonly nics: readonly NicDescription[];
  readonly disks: readonly DiskDescription[];
  readonly openstack: OpenstackMetadata | undefined;
  /** How often the guest's balloon driver is to tell of its memory, seconds; undefined: never. */
  readonly balloonPeriodS: number | undefined;
  /** Absent for a domain that does not run or has no channel for an agent. */
  readonly guestAgent?: GuestAgentState | undefined;
}

/** The QEMU process of a local domain. */
export interface DomainProcess {
  readonly pid: number;
  /** Nanoseconds since the epoch at which the process started, from /proc/<pid>/stat. */
  readonly startedAtNs: bigint;
}

/** Everything that a cycle knows of one domain. */
export interface DomainReading {
  readonly uuid: string;
  readonly name: string;
  /** -1 while inactive. */
  readonly id: number;
  /** Absent when the XML could not be read. */
  readonly description: DomainDescription | undefined;
  /** Absent for an inactive domain, a remote hypervisor, or a process that may not be looked at. */
  readonly process: DomainProcess | undefined;
  /** Since when the agent observes the domain; what lasts longer than a run of its QEMU counts from there. */
  readonly observedSince?: Instant | undefined;
  /** What was read in this cycle. */
  readonly statistics: DomainStatistics;
  /** The same, and of what was not read in this cycle what was read last. */
  readonly lastKnown: DomainStatistics;
}

/** Who the hypervisor is. */
export interface HypervisorIdentity {
  /** libvirt's name of the host. */
  readonly hostName: string;
  /** /etc/machine-id where the hypervisor is local. */
  readonly hostId: string | undefined;
}

/** One cycle's reading of one hypervisor. */
export interface HypervisorReading {
  readonly identity: HypervisorIdentity;
  /** When its domains were listed: none of what follows was read before. */
  readonly listedAt: Instant;
  readonly domains: readonly DomainReading[];
  /**
   * Domains that are not listed any more and of which there is something to tell: what happened to them since the
   * reading before, and for one that came and went in between what could be read of it.
   */
  readonly gone?: readonly DomainReading[];
  /** What happened up to `listedAt`, and which jobs turned out to be over, in this order; each about one of the domains. */
  readonly events?: readonly ObservedEvent[];
  /** Fields that no pattern knows or whose value is of the wrong kind, with how many times each was met. */
  readonly unknownFields: ReadonlyMap<string, number>;
  /** How many times longer than they should be the intervals of what costs are, since cycles took too long; 1: not at all. */
  readonly stretch: number;
  /** What the hypervisor has beside its domains, where that has been read since the reading before. */
  readonly inventory?: InventoryReading | undefined;
  /** What could not be read in this cycle, and why; empty when all was well. */
  readonly problems: readonly Error[];
}
