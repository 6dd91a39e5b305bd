import assert from "node:assert/strict";
import { test } from "node:test";

import type { Clock } from "../src/clock.ts";
import { type Cycle, CycleMeters } from "../src/cycle-meters.ts";
import { encodeCycle } from "../src/otlp/encode.ts";
import { kvmeterScope } from "../src/otlp/scope.ts";
import type { DomainReading, HypervisorReading } from "../src/readings/domain.ts";
import type { HostReading } from "../src/readings/host.ts";
import type { ConnectionReading } from "../src/readings/hypervisor-facts.ts";
import type { InventoryReading } from "../src/readings/inventory.ts";
import { mergeStatistics } from "../src/readings/merge-statistics.ts";
import { memoryStatistics } from "../src/readings/process-statistics.ts";
import { configurationOf } from "./configuration.ts";
import { NEVER, treeSource } from "./host/read-tree.ts";
import { collectLog } from "./logged.ts";
import {
  domainReading,
  EPOCH_NS,
  HYPERVISOR,
  hypervisorReading,
  IDLE_AGENT,
  second,
} from "./metrics/readings.ts";
import { decodeRequest } from "./otlp/official-proto.ts";
import { PROMETHEUS } from "./otlp/strict-backends.ts";

const TREE = new URL("fixtures/host/linux-6.12", import.meta.url).pathname;
const URI = "qemu:///system";
const UUID = "11111111-2222-3333-4444-555555555555";
const SCOPE = kvmeterScope("1.2.3");
const CYCLE_S = 10;
const MEMORY_USAGE = "libvirt.domain.process.memory.numa.usage";

/** A clock that goes on by a millisecond whenever it is looked at. */
function tickingClock(): Clock & { set(seconds: number): void } {
  let ms = 0;
  return {
    now: () => ({ wallNs: EPOCH_NS + BigInt(++ms) * 1_000_000n, monotonicMs: ms }),
    set: (seconds) => void (ms = seconds * 1000),
  };
}

function metersOf(identity: "resource" | "attributes"): CycleMeters {
  return new CycleMeters(configurationOf({ libvirt: [{ uri: URI, timeoutMs: 1000 }] }), {
    wishes: { identity, temporality: "cumulative" },
    agent: { version: "1.2.3", instanceId: "agent", hostName: "kvm7", pid: 7 },
    log: collectLog().log,
    told: undefined,
  });
}

interface Brought {
  readonly reading: HypervisorReading | undefined;
  readonly host?: Cycle["host"];
}

/** A cycle that has ended at this second. */
function cycleAt(seconds: number, { reading, host }: Brought): Cycle {
  const connection: ConnectionReading = {
    uri: URI,
    at: second(seconds),
    connected: true,
    identity: HYPERVISOR,
    facts: {
      libvirtVersion: "12.8.0",
      driver: "QEMU",
      driverVersion: "11.1.0",
      architecture: "x86_64",
      cpus: 8,
      memoryKiB: 1,
    },
  };
  return {
    outcomes: [{ source: URI, state: "ok", durationS: 0.1, reading, error: undefined }],
    connections: [connection],
    host,
    own: { ...IDLE_AGENT, at: second(seconds) },
  };
}

/** A domain with two disks every other cycle, whose memory was looked at before the end of the cycle before. */
function domainAt(cycle: number): DomainReading {
  const fields = {
    "state.state": 1,
    "cpu.time": cycle + 1,
    "block.0.name": "vda",
    "block.0.rd.reqs": 1,
    ...(cycle % 2 === 0 && { "block.1.name": "vdb", "block.1.rd.reqs": 1 }),
  };
  const { statistics } = domainReading(fields, second(cycle * CYCLE_S + 0.7));
  const memory = MEMORY[Math.floor(cycle / 3)] ?? assert.fail();
  return domainReading({}, second(0), {
    uuid: UUID,
    statistics: cycle === 0 ? statistics : mergeStatistics(statistics, memoryStatistics(memory)),
  });
}

/** Looked at in each third cycle, and told by each until it is looked at again. */
const MEMORY = [0, 1, 2, 3].map((number) => ({
  at: second(3 * number * CYCLE_S - 9.5),
  nodes: new Map([[0, 4096]]),
  localShare: 1,
}));

