import type { Temporality } from "../metrics/points.ts";
import type { Signal } from "../otlp/destination.ts";
import { OTLP_DEFAULTS, QUEUE_DEFAULTS, type DestinationOptions } from "../otlp/options.ts";
import type { SendOrder } from "../otlp/queue/contract.ts";

export type Protocol = DestinationOptions["protocol"];

/** How a destination tells one virtual machine from another: by its resource, or by attributes on every point. */
export type Identity = "resource" | "attributes";

/** In which order a queue is sent: always the oldest first, or new data before what an outage left behind. */
export const ORDERS = ["oldest-first", "fresh-first"] as const satisfies readonly SendOrder[];

export const TEMPORALITIES = ["cumulative", "delta"] as const satisfies readonly Temporality[];

interface PresetProtocol {
  /**
   * Where the destination listens by default; absent where everybody has their own address. `{site}` stands for the
   * option `site`.
   */
  readonly endpoint?: string;
  /** HTTP only: the path that takes metrics. */
  readonly path?: string;
  /** HTTP only: the path that takes log records. */
  readonly logsPath?: string;
  /** Longest request body that the destination takes, before compression. */
  readonly requestLimitBytes: number;
}

/** What is known of a kind of destination. */
export interface Preset {
  /** One line for the documentation. */
  readonly summary: string;
  /** The ways in; the first is the default. */
  readonly protocols: Readonly<Partial<Record<Protocol, PresetProtocol>>>;
  /** What it is sent where nothing else is said. */
  readonly signals: readonly Signal[];
  /** Who takes log records. Where it is another program, its endpoint must be given. */
  readonly logsTo: "itself" | "VictoriaLogs" | "nobody";
  readonly identity: Identity;
  /** What it takes, or takes better. */
  readonly temporality: Temporality;
  readonly order: SendOrder;
  /** How old points may be that it still takes. */
  readonly maxAgeMs: number;
  /** The same of log records, where it differs. */
  readonly logsMaxAgeMs?: number;
  /** Of an endpoint with `{site}`: what an operator puts there, and the default where most have the same. */
  readonly site?: { readonly meaning: string; readonly default?: string };
  /** The header without which it takes nothing, and what its value looks like. */
  readonly requiredHeader?: { readonly name: string; readonly value: string };
  /** Headers sent with metrics unless the file has them. */
  readonly headers?: Readonly<Record<string, string>>;
  /** A further resource attribute for the name of the hypervisor's host. */
  readonly hostAttribute?: string;
}

const MIB = 1024 * 1024;
const HOUR_MS = 3_600_000;

/**
 * Log records are sent by default where they need no other right, address or contract than metrics do: to one's own
 * collector. Elsewhere they are authorised and paid for apart from metrics, so that their operator must want them.
 */
const BOTH = { signals: ["metrics", "logs"], logsTo: "itself" } as const;
const LOGS_IF_WANTED = { signals: ["metrics"], logsTo: "itself" } as const;

const TOLERANT = { order: "fresh-first", maxAgeMs: QUEUE_DEFAULTS.maxAgeMs } as const;

