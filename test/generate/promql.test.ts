import assert from "node:assert/strict";
import { test } from "node:test";

import { ALERT_RULES, renderAlerts } from "../../scripts/generate/alerts/render.ts";
import { NAMINGS } from "../../scripts/generate/promql/namings.ts";
import { PENDING_ROWS } from "../../scripts/generate/promql/pending-rows.ts";
import { labelsOf, metricsOf, translate } from "../../scripts/generate/promql/translate.ts";
import { catalogue } from "../../src/metrics/catalogue.ts";
import { ALERT_SCENARIOS } from "./alert-scenarios.ts";

const QUERY = `sum by ("host.name") (
  rate({"libvirt.domain.disk.io", "system.device"!="vda", "disk.io.direction"=~"read|write"}[5m])
) / on ("host.name") {"libvirt.host.memory.allocated"} > 1`;

test("a query in the names of each backend", () => {
  assert.equal(
    translate(QUERY, NAMINGS.prometheus),
    `sum by (host_name) (
  rate(libvirt_domain_disk_io_bytes_total{system_device!="vda", disk_io_direction=~"read|write"}[5m])
) / on (host_name) libvirt_host_memory_allocated_bytes > 1`,
  );
  assert.equal(translate(QUERY, NAMINGS.victoriametrics), QUERY);
  const status = '{"libvirt.domain.status", "libvirt.domain.state"="running"}';
  assert.equal(
    translate(status, NAMINGS["victoriametrics-prometheus-naming"]),
    'libvirt_domain_status_ratio{libvirt_domain_state="running"}',
  );
  assert.equal(
    translate(status, NAMINGS.prometheus),
    'libvirt_domain_status{libvirt_domain_state="running"}',
  );
});

test("parts of a histogram are named after it", () => {
  const query = 'sum by ("le") (rate({"libvirt.domain.disk.operation.duration_bucket"}[5m]))';
  assert.equal(
    translate(query, NAMINGS.prometheus),
    "sum by (le) (rate(libvirt_domain_disk_operation_duration_seconds_bucket[5m]))",
  );
  assert.throws(() => metricsOf('{"libvirt.domain.disk.operation.duration"}'), /no row of the table/);
});

test("recording rules keep their names", () => {
  assert.equal(
    translate('host:migrations:last1h{"libvirt.migration.outcome"="failed"} > 0', NAMINGS.prometheus),
    'host:migrations:last1h{libvirt_migration_outcome="failed"} > 0',
  );
});

test("what a query speaks of", () => {
  assert.deepEqual(
    metricsOf(QUERY).map(({ name }) => name),
    ["libvirt.domain.disk.io", "libvirt.host.memory.allocated"],
  );
  assert.deepEqual(labelsOf(QUERY), ["host.name", "system.device", "disk.io.direction", "host.name"]);
});

test("a name that is not in the table does not pass", () => {
  for (const naming of Object.values(NAMINGS)) {
    assert.throws(
      () => translate('{"libvirt.domain.cpu.tiem"}', naming),
      /Cannot query "libvirt\.domain\.cpu\.tiem"/,
    );
    assert.throws(
      () => translate('sum by ("system.devise") ({"libvirt.domain.disk.io"})', naming),
      /no metric in it has system\.devise/,
    );
  }
});

test("what is in the table is no longer pending", () => {
  const known = new Set(catalogue().map(({ name }) => name));
  const landed = PENDING_ROWS.filter(({ name }) => known.has(name)).map(({ name }) => name);
  assert.deepEqual(landed, [], "to be taken out of PENDING_ROWS");
});

test("every alert has a scenario in which it fires, with something beside it that does not", () => {
  for (const { alert } of ALERT_RULES) {
    const scenarios = ALERT_SCENARIOS.filter((scenario) => scenario.alert === alert);
    assert.ok(
      scenarios.some(({ fires }) => fires.length > 0),
      alert,
    );
    for (const { series, fires } of scenarios) assert.ok(Object.keys(series).length > fires.length, alert);
  }
});

test("alerts have names of their own and say whom they are about", () => {
  const names = ALERT_RULES.map(({ alert }) => alert);
  assert.equal(new Set(names).size, names.length);
  for (const { alert, summary } of ALERT_RULES) assert.match(summary, /\{host\.name\}/, alert);
  assert.match(renderAlerts("prometheus"), /\{\{ \$labels\.libvirt_domain_name \}\}/);
  assert.match(renderAlerts("victoriametrics"), /\{\{ index \$labels "libvirt\.domain\.name" \}\}/);
});