/** A domain that something happened to while the cycle before was under way, and that is gone. */
function goneAfter(cycle: number): DomainReading {
  const statistics: DomainReading["statistics"] = {
    readAt: { event: second((cycle - 1) * CYCLE_S + 0.5) },
    items: { eventType: [{ path: ["stopped"], parent: undefined, values: {} }] },
  };
  const type = statistics.items.eventType?.[0];
  const event = { path: ["stopped", "destroyed"], parent: type, values: { count: 1 } };
  return domainReading({}, second(0), {
    uuid: "short",
    statistics: { ...statistics, items: { ...statistics.items, event: [event] } },
  });
}

/** The machine that the domains run on, with network cards every other cycle. */
function hostAt(cycle: number, host: HostReading): HostReading {
  const { readAt, items } = host.statistics;
  const statistics = cycle % 2 === 0 ? { readAt, items } : { readAt, items: { ...items, hostNic: [] } };
  return { ...host, identity: HYPERVISOR, architecture: "x86_64", statistics };
}

/** A round that began long before it ended, with a pool that is there now and then. */
function inventoryAt(cycle: number): InventoryReading {
  const [begunS, endedS] = [cycle * CYCLE_S - 12, cycle * CYCLE_S - 2];
  const pool = { name: "nfs", at: second(endedS - 3), state: 2, space: undefined };
  return {
    at: second(endedS),
    intervalMs: 20_000,
    node: { at: second(begunS), cpus: 8, memoryKiB: 1024 },
    pools: cycle % 4 === 0 ? [pool] : [],
    lacksPools: false,
    networks: [],
  };
}

for (const identity of ["resource", "attributes"] as const) {
  test(`Prometheus takes every cycle, in requests however small: identity in ${identity}`, async () => {
    const clock = tickingClock();
    const { source } = treeSource(TREE, { clock, intervalsMs: { filesystems: 3 * CYCLE_S * 1000 } });
    const meters = metersOf(identity);
    const series = new Map<string, bigint>();
    const told = new Map<string, number>();
    for (let cycle = 0; cycle < 12; cycle += 1) {
      const listedAt = second(cycle * CYCLE_S);
      clock.set(cycle * CYCLE_S);
      const short = domainReading({ "cpu.time": 1 }, second(cycle * CYCLE_S + 0.8), { uuid: "short" });
      const reading = {
        ...hypervisorReading(cycle % 4 === 1 ? [domainAt(cycle), short] : [domainAt(cycle)], listedAt),
        gone: cycle % 4 === 2 ? [goneAfter(cycle)] : [],
        inventory: cycle > 0 && cycle % 2 === 0 ? inventoryAt(cycle) : undefined,
      };
      const host = hostAt(cycle, await source.read(NEVER));
      for (const points of meters.update(cycleAt(cycle * CYCLE_S + 1, { reading, host }))) {
        const { bytes } = encodeCycle([points], SCOPE);
        assert.equal(PROMETHEUS.check(decodeRequest(bytes), series), undefined, `cycle ${cycle}`);
        for (const { metric } of points.metrics) told.set(metric.name, (told.get(metric.name) ?? 0) + 1);
      }
    }
    assert.equal(told.get(MEMORY_USAGE), MEMORY.length, "each look at its memory is told once");
    assert.equal(told.get("system.filesystem.usage"), 4, "so is each reading of the file systems");
    assert.equal(told.get("libvirt.host.cpu.count"), 5, "so is each round of the inventory");
    assert.ok(told.has("libvirt.domain.events"));
  });
}

test("Prometheus takes a host that libvirt, once it can be reached, calls by another name", async () => {
  const clock = tickingClock();
  const { source } = treeSource(TREE, { clock });
  const meters = metersOf("attributes");
  const series = new Map<string, bigint>();
  for (const cycle of [0, 1, 2, 3]) {
    clock.set(cycle * CYCLE_S);
    const host = { ...(await source.read(NEVER)), identity: { ...HYPERVISOR, hostName: "short" } };
    const brought = cycleAt(cycle * CYCLE_S + 1, { reading: undefined, host });
    const connections = cycle < 2 ? [] : brought.connections;
    for (const points of meters.update({ ...brought, connections })) {
      const { bytes } = encodeCycle([points], SCOPE);
      assert.equal(PROMETHEUS.check(decodeRequest(bytes), series), undefined, `cycle ${cycle}`);
    }
  }
});
