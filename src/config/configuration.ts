import type { ListenAddress } from "../local-endpoint/address.ts";
import type { LogFormat, LogLevel } from "../log.ts";
import type { Attributes, Temporality } from "../metrics/points.ts";
import type { Signal } from "../otlp/destination.ts";
import type { DestinationOptions } from "../otlp/options.ts";
import type { QueueLimits, SendOrder } from "../otlp/queue/contract.ts";
import type { HostReaderName } from "../readings/host-scopes.ts";
import type { StatisticsGroup } from "../readings/statistics-fields.ts";
import type { Identity, PresetName } from "./presets.ts";

/** One hypervisor to read. */
export interface LibvirtConfiguration {
  /** As `virsh -c` takes it. */
  readonly uri: string;
  /** Longest time that one call may take. */
  readonly timeoutMs: number;
}

/** What is read of QEMU's processes on this machine, as far as a metric needs it. */
export interface ProcessesConfiguration {
  readonly process: boolean;
  readonly threads: boolean;
  readonly cgroups: boolean;
  readonly disks: boolean;
  readonly numa: boolean;
  readonly numaIntervalMs: number;
  /** CPU time, vCPUs' times, resident memory and vNICs from the kernel, where it has libvirt's values. */
  readonly insteadOfLibvirt: boolean;
}

/** How the machine itself is read. */
export interface HostConfiguration {
  readonly enabled: boolean;
  /** Where the host's /proc and /sys are mounted. */
  readonly procfs: string;
  readonly sysfs: string;
  /** Are the taps of domains told as the host's as well? */
  readonly taps: boolean;
  /** By reader; one that is not here is read at its own interval. */
  readonly readers: Readonly<
    Partial<Record<HostReaderName, { readonly enabled: boolean; readonly intervalMs: number | undefined }>>
  >;
  /** Why it is not read though nobody switched it off, to be logged at start. */
  readonly note: string | undefined;
}

/** Names to take and names to leave, as patterns with `*` and `?`. Leaving wins. */
export interface NamePatterns {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

/** Metrics to switch on or off against the catalogue, as patterns with `*` and `?`. Off wins. */
export interface MetricPatterns {
  readonly enable: readonly string[];
  readonly disable: readonly string[];
}

/** How log records travel to a backend, and what of them waits while it is away. */
export interface LogsConfiguration extends DestinationOptions {
  readonly queue: QueueLimits;
}

/** One backend, complete; what {@link DestinationOptions} says is for metrics. */
export interface DestinationConfiguration extends DestinationOptions {
  /** Its preset's name, numbered from the second of a kind: `collector`, `collector-2`. */
  readonly name: string;
  readonly preset: PresetName;
  readonly signals: readonly Signal[];
  /** Present where log records are among the signals. */
  readonly logs?: LogsConfiguration | undefined;
  readonly identity: Identity;
  /** Of counters and histograms. */
  readonly temporality: Temporality;
  /** A further resource attribute for the name of the hypervisor's host. */
  readonly hostAttribute?: string | undefined;
  /** What waits while the backend is away: on disk where there is a state directory, else in memory. */
  readonly queue: QueueLimits;
  readonly order: SendOrder;
  /** How fast what waits is sent after an outage. */
  readonly replayRateBytesPerS: number;
}

/** How often what of the domains' statistics is read. */
export interface StatisticsConfiguration {
  /** What changes seldom. */
  readonly slowIntervalMs: number;
  /** Of single groups; 0: in every cycle. */
  readonly intervalsMs: Readonly<Partial<Record<StatisticsGroup, number | undefined>>>;
  /** The share of the interval above which a cycle takes too long. */
  readonly stretchAbove: number;
}

/** What the agent is to do: plain data with every default filled in and every file read. */
export interface Configuration {
  readonly libvirt: readonly LibvirtConfiguration[];
  readonly intervalMs: number;
  readonly processes: ProcessesConfiguration;
  readonly host: HostConfiguration;
  /** How often what hypervisors have beside their domains is read: storage pools, networks, hardware. */
  readonly hypervisor: { readonly intervalMs: number };
  readonly domains: NamePatterns;
  readonly metrics: MetricPatterns;
  readonly statistics: StatisticsConfiguration;
  readonly destinations: readonly DestinationConfiguration[];
  /** Where state is kept from one run to the next, an absolute path; undefined: in memory. */
  readonly stateDirectory: string | undefined;
  readonly serviceName: string;
  /** For every resource, without `service.name`. */
  readonly resourceAttributes: Attributes;
  /** Where the local endpoint listens; without it there is none. */
  readonly listen?: ListenAddress;
  readonly log: { readonly level: LogLevel; readonly format: LogFormat };
  /** Values that no log line and no error may show. */
  readonly secrets: readonly string[];
  /** What is odd but no error: one line each, to be logged at start. */
  readonly warnings: readonly string[];
}
