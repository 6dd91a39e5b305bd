import assert from "node:assert/strict";
import { test } from "node:test";

import { KvmeterError } from "../../src/errors.ts";
import { DOMAIN_ROWS, HOST_ROWS, HYPERVISOR_METRICS } from "../../src/metrics/definitions.ts";
import { requiredGroups, requiredReaders } from "../../src/metrics/selection.ts";
import { FIGURES } from "../../src/top/figures.ts";
import { healthOf } from "../../src/top/health.ts";
import { TOP_ROWS, TopModel } from "../../src/top/model.ts";
import { PAST_LENGTH } from "../../src/top/subject.ts";
import type { TopDomain } from "../../src/top/top-domain.ts";
import type { Fields } from "../metrics/readings.ts";
import { failInto, fieldsOf, type Load, LOADS, modelOf, readInto, URI } from "./scenes.ts";

function domain(model: TopModel, name: string): TopDomain {
  const found = model.domains.find((one) => one.name === name);
  assert.ok(found, name);
  return found;
}

const late = new KvmeterError("SOURCE_DEADLINE", "Cannot read it within 2000 ms: still waiting for it");
const gone = new KvmeterError("LIBVIRT_DISCONNECTED", "Cannot read it: gone");

test("every figure is of a metric of the catalogue, and nothing is read that none needs", () => {
  const names = new Set([...DOMAIN_ROWS, ...HOST_ROWS, ...HYPERVISOR_METRICS].map(({ name }) => name));
  for (const { metric } of Object.values(FIGURES)) assert.ok(names.has(metric), metric);
  assert.deepEqual([...requiredGroups(TOP_ROWS.domain, TOP_ROWS.hypervisor)].toSorted(), [
    "balloon",
    "block",
    "block-size",
    "control",
    "cpu",
    "interface",
    "rss",
    "state",
    "vcpu",
    "vcpu-count",
  ]);
  assert.deepEqual([...requiredReaders(TOP_ROWS.host)].toSorted(), ["meminfo", "pressure", "stat"]);
});

test("a rate is what a counter changed by since the last refresh, by the time that took", () => {
  const load = { name: "a", vcpus: 2, steal: 0.25, readBytes: 1000, receivedBytes: 50, drops: 4 };
  const model = modelOf([load], [0, 2]);
  const { whole } = domain(model, "a");
  assert.equal(whole.figure("readBytes"), 1000);
  assert.equal(whole.figure("receivedBytes"), 50);
  assert.equal(whole.figure("drops"), 4);
  assert.equal(whole.figure("reads"), 100);
  assert.equal(whole.figure("readLatency"), 0.001);
  // The mean of the vCPUs, not their sum.
  assert.equal(whole.figure("steal"), 0.25);
  assert.equal(whole.figure("vcpus"), 2);
  readInto(model, [{ ...load, readBytes: 3000 }], { at: 6 });
  // 18,000 in all after 2,000: 16,000 in four seconds.
  assert.equal(whole.figure("readBytes"), 4000);
});

test("the first refresh has amounts and no rates; what was not told is undefined, not 0", () => {
  const { whole } = domain(modelOf([{ name: "a", cpu: 0.5 }], [0]), "a");
  assert.equal(whole.figure("cpu"), undefined);
  assert.equal(whole.figure("readBytes"), undefined);
  assert.equal(whole.figure("memoryLimit"), 2 * 1024 ** 3);
  assert.equal(whole.figure("controlTime"), undefined);
});

test("parts have figures of their own, also when they are looked at for the first time", () => {
  const model = modelOf([{ name: "a", vcpus: 3, cpu: 0.5, readBytes: 7 }], [0, 2]);
  const a = domain(model, "a");
  assert.deepEqual(
    a.parts("vcpu").map((vcpu) => [vcpu.name, vcpu.figure("vcpuTime")]),
    [
      ["0", 0.5],
      ["1", 0.5],
      ["2", 0.5],
    ],
  );
  assert.deepEqual(
    a.parts("disk").map((disk) => [disk.name, disk.figure("readBytes"), disk.figure("diskSize")]),
    [["vda", 7, 20 * 1024 ** 3]],
  );
  assert.deepEqual(
    a.parts("nic").map(({ name }) => name),
    ["vnet0"],
  );
  // A vCPU that was unplugged is gone.
  readInto(model, [{ name: "a", vcpus: 2 }], { at: 4 });
  assert.equal(a.parts("vcpu").length, 2);
});

test("with very many VMs the past of parts begins when one is opened", () => {
  const loads = Array.from({ length: 201 }, (_, number) => ({ name: `vm-${number}`, cpu: 0.5 }));
  const model = modelOf(loads, [0, 2]);
  const one = domain(model, "vm-7");
  assert.deepEqual(one.whole.past("cpu").length, 2);
  assert.deepEqual(one.parts("vcpu")[0]?.past("vcpuTime"), [0.5]);
  readInto(model, loads, { at: 4 });
  assert.deepEqual(one.parts("vcpu")[0]?.past("vcpuTime"), [0.5, 0.5]);
  const few = domain(modelOf(loads.slice(0, 9), [0, 2, 4]), "vm-7");
  assert.deepEqual(few.parts("vcpu")[0]?.past("vcpuTime"), [0.5, 0.5]);
});

