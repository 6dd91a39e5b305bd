import { familyName, labelName } from "../../../src/local-endpoint/prometheus-names.ts";
import type { MetricKind } from "../../../src/metrics/points.ts";

/** What a metric's name in a backend is made from. */
export interface NamedMetric {
  readonly name: string;
  readonly unit: string;
  readonly kind: MetricKind;
}

/** How a backend names the metrics and labels that it gets by OTLP. */
export interface Naming {
  /** Who names them so, for the generated files' readers. */
  readonly backend: string;
  readonly metric: (metric: NamedMetric) => string;
  readonly label: (attribute: string) => string;
  /** Whether names have dots, which PromQL wants in quotes. */
  readonly quoted: boolean;
}

/** Each naming has a folder of dashboards and a file of rules that are called after it. */
export const NAMINGS = {
  prometheus: {
    backend: "Prometheus, Grafana Cloud and Mimir as they are, and kvmeter's own /metrics",
    metric: familyName,
    label: labelName,
    quoted: false,
  },
  victoriametrics: {
    backend: "VictoriaMetrics as it is, and Prometheus with `translation_strategy: NoTranslation`",
    metric: ({ name }) => name,
    label: (attribute) => attribute,
    quoted: true,
  },
  "victoriametrics-prometheus-naming": {
    backend: "VictoriaMetrics with `-opentelemetry.usePrometheusNaming`",
    // A sum that can fall counts as a gauge there, so that a plain 1 is a ratio.
    metric: ({ kind, ...metric }) =>
      familyName({ ...metric, kind: kind === "updowncounter" ? "gauge" : kind }),
    label: labelName,
    quoted: false,
  },
} as const satisfies Readonly<Record<string, Naming>>;

export type NamingName = keyof typeof NAMINGS;

export const NAMING_NAMES = Object.keys(NAMINGS) as NamingName[];
