import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import { exposition } from "../../src/local-endpoint/exposition.ts";
import type { Attributes, MetricDescriptor, MetricPoints, ResourcePoints } from "../../src/metrics/points.ts";
import { parseExposition } from "./parse-exposition.ts";

const CPU: MetricDescriptor & { kind: "counter" } = {
  name: "libvirt.domain.cpu.time",
  kind: "counter",
  unit: "s",
  description: 'A "time"\\of\nthe CPU.',
  valueType: "double",
};
const DURATION: MetricDescriptor & { kind: "histogram" } = {
  name: "libvirt.domain.disk.operation.duration",
  kind: "histogram",
  unit: "s",
  description: "How long operations took.",
  valueType: "double",
};
const UUID = "b1f2a5c0-0000-4000-8000-000000000001";
const DOMAIN = { "host.name": "kvm1", "libvirt.domain.uuid": UUID, "libvirt.domain.name": "web1" };

function cpu(value: number | bigint, attributes: Attributes = {}): MetricPoints {
  return { metric: CPU, points: [{ series: { attributes, startTimeNs: 1n }, timeNs: 2n, value }] };
}

function resource(attributes: Attributes, ...metrics: MetricPoints[]): ResourcePoints {
  return { resource: { attributes }, metrics };
}

function textOf(resources: readonly ResourcePoints[], hide?: (text: string) => string): string {
  return [...exposition(resources, hide)].join("");
}

test("a domain's counter has its identity as labels, the rest of the resource is in target_info", () => {
  const text = textOf([resource({ ...DOMAIN, "host.id": "abc" }, cpu(1.5, { "cpu.mode": "user" }))]);
  const identity = `host_name="kvm1",libvirt_domain_name="web1",libvirt_domain_uuid="${UUID}"`;
  assert.equal(
    text,
    `# HELP target_info What is known of whom the series are about.
# TYPE target_info gauge
target_info{host_id="abc",${identity}} 1
# HELP libvirt_domain_cpu_time_seconds_total A "time"\\\\of\\nthe CPU.
# TYPE libvirt_domain_cpu_time_seconds_total counter
libvirt_domain_cpu_time_seconds_total{${identity},cpu_mode="user"} 1.5
`,
  );
});

test("a family is in one place, whatever number of resources has it", () => {
  const second = { ...DOMAIN, "libvirt.domain.uuid": "2" };
  const text = textOf([resource(DOMAIN, cpu(1)), resource(second, cpu(2))]);
  assert.equal(text.match(/^# TYPE libvirt_domain_cpu/gm)?.length, 1);
  assert.deepEqual(
    parseExposition(text).flatMap(({ name, value }) => (name === "target_info" ? [] : [value])),
    ["1", "2"],
  );
});

test("a histogram's buckets count what is in those below them", () => {
  const points = [
    {
      series: { attributes: { "system.device": "vda" }, startTimeNs: 1n },
      timeNs: 2n,
      count: 2n ** 60n + 3n,
      sum: 4.5,
      bounds: [0.001, 1],
      bucketCounts: [1, 2n ** 60n, 2],
    },
  ];
  const text = textOf([resource({}, { metric: DURATION, points })]);
  assert.deepEqual(
    parseExposition(text).flatMap(({ name, labels, value }) =>
      name === "target_info" ? [] : [[name.slice(name.lastIndexOf("_")), labels["le"], value]],
    ),
    [
      ["_bucket", "0.001", "1"],
      ["_bucket", "1", String(2n ** 60n + 1n)],
      ["_bucket", "+Inf", String(2n ** 60n + 3n)],
      ["_sum", undefined, "4.5"],
      ["_count", undefined, String(2n ** 60n + 3n)],
    ],
  );
});

test("a histogram without a sum has none", () => {
  const series = { attributes: {}, startTimeNs: 1n };
  const points = [{ series, timeNs: 2n, count: 0, sum: undefined, bounds: [], bucketCounts: [0] }];
  assert.doesNotMatch(textOf([resource({}, { metric: DURATION, points })]), /_sum/);
});

test("one domain read over two hypervisor connections is there once", () => {
  const samples = parseExposition(textOf([resource(DOMAIN, cpu(1)), resource(DOMAIN, cpu(2))]));
  assert.deepEqual(
    samples.map(({ value }) => value),
    ["1", "1"],
  );
});

test("an identity that also stands on the points is there once", () => {
  const { "host.name": _, ...onPoints } = DOMAIN;
  const [, sample] = parseExposition(textOf([resource(DOMAIN, cpu(1, onPoints))]));
  assert.equal(sample?.labels["libvirt_domain_name"], "web1");
});

test("resource attributes that become one label share it", () => {
  const attributes = { "deployment.name": "b", deployment_name: "a" };
  const [info] = parseExposition(textOf([resource(attributes, cpu(1))]));
  assert.deepEqual(info?.labels, { deployment_name: "b;a" });
});

test("values that are no finite numbers have the format's names", () => {
  const points = [Number.NaN, Infinity, -Infinity, 1e21, 2n ** 64n - 1n].map((value, index) => ({
    series: { attributes: { index }, startTimeNs: 1n },
    timeNs: 2n,
    value,
  }));
  const [, ...samples] = parseExposition(textOf([resource({}, { metric: CPU, points })]));
  assert.deepEqual(
    samples.map(({ value }) => value),
    ["NaN", "+Inf", "-Inf", "1e+21", "18446744073709551615"],
  );
});

function hide(text: string): string {
  return text.replaceAll("geheim", "***");
}

test("secrets are hidden in the labels' values", () => {
  const text = textOf(
    [resource({ "host.name": "geheim1" }, cpu(1, { "kvmeter.source": "a geheim b" }))],
    hide,
  );
  assert.doesNotMatch(text, /geheim/);
  assert.match(text, /host_name="\*\*\*1",kvmeter_source="a \*\*\* b"/);
});

test("any text in a label comes back from a parser", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.string(), (name, device) => {
      const attributes = { "libvirt.domain.name": name };
      const [, sample] = parseExposition(textOf([resource(attributes, cpu(1, { "system.device": device }))]));
      assert.deepEqual(sample?.labels, { libvirt_domain_name: name, system_device: device });
    }),
    // Ends of lines elsewhere, but not here.
    { examples: [["\u2028", "\r"]] },
  );
});

test("a long text comes in pieces of whole lines, none of them long", () => {
  const resources = Array.from({ length: 2000 }, (_, index) =>
    resource({ ...DOMAIN, "libvirt.domain.uuid": String(index) }, cpu(index), {
      metric: { ...CPU, name: "other" },
      points: [{ series: { attributes: {}, startTimeNs: 1n }, timeNs: 2n, value: 1 }],
    }),
  );
  const pieces = [...exposition(resources)];
  assert.ok(pieces.length > 5);
  for (const piece of pieces) {
    assert.ok(piece.endsWith("\n"));
    assert.ok(piece.length < 66_000, `${piece.length}`);
  }
  assert.equal(parseExposition(pieces.join("")).length, 6000);
});