/** Adding a destination is adding its row. */
export const PRESETS = {
  collector: {
    summary: "An OpenTelemetry Collector, or anything else that accepts OTLP.",
    protocols: {
      grpc: { endpoint: OTLP_DEFAULTS.grpcEndpoint, requestLimitBytes: OTLP_DEFAULTS.requestLimitBytes },
      "http/protobuf": {
        endpoint: OTLP_DEFAULTS.httpEndpoint,
        path: "/v1/metrics",
        logsPath: "/v1/logs",
        requestLimitBytes: 20 * MIB,
      },
    },
    ...BOTH,
    identity: "resource",
    temporality: "cumulative",
    ...TOLERANT,
  },
  prometheus: {
    summary:
      "Prometheus itself, started with `--web.enable-otlp-receiver`. A domain's name and uuid stand on every series.",
    protocols: {
      "http/protobuf": {
        endpoint: "http://localhost:9090",
        path: "/api/v1/otlp/v1/metrics",
        requestLimitBytes: 32 * MIB,
      },
    },
    signals: ["metrics"],
    logsTo: "nobody",
    identity: "attributes",
    temporality: "cumulative",
    // It refuses a request as a whole when one point in it is older than what it has of that series.
    order: "oldest-first",
    maxAgeMs: QUEUE_DEFAULTS.maxAgeMs,
  },
  victoriametrics: {
    summary: "VictoriaMetrics, single node.",
    protocols: {
      "http/protobuf": {
        endpoint: "http://localhost:8428",
        path: "/opentelemetry/v1/metrics",
        logsPath: "/insert/opentelemetry/v1/logs",
        requestLimitBytes: 64 * MIB,
      },
    },
    signals: ["metrics"],
    logsTo: "VictoriaLogs",
    identity: "resource",
    temporality: "cumulative",
    ...TOLERANT,
  },
  "grafana-cloud": {
    summary: "Grafana Cloud.",
    protocols: {
      "http/protobuf": {
        endpoint: "https://otlp-gateway-{site}.grafana.net",
        path: "/otlp/v1/metrics",
        logsPath: "/otlp/v1/logs",
        requestLimitBytes: 4 * MIB,
      },
    },
    ...LOGS_IF_WANTED,
    identity: "resource",
    temporality: "cumulative",
    // Its store is Prometheus's, with a window of some hours for what comes late.
    order: "oldest-first",
    maxAgeMs: QUEUE_DEFAULTS.maxAgeMs,
    site: { meaning: "your stack's zone, such as prod-eu-west-2" },
    requiredHeader: { name: "authorization", value: "Basic and the base64 of instance:token" },
  },
  datadog: {
    summary: "Datadog's own OTLP intake, without an agent of theirs.",
    protocols: {
      "http/protobuf": {
        endpoint: "https://otlp.{site}",
        path: "/v1/metrics",
        logsPath: "/v1/logs",
        requestLimitBytes: 500_000,
      },
    },
    ...LOGS_IF_WANTED,
    identity: "resource",
    temporality: "delta",
    order: "fresh-first",
    maxAgeMs: HOUR_MS,
    logsMaxAgeMs: 18 * HOUR_MS,
    site: { meaning: "your Datadog site", default: "datadoghq.com" },
    requiredHeader: { name: "dd-api-key", value: "an API key" },
    // Without it a domain's name and uuid are dropped with all other resource attributes. No space: what follows the
    // first one in a header is taken for a secret.
    headers: { "dd-otel-metric-config": '{"resource_attributes_as_tags":true}' },
    // Datadog would take host.id, which no operator knows by heart.
    hostAttribute: "datadog.host.name",
  },
  newrelic: {
    summary: "New Relic. Its EU region is `site: eu01.nr-data.net`.",
    protocols: {
      "http/protobuf": {
        endpoint: "https://otlp.{site}",
        path: "/v1/metrics",
        logsPath: "/v1/logs",
        requestLimitBytes: 1_000_000,
      },
      grpc: { endpoint: "https://otlp.{site}:4317", requestLimitBytes: 1_000_000 },
    },
    ...LOGS_IF_WANTED,
    identity: "resource",
    temporality: "delta",
    ...TOLERANT,
    site: { meaning: "your region's domain", default: "nr-data.net" },
    requiredHeader: { name: "api-key", value: "a license key" },
  },
  dynatrace: {
    summary: "Dynatrace SaaS; give the endpoint for ActiveGate and Managed.",
    protocols: {
      "http/protobuf": {
        endpoint: "https://{site}.live.dynatrace.com",
        path: "/api/v2/otlp/v1/metrics",
        logsPath: "/api/v2/otlp/v1/logs",
        // It takes 4 MB and 15,000 points, and drops the request beyond either. A point has at least 27 bytes.
        requestLimitBytes: 400_000,
      },
    },
    ...LOGS_IF_WANTED,
    identity: "resource",
    temporality: "delta",
    order: "fresh-first",
    maxAgeMs: HOUR_MS,
    logsMaxAgeMs: 24 * HOUR_MS,
    site: { meaning: "your environment's id, such as abc12345" },
    requiredHeader: {
      name: "authorization",
      value: "Api-Token and a token with the scope metrics.ingest, for logs logs.ingest",
    },
  },
} as const satisfies Record<string, Preset>;

export type PresetName = keyof typeof PRESETS;

export const PRESET_NAMES = Object.keys(PRESETS) as [PresetName, ...PresetName[]];

/** The table's row as the general type, so that absent fields can be asked for. */
export function presetOf(name: PresetName): Preset {
  return PRESETS[name];
}

/** The protocols of a preset, the default first. */
export function protocolsOf(preset: Preset): readonly Protocol[] {
  return Object.keys(preset.protocols) as Protocol[];
}
