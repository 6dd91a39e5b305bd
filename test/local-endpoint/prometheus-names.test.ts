import assert from "node:assert/strict";
import { test } from "node:test";

import { familyName, labelName } from "../../src/local-endpoint/prometheus-names.ts";
import { catalogue } from "../../src/metrics/catalogue.ts";
import type { MetricKind } from "../../src/metrics/points.ts";

const families: readonly (readonly [name: string, unit: string, kind: MetricKind, family: string])[] = [
  ["libvirt.domain.cpu.time", "s", "counter", "libvirt_domain_cpu_time_seconds_total"],
  ["libvirt.domain.cpu.utilization", "1", "gauge", "libvirt_domain_cpu_utilization_ratio"],
  ["libvirt.domain.status", "1", "updowncounter", "libvirt_domain_status"],
  ["libvirt.domain.memory.rss", "By", "updowncounter", "libvirt_domain_memory_rss_bytes"],
  ["libvirt.domain.memory.dirty_rate", "By/s", "gauge", "libvirt_domain_memory_dirty_rate_bytes_per_second"],
  ["libvirt.domain.cpu.energy", "J", "counter", "libvirt_domain_cpu_energy_joules_total"],
  ["libvirt.domain.network.packet.count", "{packet}", "counter", "libvirt_domain_network_packet_count_total"],
  ["libvirt.domain.vcpu.count", "{cpu}", "updowncounter", "libvirt_domain_vcpu_count"],
  [
    "libvirt.domain.disk.operation.duration",
    "s",
    "histogram",
    "libvirt_domain_disk_operation_duration_seconds",
  ],
  ["a.total.of.things", "{thing}", "counter", "a_of_things_total"],
  ["process.seconds", "s", "counter", "process_seconds_total"],
  ["odd..name__here", "1", "counter", "odd_name_here_total"],
  ["2fast", "{thing}/s", "gauge", "_2fast_per_second"],
  ["of.another.unit", "mol", "gauge", "of_another_unit_mol"],
];

for (const [name, unit, kind, family] of families) {
  test(`the ${kind} ${name} in ${unit} is ${family}`, () => {
    assert.equal(familyName({ name, unit, kind }), family);
  });
}

test("every metric of the catalogue has a family of its own, in words", () => {
  const rows = catalogue();
  const names = rows.map(familyName);
  assert.equal(new Set(names).size, rows.length);
  for (const name of names) assert.match(name, /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/);
});

test("every attribute of a metric of the catalogue has a label of its own", () => {
  for (const { name, attributes } of catalogue()) {
    const labels = attributes.map((attribute) => labelName(attribute.name));
    assert.equal(new Set(labels).size, labels.length, name);
    for (const label of labels) assert.match(label, /^[a-z][a-z0-9_]*$/);
  }
});

const labels: Readonly<Record<string, string>> = {
  "libvirt.domain.uuid": "libvirt_domain_uuid",
  __name__: "key_name_",
  "2nd": "key_2nd",
  größe: "gr_e",
  "": "key",
};

for (const [attribute, label] of Object.entries(labels)) {
  test(`the attribute "${attribute}" is the label ${label}`, () => {
    assert.equal(labelName(attribute), label);
  });
}
