import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";

import type { TypedParameter } from "../../src/libvirt/types.ts";
import { matchField } from "../../src/readings/field-patterns.ts";
import { createStatisticsReader } from "../../src/readings/read-statistics.ts";
import type { DomainStatistics } from "../../src/readings/statistics.ts";
import { parametersOf } from "./typed-parameters.ts";

const at = { wallNs: 1_795_259_316_000_000_000n, monotonicMs: 5000 };
const replyOf = (version: string) =>
  readFileSync(new URL(`../fixtures/readings/domstats-${version}.txt`, import.meta.url), "utf8");
const recorded = replyOf("9.0");

const read = (text: string) => createStatisticsReader().read(parametersOf(text), at);
const entriesOf = (statistics: DomainStatistics) =>
  Object.entries(statistics.items).flatMap(([scope, items]) =>
    items.flatMap(({ path, values }) =>
      Object.entries(values).map(([field, value]) => ({ scope, field, path, value })),
    ),
  );
const sorted = (entries: object[]) => entries.map((entry) => JSON.stringify(entry)).toSorted();
const inState = (state: number) =>
  `state.state=${state}\nstate.reason=0\ncpu.time=99\ncpu.user=9\ncpu.cache.monitor.0.name=m\nballoon.maximum=5`;

describe("a reading of a running domain", () => {
  for (const [version, count] of Object.entries({ "9.0": 79, "12.8": 118 })) {
    test(`has every value that libvirt ${version} sent, once, at its place`, () => {
      const reader = createStatisticsReader();
      const parameters = parametersOf(replyOf(version));
      const expected = parameters.map(({ field: name, value }) => {
        const match = matchField(name);
        return { scope: match?.scope, field: match?.field, path: match?.path, value };
      });
      assert.deepEqual(sorted(entriesOf(reader.read(parameters, at))), sorted(expected));
      assert.equal(expected.length, count);
      assert.equal(reader.takeUnknownFields().size, 0);
    });
  }

  test("dates the groups that came, and only those", () => {
    assert.deepEqual(Object.keys(read(recorded).readAt).toSorted(), [
      "balloon",
      "block",
      "block-detail",
      "block-size",
      "cpu",
      "cpu-monitor",
      "dirtyrate",
      "haltpoll",
      "interface",
      "iothread",
      "rss",
      "state",
      "vcpu",
      "vcpu-count",
      "vcpu-kvm",
      "vcpu-state",
    ]);
    assert.deepEqual(read("net.count=0").readAt, { interface: at });
    const block = { block: at, "block-size": at, "block-detail": at };
    assert.deepEqual(read("block.0.capacity=4096").readAt, block);
    assert.deepEqual(read(""), { readAt: {}, items: {} });
  });

  test("keeps the order of the reply", () => {
    const { vcpu } = read("vcpu.10.time=1\nvcpu.2.time=2\nvcpu.10.wait=3").items;
    assert.deepEqual(vcpu, [
      { path: [10], parent: undefined, values: { timeNs: 1, waitNs: 3 } },
      { path: [2], parent: undefined, values: { timeNs: 2 } },
    ]);
  });

  test("shares nothing with the reading before it but the paths", () => {
    const reader = createStatisticsReader();
    const first = reader.read(parametersOf("vcpu.0.time=1\nvcpu.1.time=5"), at);
    const second = reader.read(parametersOf("vcpu.0.wait=2"), at);
    assert.deepEqual(second.items, { vcpu: [{ path: [0], parent: undefined, values: { waitNs: 2 } }] });
    assert.deepEqual(first.items.vcpu?.[0]?.values, { timeNs: 1 });
    assert.equal(first.items.vcpu?.[0]?.path, second.items.vcpu?.[0]?.path);
  });
});

