import type { HypervisorIdentity } from "./domain.ts";
import type { DomainStatistics } from "./statistics.ts";

/** One cycle's reading of the host. */
export interface HostReading {
  readonly identity: HypervisorIdentity;
  /** The CPU's architecture as the kernel calls it: x86_64. */
  readonly architecture: string;
  /** When it booted, nanoseconds since the epoch; what it was at the first reading, whatever happens to the clock. */
  readonly bootedAtNs: bigint | undefined;
  /** What all readers read last, and when; a reader is a group. */
  readonly statistics: DomainStatistics;
  /** What could not be read or understood, and why; empty when all was well. */
  readonly problems: readonly Error[];
}
