import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { systemClock } from "../../src/clock.ts";
import { LibvirtStatistics } from "../../src/libvirt/statistics.ts";
import type { HypervisorReading } from "../../src/readings/domain.ts";
import { HypervisorSource } from "../../src/readings/hypervisor-source.ts";
import type { InventoryPart, InventoryReading } from "../../src/readings/inventory.ts";
import type { Simulator } from "../../src/simulator/index.ts";
import { simulated } from "../simulated.ts";

const never = new AbortController().signal;
const EVERYTHING: readonly InventoryPart[] = ["node", "pools", "networks", "leases"];
const DOMAINS = 6;

interface Bed {
  readonly simulator: Simulator;
  readonly source: HypervisorSource;
  readonly calls: LibvirtStatistics;
}

async function open(
  t: TestContext,
  { parts = EVERYTHING, timeoutMs = 5000 }: { parts?: readonly InventoryPart[]; timeoutMs?: number } = {},
): Promise<Bed> {
  const simulator = await simulated(t, { domains: DOMAINS });
  const calls = new LibvirtStatistics();
  const source = new HypervisorSource({
    uri: simulator.uri,
    timeoutMs,
    groups: new Set(["state", "cpu", "balloon", "interface", "block"]),
    wanted: () => true,
    clock: systemClock,
    calls,
    // A round in every cycle.
    inventory: { parts: new Set(parts), intervalMs: 1 },
  });
  t.after(() => source.close());
  return { simulator, source, calls };
}

/** Cycles until a round has been read, some `rounds` times; gives the last one with its cycle. */
async function rounds(
  { source }: Bed,
  count = 1,
): Promise<{ inventory: InventoryReading; reading: HypervisorReading }> {
  let found: { inventory: InventoryReading; reading: HypervisorReading } | undefined;
  for (let left = count; left > 0;) {
    const reading = await source.read(never);
    const { inventory } = reading;
    if (inventory === undefined) {
      await sleep(10);
      continue;
    }
    found = { inventory, reading };
    left -= 1;
  }
  return found ?? assert.fail();
}

function countOf({ calls }: Bed, procedure: string): number {
  const { ok = 0, error = 0, deadline = 0 } = calls.procedures.get(procedure)?.calls ?? {};
  return ok + error + deadline;
}

test("pools, networks, leases and hardware are read beside the domains", async (t) => {
  const bed = await open(t);
  const { inventory, reading } = await rounds(bed);
  assert.deepEqual(reading.problems, []);
  assert.deepEqual(
    inventory.pools?.map(({ name, state }) => [name, state]),
    [
      ["default", 2],
      ["nfs-images", 2],
      ["scratch", 0],
    ],
  );
  const [used, , off] = inventory.pools ?? [];
  assert.equal(used?.space?.capacityBytes, 2 ** 41);
  assert.equal(Number(used.space.allocationBytes) + Number(used.space.availableBytes), 2 ** 41);
  assert.equal(off?.space, undefined, "a pool that is off has no size");
  const started = bed.simulator.domains().filter(({ id }) => id >= 0);
  assert.deepEqual(
    inventory.networks?.map(({ name, active, leases }) => [name, active, leases]),
    [
      ["isolated", false, undefined],
      ["default", true, started.length],
      ["br0", true, 0],
    ],
  );
  assert.equal(inventory.node?.memoryKiB, 67_108_864);
  assert.ok((inventory.node?.cpus ?? 0) >= 64);
});

test("only what is wanted is asked for", async (t) => {
  const bed = await open(t, { parts: ["networks"] });
  const { inventory } = await rounds(bed);
  assert.equal(inventory.pools, undefined);
  assert.equal(inventory.node, undefined);
  assert.equal(inventory.networks?.[1]?.leases, undefined);
  for (const name of ["CONNECT_LIST_ALL_STORAGE_POOLS", "STORAGE_POOL_GET_INFO", "NETWORK_GET_DHCP_LEASES"]) {
    assert.equal(countOf(bed, name), 0);
  }
});