test("the past has an end, and gaps where nothing was told", () => {
  const model = new TopModel();
  for (let at = 0; at <= PAST_LENGTH; at++) readInto(model, [{ name: "a", cpu: at / 1000 }], { at });
  failInto(model, gone, { at: PAST_LENGTH + 1 });
  const past = domain(model, "a").whole.past("cpu");
  assert.equal(past.length, PAST_LENGTH);
  assert.ok(Number.isNaN(past.at(-1)));
  assert.ok((past.at(-2) ?? 0) > 0);
});

test("a hypervisor that is away keeps its VMs, without values", () => {
  const model = modelOf([{ name: "a", cpu: 0.5 }]);
  failInto(model, gone, { at: 6 });
  const a = domain(model, "a");
  assert.equal(a.whole.figure("cpu"), undefined);
  assert.equal(a.condition.state, undefined);
  assert.deepEqual(healthOf(a), { level: "bad", text: "away" });
  assert.deepEqual(
    model.hosts.map(({ isInSight, problems }) => [isInSight, problems]),
    [[false, [gone.message]]],
  );
});

test("a reading that is only late takes nothing away", () => {
  const model = modelOf([{ name: "a", cpu: 0.5 }]);
  failInto(model, late, { at: 6 });
  const a = domain(model, "a");
  assert.equal(a.whole.figure("cpu"), 0.5);
  assert.equal(a.isInSight, true);
  assert.deepEqual(model.hosts[0]?.problems, [late.message]);
});

test("VMs that are gone are gone; those of two hypervisors stay two though they are the same", () => {
  const model = modelOf(LOADS.slice(0, 2));
  readInto(model, LOADS.slice(0, 1), { at: 6 });
  assert.deepEqual(
    model.domains.map(({ name }) => name),
    ["web1"],
  );
  readInto(model, LOADS.slice(0, 1), { at: 6, uri: "qemu+tls://b/system", hostName: "kvm8" });
  assert.deepEqual(
    model.domains.map(({ name, uri, host }) => [name, uri, host]),
    [
      ["web1", URI, "kvm7"],
      ["web1", "qemu+tls://b/system", "kvm8"],
    ],
  );
  assert.equal(new Set(model.domains.map(({ key }) => key)).size, 2);
});

test("health tells the worst of what is the matter", () => {
  const model = modelOf([...LOADS, { name: "paused", state: [3, 1] }, { name: "crashed", state: [6, 1] }]);
  const said = Object.fromEntries(model.domains.map((one) => [one.name, healthOf(one)]));
  assert.deepEqual(said["web1"], { level: "good", text: "ok" });
  assert.deepEqual(said["web2"], { level: "notice", text: "old mem" });
  assert.deepEqual(said["db\u001b[2J-größe-雲"], { level: "bad", text: "ioerror" });
  assert.deepEqual(said["paused"], { level: "notice", text: "user" });
  assert.deepEqual(said["crashed"], { level: "bad", text: "crashed" });
  assert.deepEqual(said["off"], { level: "plain", text: "-" });
  assert.deepEqual(said["no-balloon-driver"], { level: "plain", text: "no stats" });
});

/** A VM of which libvirt did not send these fields. */
function without(...prefixes: readonly string[]): Load {
  const fields = Object.keys(fieldsOf({ name: "a" }, 6)).filter((field) =>
    prefixes.some((prefix) => field.startsWith(prefix)),
  );
  const absent = Object.fromEntries(fields.map((field) => [field, undefined]));
  return { name: "a", cpu: 0.5, fields: absent as unknown as Fields };
}

test("what was not due is as it was, in the whole and in its parts; what was due and is not there is unknown", () => {
  const model = modelOf([{ name: "a", vcpus: 2, cpu: 0.5 }]);
  const a = domain(model, "a");
  readInto(model, [without("balloon.", "vcpu.", "block.")], { at: 6 });
  assert.equal(a.whole.figure("memoryLimit"), 2 * 1024 ** 3);
  assert.equal(a.whole.figure("vcpus"), 2);
  assert.deepEqual(
    a.parts("vcpu").map((vcpu) => vcpu.figure("vcpuTime")),
    [0.5, 0.5],
  );
  assert.equal(a.parts("disk")[0]?.figure("diskSize"), 20 * 1024 ** 3);
  // Balloon was read, and says nothing of a limit.
  readInto(model, [without("balloon.maximum")], { at: 8 });
  assert.equal(a.whole.figure("memoryLimit"), undefined);
  assert.equal(a.whole.figure("balloon"), 2 * 1024 ** 3);
});
