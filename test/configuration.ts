import type { Configuration, DestinationConfiguration } from "../src/config/configuration.ts";
import { OTLP_DEFAULTS, QUEUE_DEFAULTS } from "../src/otlp/options.ts";
import { NO_HOST } from "./no-host.ts";

/** The simulator's domains have no processes. */
const NO_READERS: Configuration["processes"] = {
  process: false,
  threads: false,
  cgroups: false,
  disks: false,
  numa: false,
  numaIntervalMs: 240_000,
  insteadOfLibvirt: false,
};

/** Reads nothing of this machine and sends nothing, unless told to. */
export function configurationOf(rest: Partial<Configuration>): Configuration {
  return {
    libvirt: [],
    intervalMs: 10_000,
    processes: NO_READERS,
    host: NO_HOST,
    hypervisor: { intervalMs: 60_000 },
    domains: { include: ["*"], exclude: [] },
    metrics: { enable: [], disable: [] },
    statistics: { slowIntervalMs: 120_000, intervalsMs: {}, stretchAbove: 0.5 },
    destinations: [],
    stateDirectory: undefined,
    serviceName: "kvmeter",
    resourceAttributes: {},
    log: { level: "info", format: "json" },
    secrets: [],
    warnings: [],
    ...rest,
  };
}

/** A collector that takes metrics by HTTP. */
export function collectorAt(
  endpoint: string,
  rest: Partial<DestinationConfiguration> = {},
): DestinationConfiguration {
  return {
    name: "collector",
    preset: "collector",
    signals: ["metrics"],
    identity: "resource",
    temporality: "cumulative",
    protocol: "http/protobuf",
    endpoint,
    headers: {},
    compression: "gzip",
    timeoutMs: 2000,
    requestLimitBytes: OTLP_DEFAULTS.requestLimitBytes,
    tls: {},
    queue: QUEUE_DEFAULTS,
    order: "fresh-first",
    replayRateBytesPerS: QUEUE_DEFAULTS.replayRateBytesPerS,
    ...rest,
  };
}
