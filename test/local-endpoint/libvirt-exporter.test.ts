import assert from "node:assert/strict";
import { test } from "node:test";

import { PENDING_ROWS } from "../../scripts/generate/promql/pending-rows.ts";
import { EXPORTER_METRICS } from "../../src/local-endpoint/libvirt-exporter-names.ts";
import { asLibvirtExporter } from "../../src/local-endpoint/libvirt-exporter.ts";
import { catalogue } from "../../src/metrics/catalogue.ts";
import type { Attributes, MetricPoints, ResourcePoints } from "../../src/metrics/points.ts";

type Values = readonly (readonly [attributes: Attributes, value: number])[];

function resource(attributes: Attributes, metrics: Readonly<Record<string, Values>>): ResourcePoints {
  return {
    resource: { attributes },
    metrics: Object.entries(metrics).map(([name, values]) => ({
      metric: { name, unit: "1", kind: "gauge", valueType: "double", description: "" },
      points: values.map(([attributes, value]) => ({
        series: { attributes, startTimeNs: undefined },
        timeNs: 1n,
        value,
      })),
    })),
  };
}

const WEB1 = {
  "host.name": "kvm1",
  "libvirt.domain.name": "web1",
  "libvirt.domain.uuid": "4a92c712-7a8f-4027-8830-cb3ccd4c0f12",
  "openstack.project.name": "shop",
};

const OF_RESOURCE = /^(?:libvirt\.domain\.(?:name|uuid)|openstack\..*)$/;

/** name{label="value"} and value of each series. */
function series(metrics: Iterable<MetricPoints>): Record<string, unknown> {
  return Object.fromEntries(
    [...metrics].flatMap(({ metric, points }) =>
      points.map((point) => {
        const labels = Object.entries(point.series.attributes).map(([label, value]) => `${label}="${value}"`);
        return [`${metric.name}{${labels.join(",")}}`, "value" in point ? point.value : undefined];
      }),
    ),
  );
}

test("values stand under the exporter's names and labels", () => {
  const read = { "system.device": "vda", "disk.io.direction": "read" };
  const write = { "system.device": "vda", "disk.io.direction": "write" };
  const points = resource(WEB1, {
    "libvirt.domain.cpu.time": [[{}, 12.5]],
    "libvirt.domain.disk.io": [
      [read, 4096],
      [write, 512],
    ],
    "libvirt.domain.vcpu.delay_time": [[{ "cpu.logical_number": 1 }, 0.5]],
    "libvirt.domain.memory.guest.utilization": [[{}, 0.25]],
    "libvirt.domain.perf.events": [[{ "libvirt.perf.event": "cmt" }, 7]],
  });
  assert.deepEqual(series(asLibvirtExporter([points])), {
    'libvirt_domain_info_cpu_time_seconds_total{domain="web1"}': 12.5,
    'libvirt_domain_vcpu_delay_seconds_total{domain="web1",vcpu="1"}': 0.5,
    'libvirt_domain_block_stats_read_bytes_total{domain="web1",target_device="vda"}': 4096,
    'libvirt_domain_block_stats_write_bytes_total{domain="web1",target_device="vda"}': 512,
    'libvirt_domain_memory_stats_used_percent{domain="web1"}': 25,
  });
});

test("a state is libvirt's number, and a domain is told of once", () => {
  const states: Values = [
    [{ "libvirt.domain.state": "running" }, 0],
    [{ "libvirt.domain.state": "paused" }, 1],
  ];
  assert.deepEqual(series(asLibvirtExporter([resource(WEB1, { "libvirt.domain.status": states })])), {
    'libvirt_domain_info_meta{domain="web1",uuid="4a92c712-7a8f-4027-8830-cb3ccd4c0f12",project_name="shop"}': 1,
    'libvirt_domain_info_vstate{domain="web1"}': 3,
  });
});

test("of two series with the same labels the first is taken, and of one that ended none", () => {
  const first = resource(WEB1, { "libvirt.domain.memory.rss": [[{}, 1]] });
  const second = resource({ ...WEB1, "host.name": "kvm2" }, { "libvirt.domain.memory.rss": [[{}, 2]] });
  assert.deepEqual(series(asLibvirtExporter([first, second])), {
    'libvirt_domain_memory_stats_rss_bytes{domain="web1"}': 1,
  });
  const ended = first.metrics.map((metric) => ({
    ...metric,
    points: metric.points.map((point) => ({ ...point, noRecordedValue: true })),
  })) as ResourcePoints["metrics"];
  assert.deepEqual(series(asLibvirtExporter([{ ...first, metrics: ended }])), {});
});

test("up is whether libvirt is connected", () => {
  for (const up of [0, 1]) {
    const states: Values = [
      [{ "libvirt.connection.state": "connected" }, up],
      [{ "libvirt.connection.state": "disconnected" }, 1 - up],
    ];
    const points = resource({}, { "libvirt.connection.status": states });
    assert.deepEqual(series(asLibvirtExporter([points])), { "libvirt_up{}": up });
  }
});

test("every metric comes from a row of the table, by attributes that the row has", () => {
  const rows = new Map([
    ...catalogue().map((entry) => [entry.name, entry.attributes.map(({ name }) => name)] as const),
    ...PENDING_ROWS.map(({ name, attributes }) => [name, attributes] as const),
  ]);
  for (const { name, from, labels, where = {} } of EXPORTER_METRICS) {
    const attributes = rows.get(from);
    assert.ok(attributes, `${name}: ${from}`);
    for (const one of [...Object.values(labels), ...Object.keys(where)]) {
      assert.ok(attributes.includes(one) || OF_RESOURCE.test(one), `${name}: ${one}`);
    }
  }
  const names = EXPORTER_METRICS.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
});
