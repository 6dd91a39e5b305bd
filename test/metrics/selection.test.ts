import assert from "node:assert/strict";
import { test } from "node:test";

import { DOMAIN_ROWS } from "../../src/metrics/definitions.ts";
import {
  type MetricSelection,
  requiredGroups,
  selectRows,
  unmatchedPatterns,
  unusedScopes,
} from "../../src/metrics/selection.ts";
import { maskOf } from "../../src/readings/statistics-groups.ts";

function names(selection: MetricSelection): string[] {
  return selectRows(DOMAIN_ROWS, selection).map(({ name }) => name);
}

function groups(selection: MetricSelection): number {
  return maskOf(requiredGroups(selectRows(DOMAIN_ROWS, selection)));
}

function unused(selection: MetricSelection): ReadonlySet<string> {
  return unusedScopes(selectRows(DOMAIN_ROWS, selection));
}

function groupsOf(name: string): number {
  return maskOf(requiredGroups(DOMAIN_ROWS.filter((row) => row.name === name)));
}

const DEFAULT = names({});

test("by default the rows that are on", () => {
  assert.ok(DEFAULT.includes("libvirt.domain.cpu.time"));
  assert.ok(!DEFAULT.includes("libvirt.domain.vcpu.halted"));
});

test("enable adds rows that are off, in the table's order", () => {
  const added = names({ enable: ["libvirt.domain.vcpu.kvm.*"] }).filter((name) => !DEFAULT.includes(name));
  assert.deepEqual(added, [
    "libvirt.domain.vcpu.kvm.events",
    "libvirt.domain.vcpu.kvm.time",
    "libvirt.domain.vcpu.kvm.value",
  ]);
});

test("disable takes away, and is stronger", () => {
  assert.deepEqual(names({ disable: ["*"] }), []);
  const both = names({ enable: ["*"], disable: ["libvirt.domain.v?pu.*", "libvirt.domain.cpu.time"] });
  assert.ok(both.includes("libvirt.domain.vm.kvm.events"));
  assert.ok(!both.some((name) => name.startsWith("libvirt.domain.vcpu.")));
  assert.ok(!both.includes("libvirt.domain.cpu.time"));
});

test("a pattern is a pattern for the whole name, and its dots are dots", () => {
  assert.deepEqual(names({ disable: ["*"], enable: [] }), []);
  assert.deepEqual(names({ disable: ["libvirt.domain.cpu", "libvirtxdomainxcpuxtime", "(", "["] }), DEFAULT);
});

test("a pattern that fits nothing is named", () => {
  const selection = {
    enable: ["libvirt.domain.vcpu.kvm.*", "libvirt.domian.*"],
    disable: ["kvmeter.*", "x"],
  };
  assert.deepEqual(unmatchedPatterns(selection), ["libvirt.domian.*", "x"]);
});

test("only the groups that rows need are asked for", () => {
  // state, cpu, balloon, vcpu, interface and block; perf and memory, which cost nothing
  assert.equal(groups({}), 0x3f | 64 | 256);
  assert.equal(groups({ enable: ["libvirt.domain.iothread.*"] }), 0x3f | 64 | 256 | 128);
  assert.equal(groups({ enable: ["*"] }), 0x7ff);
  assert.equal(groups({ disable: ["*"] }), 1);
  assert.equal(groupsOf("libvirt.domain.cpu.utilization"), 1 | 2 | 8, "it needs the number of vCPUs");
  assert.equal(groupsOf("libvirt.domain.disk.limit"), 1 | 32);
  assert.equal(groupsOf("libvirt.domain.disk.operation.duration"), 1 | 32);
  assert.equal(groupsOf("libvirt.domain.vcpu.status"), 1 | 8);
});

test("scopes below others are used where a row is about them or about what is below them", () => {
  assert.ok(unused({}).has("vcpuKvm"));
  assert.ok(!unused({ enable: ["libvirt.domain.vcpu.kvm.time"] }).has("vcpuKvm"));
  assert.ok(!unused({}).has("diskHistogram"));
  assert.ok(unused({ disable: ["libvirt.domain.disk.*"] }).has("diskHistogram"));
  // Descriptions look at these, whatever the rows are.
  assert.ok(!unused({ disable: ["*"] }).has("disk"));
  assert.ok(!unused({ disable: ["*"] }).has("nic"));
});
