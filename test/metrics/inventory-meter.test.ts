import assert from "node:assert/strict";
import { test } from "node:test";

import { INVENTORY_METRICS } from "../../src/metrics/definitions.ts";
import { InventoryMeter } from "../../src/metrics/inventory-meter.ts";
import type { ResourcePoints } from "../../src/metrics/points.ts";
import { requiredParts, selectRows } from "../../src/metrics/selection.ts";
import type { ConnectionReading } from "../../src/readings/hypervisor-facts.ts";
import type { InventoryReading, StoragePoolReading } from "../../src/readings/inventory.ts";
import { EPOCH_NS, HYPERVISOR, second, secondNs, TestPoints } from "./readings.ts";

const URI = { "libvirt.uri": "qemu:///system" };

function connection(seconds: number, connected = true): ConnectionReading {
  return { uri: "qemu:///system", at: second(seconds), connected, identity: HYPERVISOR, facts: undefined };
}

function pool(name: string, seconds: number, rest: Partial<StoragePoolReading> = {}): StoragePoolReading {
  const space = { capacityBytes: 100, allocationBytes: 40, availableBytes: 60 };
  return { name, at: second(seconds), state: 2, space, ...rest };
}

function inventory(seconds: number, rest: Partial<InventoryReading> = {}): InventoryReading {
  const at = second(seconds);
  return {
    at,
    intervalMs: 60_000,
    node: { at, cpus: 64, memoryKiB: 2 },
    pools: [pool("default", seconds - 1)],
    lacksPools: false,
    networks: [
      { name: "default", at, active: true, leases: 7 },
      { name: "off", at, active: false, leases: undefined },
    ],
    ...rest,
  };
}

function meter(): InventoryMeter {
  return new InventoryMeter({ startedAtNs: EPOCH_NS - 1n });
}

/** Metric and pool of every series that ended. */
function ends({ ended }: InventoryMeter): unknown[] {
  return ended.flatMap(({ metrics }) =>
    metrics.flatMap(({ metric, points }) =>
      points.map(({ series }) => [metric.name, series.attributes["libvirt.storage_pool.name"]]),
    ),
  );
}

function only(points: readonly ResourcePoints[]): TestPoints {
  assert.equal(points.length, 1);
  return new TestPoints(points[0] ?? assert.fail());
}

test("what was read becomes the table's metrics, each with the time of its own reading", () => {
  const points = only(meter().update(connection(10), inventory(8)));
  assert.deepEqual(
    points.names,
    INVENTORY_METRICS.map(({ name }) => name),
  );
  assert.equal(
    points.all?.resource.attributes["service.instance.id"],
    `${HYPERVISOR.hostId}/qemu:///system inventory`,
  );
  assert.equal(points.value("libvirt.host.cpu.count"), 64);
  assert.equal(points.value("libvirt.host.memory.limit"), 2048);
  const of = { ...URI, "libvirt.storage_pool.name": "default" };
  assert.deepEqual(points.values("libvirt.storage_pool.limit"), [[of, 100]]);
  assert.deepEqual(points.values("libvirt.storage_pool.usage"), [[of, 40]]);
  assert.deepEqual(points.values("libvirt.storage_pool.available"), [[of, 60]]);
  assert.equal(points.numbers("libvirt.storage_pool.usage")[0]?.timeNs, secondNs(7));
  assert.equal(points.numbers("libvirt.host.cpu.count")[0]?.timeNs, secondNs(8));
  assert.deepEqual(
    points
      .values("libvirt.storage_pool.status")
      .map(([attributes, value]) => [attributes["libvirt.storage_pool.state"], value]),
    [
      ["inactive", 0],
      ["building", 0],
      ["running", 1],
      ["degraded", 0],
      ["inaccessible", 0],
    ],
  );
  assert.deepEqual(points.values("libvirt.network.lease.count"), [
    [{ ...URI, "libvirt.network.name": "default" }, 7],
  ]);
  assert.deepEqual(
    points.values("libvirt.network.status").map(([, value]) => value),
    [1, 0, 0, 1],
  );
});

test("each reading is told once, and holds for who asks until it is too old or the connection is gone", () => {
  const told = meter();
  const points = told.update(connection(10), inventory(8));
  assert.deepEqual(told.update(connection(20), undefined), []);
  assert.deepEqual(told.ended, []);
  assert.equal(told.holding(connection(20)), points);
  assert.deepEqual(told.holding(connection(20, false)), []);
  assert.equal(told.holding(connection(188)), points);
  assert.deepEqual(told.holding(connection(189)), []);
});

test("a pool that is gone ends; one that could not be read waits", () => {
  const told = meter();
  const two = [pool("default", 8), pool("nfs", 8)];
  told.update(connection(10), inventory(8, { pools: two }));
  told.update(connection(70), inventory(68, { lacksPools: true }));
  assert.equal(told.ended.length, 0);
  told.update(connection(100), inventory(98, { pools: undefined }));
  assert.equal(told.ended.length, 0);
  told.update(connection(130), inventory(128));
  assert.deepEqual(
    ends(told).filter((end) => (end as unknown[])[0] === "libvirt.storage_pool.limit"),
    [["libvirt.storage_pool.limit", "nfs"]],
  );
  assert.equal(ends(told).length, 5 + 3);
});

test("a pool that was switched off keeps its status and has no size any more", () => {
  const told = meter();
  told.update(connection(10), inventory(8));
  const off = pool("default", 68, { state: 0, space: undefined });
  const points = only(told.update(connection(70), inventory(68, { pools: [off] })));
  assert.deepEqual(points.values("libvirt.storage_pool.usage"), []);
  assert.deepEqual(ends(told), [
    ["libvirt.storage_pool.limit", "default"],
    ["libvirt.storage_pool.usage", "default"],
    ["libvirt.storage_pool.available", "default"],
  ]);
});

test("what no metric needs is not asked for", () => {
  assert.deepEqual([...requiredParts(INVENTORY_METRICS)], ["node", "pools", "networks", "leases"]);
  const disable = ["libvirt.storage_pool.*", "libvirt.host.*"];
  assert.deepEqual([...requiredParts(selectRows(INVENTORY_METRICS, { disable }))], ["networks", "leases"]);
});