describe("values", () => {
  test("stay exact beyond 2^53", () => {
    const { items } = read("cpu.time=18446744073709551615\nnet.0.rx.bytes=9007199254740993");
    assert.equal(items.cpu?.[0]?.values.timeNs, 18_446_744_073_709_551_615n);
    assert.equal(items.nic?.[0]?.values.receivedBytes, 9_007_199_254_740_993n);
  });

  test("of a queue depth and of energy can be fractions", () => {
    const { items } = read(
      "block.0.timed_group.0.rd_queue_depth_avg=0.000003\ncpu.energy.monitor.0.pkg.0.core_energy=18446744073709551615",
    );
    assert.equal(items.diskIntervalOperation?.[0]?.values.queueDepthAvg, 0.000003);
    assert.equal(items.energyPackage?.[0]?.values.coreEnergyJ, 18_446_744_073_709_552_000);
  });

  test("of KVM that are booleans count as 0 and 1", () => {
    const { items } = read("vcpu.0.blocking.cur=yes\nvcpu.0.halted=yes\nvm.x.cur=no");
    assert.equal(items.vcpuKvm?.[0]?.values.current, 1);
    assert.equal(items.vmKvm?.[0]?.values.current, 0);
    assert.equal(items.vcpu?.[0]?.values.halted, true);
  });

  test("of the wrong kind are left out and counted", () => {
    const reader = createStatisticsReader();
    const wrong: TypedParameter[] = [
      { field: "balloon.rss", value: "lots" },
      { field: "vcpu.0.time", value: 1.5 },
      { field: "vcpu.1.time", value: Number.NaN },
      { field: "vcpu.0.halted", value: 1 },
      { field: "net.0.name", value: 7n },
      { field: "block.0.path", value: true },
      { field: "block.0.timed_group.0.wr_queue_depth_avg", value: Number.POSITIVE_INFINITY },
      { field: "block.0.timed_group.0.rd_queue_depth_avg", value: "deep" },
      { field: "net.count", value: 1 },
    ];
    assert.deepEqual(reader.read(wrong, at), {
      readAt: { interface: at },
      items: { nicCount: [{ path: [], parent: undefined, values: { nics: 1 } }] },
    });
    assert.deepEqual(
      reader.takeUnknownFields(),
      new Map([
        ["balloon.rss (text)", 1],
        ["vcpu.#.time (number)", 2],
        ["vcpu.#.halted (number)", 1],
        ["net.#.name (number)", 1],
        ["block.#.path (flag)", 1],
        ["block.#.timed_group.#.wr_queue_depth_avg (number)", 1],
        ["block.#.timed_group.#.rd_queue_depth_avg (text)", 1],
      ]),
    );
  });
});

describe("items", () => {
  test("are found by their number: 128 vCPUs with holes", () => {
    const numbers = Array.from({ length: 128 }, (_, index) => index).filter((number) => number % 7 !== 3);
    const { items } = read(
      numbers.flatMap((n) => [`vcpu.${n}.time=${n * 1000}`, `vcpu.${n}.exits.sum=${n}`]).join("\n"),
    );
    assert.deepEqual(
      items.vcpu?.map(({ path, values }) => [path[0], values.timeNs]),
      numbers.map((n) => [n, n * 1000]),
    );
    assert.deepEqual(
      items.vcpuKvm?.map(({ path, parent, values }) => [path, parent?.path, values.sum]),
      numbers.map((n) => [[n, "exits"], [n], n]),
    );
  });

  test("have their parent, also when it comes after them", () => {
    // As libvirt 12.8 prints them for a disk with latency histograms and timed statistics.
    const { items } = read(`
      block.0.latency_histogram.read.bin.1.start=10000
      block.0.latency_histogram.read.bin.1.value=1
      block.0.latency_histogram.read.bin.count=4
      block.0.timed_group.0.rd_latency_min=37416
      block.0.timed_group.0.interval=10
      block.0.timed_group.count=1
      block.0.limits.request_alignment=1
      block.0.name=vda`);
    const [disk] = items.disk ?? [];
    const [bin] = items.diskHistogramBin ?? [];
    const [operation] = items.diskIntervalOperation ?? [];
    assert.deepEqual(disk?.values, { timedGroups: 1, name: "vda" });
    assert.deepEqual([bin?.path, bin?.values], [[0, "read", 1], { startNs: 10_000, operations: 1 }]);
    assert.equal(bin?.parent, items.diskHistogram?.[0]);
    assert.equal(bin?.parent?.parent, disk);
    assert.equal(operation?.parent, items.diskInterval?.[0]);
    assert.equal(operation?.parent?.parent, disk);
    assert.equal(items.diskLimit?.[0]?.parent, disk);
  });

  test("have no parent when it was not sent", () => {
    const { items } = read("vcpu.0.exits.sum=4");
    assert.equal(items.vcpuKvm?.[0]?.parent, undefined);
  });

  test("of a backing chain stay apart, the top image first", () => {
    const { items } = read(
      "block.0.name=vda\nblock.0.backingIndex=1\nblock.1.name=vda\nblock.1.backingIndex=3\nblock.2.name=vdb",
    );
    assert.deepEqual(
      items.disk?.map(({ path, values }) => [path[0], values.name, values.backingIndex]),
      [
        [0, "vda", 1],
        [1, "vda", 3],
        [2, "vdb", undefined],
      ],
    );
  });

  test("can have an empty name", () => {
    const { items } = read("net.count=1\nnet.0.name=\nnet.0.rx.bytes=5");
    assert.deepEqual(items.nic?.[0]?.values, { name: "", receivedBytes: 5 });
  });
});

describe("an inactive domain", () => {
  test("has no CPU time: it is the daemon's own", () => {
    const statistics = read(inState(5));
    assert.deepEqual(Object.keys(statistics.items), ["state", "balloon"]);
    assert.deepEqual(statistics.readAt, { state: at, balloon: at, rss: at });
  });

  test("is also one that the caller knows to be", () => {
    const { items } = createStatisticsReader().read(parametersOf("cpu.time=99"), at, { inactive: true });
    assert.deepEqual(items, {});
  });

  test("is not one that is paused or crashed", () => {
    for (const state of [1, 3, 6]) assert.equal(read(inState(state)).items.cpu?.[0]?.values.timeNs, 99);
  });
});