test("a pool that does not answer costs one call, and keeps nobody from being read", async (t) => {
  const bed = await open(t, { timeoutMs: 300 });
  const { simulator, calls } = bed;
  await rounds(bed);
  simulator.addFault({ kind: "pool-hang", pool: "nfs-images" });
  const asked = (): number => simulator.stats.calls.STORAGE_POOL_GET_INFO ?? 0;
  await rounds(bed);
  const before = asked();
  const { inventory, reading } = await rounds(bed, 5);
  assert.deepEqual(
    inventory.pools?.map(({ name }) => name),
    ["default", "scratch"],
  );
  assert.ok(inventory.lacksPools);
  assert.equal(inventory.networks?.length, 3);
  assert.deepEqual(
    reading.problems.map(({ message }) => /storage pool "nfs-images": libvirt does not answer/.test(message)),
    [true],
  );
  assert.equal(reading.domains.length, DOMAINS);
  assert.ok(reading.domains.every(({ statistics: { readAt } }) => readAt.state !== undefined));
  // A round that had begun before may end among them, and one may have begun after.
  assert.ok(asked() - before <= 2 * 6, `${asked() - before} calls for five rounds of two pools`);
  assert.equal(calls.procedures.get("STORAGE_POOL_GET_INFO")?.calls.deadline, 0, "it still waits");

  simulator.clearFault();
  await rounds(bed, 2);
  const { inventory: whole, reading: sound } = await rounds(bed);
  assert.equal(whole.pools?.length, 3);
  assert.equal(whole.lacksPools, false);
  assert.deepEqual(sound.problems, []);
});

test("a cycle takes as long with a pool that does not answer as without", async (t) => {
  const bed = await open(t, { timeoutMs: 2000 });
  await rounds(bed);
  bed.simulator.addFault({ kind: "pool-hang", pool: "default" });
  // The domains' cycles go on while the round waits for its two seconds.
  for (let cycle = 0; cycle < 20; cycle += 1) {
    const begunMs = performance.now();
    const { domains, problems } = await bed.source.read(never);
    const tookMs = performance.now() - begunMs;
    assert.ok(tookMs < 1000, `${tookMs} ms`);
    assert.equal(domains.length, DOMAINS);
    if (problems.length > 0) break;
  }
});

test("when the list of pools does not come, those of the last one are asked", async (t) => {
  const bed = await open(t, { timeoutMs: 300, parts: ["pools"] });
  await rounds(bed);
  bed.simulator.addFault({ kind: "delay", procedure: "CONNECT_LIST_ALL_STORAGE_POOLS", ms: 60_000 });
  await rounds(bed);
  const { inventory, reading } = await rounds(bed, 2);
  assert.equal(inventory.pools?.length, 3);
  assert.match(
    reading.problems.map(({ message }) => message).join(),
    /the list of storage pools: libvirt does/,
  );
});

test("a daemon without storage or networks has none, and that is no problem", async (t) => {
  const bed = await open(t);
  bed.simulator.addFault({ kind: "error", procedure: "CONNECT_LIST_ALL_STORAGE_POOLS", code: 3 });
  bed.simulator.addFault({ kind: "error", procedure: "CONNECT_LIST_ALL_NETWORKS", code: 38 });
  const { inventory, reading } = await rounds(bed);
  assert.deepEqual(inventory.pools, []);
  assert.deepEqual(inventory.networks, []);
  assert.deepEqual(reading.problems, []);
});

test("one that is gone since it was listed is left out; any other error is a problem", async (t) => {
  const bed = await open(t, { parts: ["pools"] });
  bed.simulator.addFault({ kind: "error", procedure: "STORAGE_POOL_GET_INFO", code: 49, times: 1 });
  const { inventory } = await rounds(bed);
  assert.equal(inventory.pools?.length, 2);
  assert.equal(inventory.lacksPools, false);

  const other = await open(t, { parts: ["pools"] });
  other.simulator.addFault({ kind: "error", procedure: "STORAGE_POOL_GET_INFO", code: 88 });
  const { inventory: refused, reading } = await rounds(other);
  assert.deepEqual(refused.pools, []);
  assert.ok(refused.lacksPools);
  assert.equal(reading.problems.length, 3);
});

test("after the daemon's restart a round begins anew", async (t) => {
  const bed = await open(t, { timeoutMs: 300 });
  await rounds(bed);
  bed.simulator.addFault({ kind: "pool-hang", pool: "default" });
  await rounds(bed, 2);
  bed.simulator.clearFault();
  await bed.simulator.restart(10);
  // The cycle that finds the connection lost fails.
  while ((await bed.source.read(never).catch(() => undefined)) === undefined) await sleep(20);
  const { inventory } = await rounds(bed, 2);
  assert.equal(inventory.pools?.length, 3);
});
