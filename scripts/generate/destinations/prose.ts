import type { PresetName } from "../../../src/config/presets.ts";

/** What the presets do not say of a destination. */
export interface DestinationProse {
  readonly title: string;
  /** What must be done over there first. */
  readonly needs: string;
  /** How to see that data arrives. */
  readonly look: string;
  /** What goes wrong there, and what the log then says. */
  readonly pitfalls: string;
}

const SEEN = "kvmeter itself says `Export works` once, and a refusal in the backend's own words.";

export const DESTINATION_PROSE: Readonly<Record<PresetName, DestinationProse>> = {
  collector: {
    title: "OpenTelemetry Collector",
    needs: `A collector with an \`otlp\` receiver. [otel-collector-example.yaml](../../otel-collector-example.yaml) is one
that works as it is; replace its exporters by yours. On another host it must listen on an address that can be reached,
which means TLS: \`endpoint: https://…\` here, and \`tls.ca_file\` if its certificate is your own.

Anything else that takes OTLP is a destination of this preset, too: Grafana Alloy, Vector, Telegraf, Fluent Bit.`,
    look: `The collector's \`debug\` exporter prints how many metrics came; its own metric
\`otelcol_receiver_accepted_metric_points\` counts them. ${SEEN}`,
    pitfalls: `- A gRPC receiver takes 4 MiB at most unless \`max_recv_msg_size_mib\` says otherwise; kvmeter keeps below that.
- A collector without a pipeline for logs refuses log records: set \`signals: [metrics]\`.
- Behind it, Prometheus sees what the collector's exporter makes of resources: promote \`host.name\`,
  \`libvirt.domain.name\` and \`libvirt.domain.uuid\`, or set \`identity: attributes\`.
- \`memory_limiter\` answers UNAVAILABLE when memory is short; kvmeter keeps the batch and sends it again.`,
  },
  prometheus: {
    title: "Prometheus",
    needs: `Prometheus 3 (2.47 works), started with \`--web.enable-otlp-receiver\`, and in prometheus.yml:

    otlp:
      # A host's series are told apart by it; kvmeter puts the VM's name and uuid on every series itself.
      promote_resource_attributes: [host.name]
    storage:
      tsdb:
        # So that what an outage left behind may come after newer data.
        out_of_order_time_window: 2h

Without TLS and authentication, which Prometheus has in its web.yml, anybody who reaches the port can write.`,
    look: `\`libvirt_host_info_ratio\` in its query page has a line for each host. \`prometheus_tsdb_out_of_order_samples_total\`
counts what came too late. ${SEEN}`,
    pitfalls: `- Debian builds Prometheus without the OTLP receiver: its log then says \`unknown long flag\`. Use the project's own
  build, or a collector.
- A request with one sample that is out of order is refused as a whole, so this preset sends the oldest first.
- Delta temporality is refused.
- Names have units and \`_total\` (\`libvirt_domain_cpu_time_seconds_total\`) unless \`translation_strategy\` says otherwise.`,
  },
  victoriametrics: {
    title: "VictoriaMetrics",
    needs: `VictoriaMetrics, single node, or vminsert of a cluster, or vmagent in front of either; nothing to be set. All
resource attributes become labels. With \`-opentelemetry.usePrometheusNaming\` names get underscores and units; without it
they stay as they are, with dots. Dashboards and rules are there [for both](../../config/dashboards/README.md); decide
before you start, since the names of what is stored do not change afterwards.`,
    look: `\`{"libvirt.host.info"}\` (or \`libvirt_host_info_ratio\`) in vmui has a line for each host.
\`vm_rows_inserted_total{type="opentelemetry"}\` in its own /metrics counts samples. ${SEEN}`,
    pitfalls: `- The newest 30 s are hidden from queries by default (\`-search.latencyOffset\`).
- What is older than the retention is dropped without a word.
- Values have about 15 digits; the least significant of a long counter may differ from libvirt's.
- In a cluster the endpoint is \`http://vminsert:8480/insert/0/opentelemetry/v1/metrics\`.`,
  },
  "grafana-cloud": {
    title: "Grafana Cloud",
    needs: `In the Cloud Portal, OpenTelemetry, Configure: the zone of your stack, the instance's id, and a token of an access
policy that may write metrics (and logs, if you send them).`,
    look: `Explore, data source \`grafanacloud-…-prom\`, \`libvirt_host_info_ratio\`. If it is empty after a minute, the stack's
billing dashboard shows whether samples came. ${SEEN}`,
    pitfalls: `- \`401\`: the header wants the base64 of \`instance:token\`, without a newline.
- Resource attributes become labels only when promoted. The names of VMs are needed: ask support to promote
  \`host.name\`, \`libvirt.domain.name\`, \`libvirt.domain.uuid\`, or set \`identity: attributes\`.
- \`429\` is a rate limit of your plan: kvmeter waits as long as it is told to.
- Series are billed: \`metrics.disable\` is the way to have fewer, or a longer \`interval\`.`,
  },
  datadog: {
    title: "Datadog",
    needs: `An API key, and the site your organisation is on (\`datadoghq.com\`, \`datadoghq.eu\`, \`us5.datadoghq.com\` …). No Datadog
agent is needed: kvmeter sends to their OTLP intake.`,
    look: `Metrics, Explorer: \`libvirt.domain.cpu.utilization\` by \`libvirt.domain.name\`. A new metric takes some minutes to be
listed. ${SEEN}`,
    pitfalls: `- Only delta temporality is taken, which is the preset's.
- Resource attributes are dropped unless asked for; the preset asks by the header \`dd-otel-metric-config\`. With \`headers\`
  of your own keep it.
- \`datadog.host.name\` is the hypervisor, so a VM's metrics carry the tags of its host.
- 403: the key is of another site.
- Every metric with its tags is a custom metric and billed as such.`,
  },
  newrelic: {
    title: "New Relic",
    needs: `A license key (of the type INGEST - LICENSE), and the region: \`nr-data.net\` in the US, \`eu01.nr-data.net\` in the EU.`,
    look: `Query: \`FROM Metric SELECT latest(libvirt.domain.cpu.utilization) FACET libvirt.domain.name\`. What was taken and then
not stored is in \`FROM NrIntegrationError SELECT *\`: New Relic answers 202 before it looks. ${SEEN}`,
    pitfalls: `- Delta temporality is recommended, and the preset's.
- A key of the other region is refused with 403.
- Attributes have 4,095 characters at most.
- Data are billed by volume: a longer \`interval\` and \`metrics.disable\` are what helps.`,
  },
  dynatrace: {
    title: "Dynatrace",
    needs: `The environment's id (\`abc12345\` of \`abc12345.live.dynatrace.com\`) and an access token with the scope
\`metrics.ingest\`, for logs \`logs.ingest\` too. For an ActiveGate or Dynatrace Managed give the \`endpoint\`, with
\`/api/v2/otlp/v1/metrics\` at its end.`,
    look: `Data explorer: \`libvirt.domain.cpu.utilization\`. A request of which a part was not taken is answered with how many
points and why; kvmeter counts them as \`rejected\` and says it in its log. ${SEEN}`,
    pitfalls: `- Only delta temporality is taken, which is the preset's.
- Attributes become dimensions when they are on its allow list: Settings, Telemetry enrichment, OpenTelemetry metrics. Add
  \`host.name\`, \`libvirt.domain.name\` and \`libvirt.domain.uuid\`, or set \`identity: attributes\`.
- A request of more than 15,000 points is dropped; the preset's \`request_limit\` keeps below that.
- What is older than an hour is not taken.`,
  },
};
