import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";

import { matchField } from "../../src/readings/field-patterns.ts";
import { type ScopeRow, STATISTICS_SCOPES } from "../../src/readings/statistics-fields.ts";

const scopes: [string, ScopeRow][] = Object.entries(STATISTICS_SCOPES);
const rows = scopes.flatMap(([scope, row]) =>
  Object.entries(row.fields).map(([field, { pattern }]) => ({ scope, field, pattern })),
);
const namesOfLibvirt = readFileSync(
  new URL("../fixtures/readings/field-names-12.8.txt", import.meta.url),
  "utf8",
)
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"));

const wildcards = (pattern: string) => pattern.match(/#|\*|\{[^}]*\}/g)?.length ?? 0;
const where = (name: string) => {
  const match = matchField(name);
  return match && [match.scope, match.field, ...match.path];
};

describe("the table of fields", () => {
  test("knows every name of libvirt 12.8", () => {
    assert.deepEqual(
      namesOfLibvirt.filter((name) => matchField(name) === undefined),
      [],
    );
  });

  test("has no row that libvirt 12.8 does not send", () => {
    const met = new Set(namesOfLibvirt.map((name) => where(name)?.slice(0, 2).join(".")));
    assert.deepEqual(
      rows.map(({ scope, field }) => `${scope}.${field}`).filter((row) => !met.has(row)),
      [],
    );
  });

  test("has rows of which no two know the same name", () => {
    for (const { scope, field, pattern } of rows) {
      const name = pattern
        .replaceAll("#", "7")
        .replaceAll("*", "name")
        .replaceAll(/\{(\w+)[^}]*\}/g, "$1");
      assert.deepEqual(where(name)?.slice(0, 2), [scope, field], name);
    }
  });

  test("gives the fields of one scope paths of one length, and a parent's path one part less", () => {
    for (const [scope, { fields, parent }] of scopes) {
      const lengths = new Set(Object.values(fields).map(({ pattern }) => wildcards(pattern)));
      assert.equal(lengths.size, 1, scope);
      const parentRow = scopes.find(([name]) => name === parent)?.[1];
      if (parent === undefined) continue;
      const [parentField] = Object.values(parentRow?.fields ?? {});
      assert.equal([...lengths][0], wildcards(parentField?.pattern ?? "") + 1, scope);
    }
  });

  test("regroups only fields that the scope has", () => {
    for (const [scope, { fields, regrouped = {} }] of scopes) {
      for (const field of Object.keys(regrouped)) assert.ok(field in fields, `${scope}.${field}`);
    }
  });
});

describe("matchField", () => {
  const known: [string, unknown[]][] = [
    ["cpu.time", ["cpu", "timeNs"]],
    ["vcpu.current", ["vcpuCount", "current"]],
    ["vcpu.3.time", ["vcpu", "timeNs", 3]],
    ["vcpu.1.time", ["vcpu", "timeNs", 1]],
    ["vcpu.10.time", ["vcpu", "timeNs", 10]],
    ["vcpu.100.time", ["vcpu", "timeNs", 100]],
    ["vcpu.3.exits.sum", ["vcpuKvm", "sum", 3, "exits"]],
    ["vcpu.3.time.cur", ["vcpuKvm", "current", 3, "time"]],
    ["vcpu.3.sum.sum", ["vcpuKvm", "sum", 3, "sum"]],
    ["vcpu.3.arch.x86.exits.max", ["vcpuKvm", "peak", 3, "arch.x86.exits"]],
    ["vm.remote_tlb_flush.sum", ["vmKvm", "sum", "remote_tlb_flush"]],
    ["vm.nx_lpage_splits.cur", ["vmKvm", "current", "nx_lpage_splits"]],
    ["iothread.4294967295.poll-grow", ["iothread", "pollGrow", 4_294_967_295]],
    ["block.0.limits.transfer_max", ["diskLimit", "value", 0, "transfer_max"]],
    ["block.2.timed_group.0.rd_latency_min", ["diskIntervalOperation", "latencyMinNs", 2, 0, "rd"]],
    [
      "block.2.timed_group.1.zone_append_queue_depth_avg",
      ["diskIntervalOperation", "queueDepthAvg", 2, 1, "zone_append"],
    ],
    ["block.0.latency_histogram.read.bin.count", ["diskHistogram", "bins", 0, "read"]],
    ["block.0.latency_histogram.flush.bin.13.value", ["diskHistogramBin", "operations", 0, "flush", 13]],
    ["cpu.energy.monitor.0.pkg.1.core_energy", ["energyPackage", "coreEnergyJ", 0, 1]],
    ["memory.bandwidth.monitor.0.node.1.bytes.local", ["memoryNode", "localBytes", 0, 1]],
    ["perf.page_faults_maj", ["perf", "value", "page_faults_maj"]],
  ];
  for (const [name, expected] of known) {
    test(`finds ${name}`, () => {
      assert.deepEqual(where(name), expected);
    });
  }

  const unknown = [
    "",
    "time",
    "cpu",
    "cpu.",
    ".time",
    "cpu.time.more",
    "xcpu.time",
    "vcpu..time",
    "vcpu.-1.time",
    "vcpu.01.time",
    "vcpu.1e3.time",
    "vcpu.99999999999.time",
    "vcpu.1.",
    "vcpu.1.exits",
    "vcpu.1..sum",
    "vcpu.1.new\nline.sum",
    "vm..sum",
    "net.0.name.more",
    "block.0.latency_histogram.trim.bin.0.value",
    `perf.${"x".repeat(75)}`,
    "constructor.name",
    "__proto__",
  ];
  for (const name of unknown) {
    test(`does not know ${JSON.stringify(name)}`, () => {
      assert.equal(matchField(name), undefined);
    });
  }
});
