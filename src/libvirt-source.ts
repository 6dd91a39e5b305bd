import { systemClock } from "./clock.ts";
import { createHypervisorSource } from "./discovered-hypervisors.ts";
import { globMatcher } from "./glob.ts";
import { DOMAIN_ROWS } from "./metrics/definitions.ts";
import type { LibvirtSource } from "./metrics/instruments.ts";
import {
  type MetricSelection,
  requiredGroups,
  requiredLocalReaders,
  selectRows,
  unusedScopes,
} from "./metrics/selection.ts";

export interface LibvirtSourceOptions {
  /** As `virsh -c` takes it; `qemu:///system` unless given. */
  readonly uri?: string;
  /** Longest time that one call may take; 5000 unless given. */
  readonly timeoutMs?: number;
  /** Names of the domains to read, as patterns with `*` and `?`; all unless given. */
  readonly domains?: readonly string[];
  /** The metrics that will be asked of the readings: libvirt is asked for what they need. */
  readonly metrics?: MetricSelection;
}

/** Reading where memory lies costs the kernel more than all else, and it changes slowly. */
const NUMA_INTERVAL_MS = 240_000;

/** A source that holds a connection until it is closed. */
export interface ClosableLibvirtSource extends LibvirtSource {
  close(): Promise<void>;
}

/**
 * A source that reads a hypervisor over its read-only socket. It connects at the first reading and again at the
 * next one after the connection was lost.
 */
export function createLibvirtSource({
  uri = "qemu:///system",
  timeoutMs = 5000,
  domains = ["*"],
  metrics = {},
}: LibvirtSourceOptions = {}): ClosableLibvirtSource {
  const rows = selectRows(DOMAIN_ROWS, metrics);
  return createHypervisorSource({
    uri,
    timeoutMs,
    groups: requiredGroups(rows),
    unusedScopes: unusedScopes(rows),
    wanted: globMatcher(domains),
    clock: systemClock,
    local: { readers: requiredLocalReaders(rows), numaIntervalMs: NUMA_INTERVAL_MS },
  });
}
