import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";

import { systemClock } from "../../src/clock.ts";
import { connect } from "../../src/libvirt/index.ts";
import { Lanes } from "../../src/libvirt/lanes.ts";
import { DomainMeter } from "../../src/metrics/domain-meter.ts";
import type { HistogramPoint, NumberPoint, ResourcePoints } from "../../src/metrics/points.ts";
import { DiskErrorReader } from "../../src/readings/disk-errors.ts";
import { HypervisorSource } from "../../src/readings/hypervisor-source.ts";
import { NOTHING_READ } from "../../src/readings/merge-statistics.ts";
import type { DomainStatistics } from "../../src/readings/statistics.ts";
import type { Simulator } from "../../src/simulator/index.ts";
import { simulated } from "../simulated.ts";

const never = new AbortController().signal;
const NO_SPACE = 2;

async function open(t: TestContext): Promise<{ simulator: Simulator; source: HypervisorSource }> {
  const simulator = await simulated(t, { domains: 1 });
  const source = new HypervisorSource({
    uri: simulator.uri,
    timeoutMs: 5000,
    groups: new Set(["state", "cpu", "block", "disk-error"]),
    wanted: () => true,
    clock: systemClock,
  });
  t.after(() => source.close());
  return { simulator, source };
}

/** Disk and state of every point of the disks' status that is 1. */
function states(resources: readonly ResourcePoints[]): unknown[] {
  return resources.flatMap(({ metrics }) =>
    metrics
      .filter(({ metric }) => metric.name === "libvirt.domain.disk.status")
      .flatMap(({ points }): readonly (NumberPoint | HistogramPoint)[] => points)
      .filter((point) => "value" in point && point.value === 1)
      .map(({ series: { attributes } }) => [attributes["system.device"], attributes["libvirt.disk.state"]]),
  );
}

function asked({ stats }: Simulator): number {
  return stats.calls.DOMAIN_GET_DISK_ERRORS ?? 0;
}

test("of a domain that is paused by an I/O error each disk's state is told, and nobody else is asked", async (t) => {
  const { simulator, source } = await open(t);
  simulator.createDomain({ name: "paused", state: "paused" });
  const meter = new DomainMeter();
  assert.deepEqual(states(meter.update(await source.read(never))), []);
  assert.equal(asked(simulator), 0);

  const { uuid } = simulator.createDomain({
    name: "full",
    state: "paused",
    ioError: NO_SPACE,
    shape: { disks: 2 },
  });
  assert.deepEqual(states(meter.update(await source.read(never))), [
    ["vda", "no_space"],
    ["vdb", "ok"],
  ]);
  assert.equal(asked(simulator), 1);

  simulator.destroyDomain(uuid);
  meter.update(await source.read(never));
  const ended = meter.ended.flatMap(({ metrics }) => metrics.map(({ metric }) => metric.name));
  assert.ok(ended.includes("libvirt.domain.disk.status"));
});

test("an error of the daemon's is told as a problem, and the domain's statistics are there", async (t) => {
  const { simulator, source } = await open(t);
  simulator.createDomain({ name: "full", state: "paused", ioError: NO_SPACE });
  simulator.addFault({ kind: "error", procedure: "DOMAIN_GET_DISK_ERRORS", code: 55 });
  const { problems, domains } = await source.read(never);
  assert.deepEqual(
    problems.map(({ message }) => message.includes("DOMAIN_GET_DISK_ERRORS")),
    [true],
  );
  assert.ok(domains.every(({ statistics }) => statistics.items.state !== undefined));
});

test("a domain that does not answer is asked once, and waited for once", async (t) => {
  const { simulator, source } = await open(t);
  simulator.createDomain({ name: "full", state: "paused", ioError: NO_SPACE });
  await source.read(never);
  simulator.addFault({ kind: "delay", procedure: "DOMAIN_GET_DISK_ERRORS", ms: 60_000 });
  const before = asked(simulator);
  const late = await source.read(never);
  assert.equal(late.problems.length, 1);
  const begunMs = performance.now();
  await source.read(never);
  assert.ok(performance.now() - begunMs < 900);
  assert.equal(asked(simulator) - before, 1);
});

test("when the domain runs again, its disks' states end", async (t) => {
  const { simulator } = await open(t);
  const { uuid, name, id } = simulator.createDomain({ name: "full", state: "paused", ioError: NO_SPACE });
  const connection = await connect(simulator.uri);
  t.after(() => connection.close());
  const lanes = new Lanes(connection, () => Promise.reject(new Error("one is enough")));
  const reader = new DiskErrorReader(systemClock);
  const readOf = async (known: DomainStatistics) => {
    const context = { statistics: new Map([[uuid, known]]), description: () => undefined, signal: never };
    const { statistics } = await reader.read(lanes, [{ uuid, name, id }], context);
    return statistics.get(uuid);
  };
  const read = (state: number, reason: number) => {
    const item = { path: [], parent: undefined, values: { state, reason } };
    return readOf({ readAt: { state: systemClock.now() }, items: { state: [item] } });
  };
  assert.deepEqual(
    (await read(3, 5))?.items.diskError?.map(({ path: [disk], values }) => [disk, values.state]),
    [["vda", NO_SPACE]],
  );
  assert.deepEqual(await readOf(NOTHING_READ), NOTHING_READ, "not read is not over");
  const running = await read(1, 5);
  assert.deepEqual(running?.items.diskError, []);
  assert.ok(running.readAt["disk-error"]);
  assert.equal((await read(1, 5))?.items.diskError, undefined);
});
