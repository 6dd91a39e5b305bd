import { OTLP_DEFAULTS, type DestinationOptions } from "../otlp/options.ts";

export type Protocol = DestinationOptions["protocol"];

/** How a destination tells one virtual machine from another: by its resource, or by attributes on every point. */
export type Identity = "resource" | "attributes";

interface PresetProtocol {
  /** Where the destination listens by default; absent where everybody has their own address. */
  readonly endpoint?: string;
  /** HTTP only: the path that takes metrics. */
  readonly path?: string;
  /** Longest request body that the destination takes, before compression. */
  readonly requestLimitBytes: number;
}

/** What is known of a kind of destination. */
export interface Preset {
  /** One line for the documentation. */
  readonly summary: string;
  /** The ways in; the first is the default. */
  readonly protocols: Readonly<Partial<Record<Protocol, PresetProtocol>>>;
  readonly identity: Identity;
}

const MIB = 1024 * 1024;

/** Adding a destination is adding its row. All of these take cumulative sums, the only ones that kvmeter sends. */
export const PRESETS = {
  collector: {
    summary: "An OpenTelemetry Collector, or anything else that accepts OTLP.",
    protocols: {
      grpc: { endpoint: OTLP_DEFAULTS.grpcEndpoint, requestLimitBytes: OTLP_DEFAULTS.requestLimitBytes },
      "http/protobuf": {
        endpoint: OTLP_DEFAULTS.httpEndpoint,
        path: "/v1/metrics",
        requestLimitBytes: 20 * MIB,
      },
    },
    identity: "resource",
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
    identity: "attributes",
  },
  victoriametrics: {
    summary: "VictoriaMetrics, single node.",
    protocols: {
      "http/protobuf": {
        endpoint: "http://localhost:8428",
        path: "/opentelemetry/v1/metrics",
        requestLimitBytes: 64 * MIB,
      },
    },
    identity: "resource",
  },
  "grafana-cloud": {
    summary: "Grafana Cloud: give the endpoint of your stack's OTLP gateway and an `authorization` header.",
    protocols: { "http/protobuf": { path: "/otlp/v1/metrics", requestLimitBytes: 4 * MIB } },
    identity: "resource",
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
