import assert from "node:assert/strict";
import { test } from "node:test";

import { XdrWriter } from "../../src/libvirt/xdr-writer.ts";
import { Load, sumOf } from "../../src/simulator/load.ts";
import { lookAt } from "../../src/simulator/look.ts";
import { ALL_GROUPS } from "../../src/simulator/statistics/groups.ts";
import { writeRecord } from "../../src/simulator/statistics/record.ts";
import { World } from "../../src/simulator/world.ts";
import { Cursor, TestClock, type RawParameter } from "./raw-client.ts";

type Values = Map<string, RawParameter["value"]>;

function makeWorld(seed = 1): { world: World; clock: TestClock } {
  const clock = new TestClock();
  return { clock, world: new World({ domains: 8, seed, clock, shape: {} }) };
}

/** Every field of every domain, by the domain's name. */
function readAll(world: World): Map<string, Values> {
  const writer = new XdrWriter();
  const domains = [...world.domains];
  writer.u32(domains.length);
  for (const domain of domains) {
    writeRecord(writer, ALL_GROUPS, lookAt(domain, { world, release: "12.8", monitor: true }));
  }
  const records = new Cursor(Buffer.from(writer.bytes())).records();
  return new Map(
    records.map(({ name, parameters }) => [
      name,
      new Map(parameters.map(({ field, value }) => [field, value])),
    ]),
  );
}

function number(values: Values | undefined, field: string): number {
  const value = values?.get(field);
  assert.ok(typeof value === "bigint" || typeof value === "number", `${field} is no number`);
  return Number(value);
}

const COUNTER =
  /^(cpu\..*|vcpu\.\d+\.(time|wait|delay)|.*\.sum|balloon\.(swap_in|swap_out|major_fault|minor_fault|last-update)|net\.\d+\.[rt]x\..*|block\.\d+\.(rd|wr|fl)\..*|.*\.bin\.\d+\.value|block\.\d+\.(allocation|physical))$/;

test("the integral of a load is what its level adds up to, and is never negative", () => {
  const load = new Load([
    { periodS: 600, amplitude: 0.5, peakS: 40 },
    { periodS: 37, amplitude: 0.45, peakS: 11 },
  ]);
  let sum = 0;
  for (let step = 0; step < 40_000; step++) {
    const level = load.level((step + 0.5) * 0.05);
    assert.ok(level > 0 && level <= load.peak);
    sum += level * 0.05;
  }
  assert.ok(Math.abs(sum - (load.integral(2000) - load.integral(0))) < 0.01);
});

test("what things add up to grows with each of them and stays near their mean", () => {
  for (let count = 1; count < 20_000; count += 7) {
    const added = sumOf(count, 1000) - sumOf(count - 1, 1000);
    assert.ok(added >= 799 && added <= 1201, `the ${count}th adds ${added}`);
  }
});

test("the same seed and the same times give the same values, another seed does not", () => {
  const [one, two, other] = [makeWorld(), makeWorld(), makeWorld(2)];
  for (const { clock } of [one, two, other]) clock.nowMs = 86_400_000;
  assert.deepEqual(readAll(one.world), readAll(two.world));
  // Being looked at in between changes nothing.
  for (const nowMs of [90_000_000, 90_000_001, 90_700_000]) {
    one.clock.nowMs = nowMs;
    readAll(one.world);
  }
  two.clock.nowMs = one.clock.nowMs;
  assert.deepEqual(readAll(one.world), readAll(two.world));
  assert.notDeepEqual(readAll(one.world), readAll(other.world));
});

test("a domain more changes none of the others", () => {
  const [one, two] = [makeWorld(), makeWorld()];
  two.world.create({ name: "more" });
  const values = readAll(two.world);
  assert.equal(values.delete("more"), true);
  assert.deepEqual(readAll(one.world), values);
});

test("counters never go down, at any step from a millisecond to a day", () => {
  const { world, clock } = makeWorld();
  world.create({ name: "young" });
  let before = readAll(world);
  for (const stepMs of [1, 2, 5, 30, 500, 999, 1000, 4000, 10_000, 60_000, 3_600_000, 86_400_000, 1, 1000]) {
    clock.nowMs += stepMs;
    const now = readAll(world);
    for (const [name, values] of now) {
      const earlier = before.get(name);
      for (const [field, value] of values) {
        if (!COUNTER.test(field) || earlier?.get(field) === undefined) continue;
        const was = earlier.get(field) ?? 0;
        assert.ok(value >= was, `${name} ${field}: ${value} after ${was}, ${stepMs} ms later`);
      }
    }
    before = now;
  }
});

test("what belongs together agrees", () => {
  const { world, clock } = makeWorld();
  const before = readAll(world);
  clock.nowMs += 3_600_000;
  for (const [name, values] of readAll(world)) {
    const grown = (field: string): number => number(values, field) - number(before.get(name), field);
    assert.ok(number(values, "cpu.user") + number(values, "cpu.system") <= number(values, "cpu.time"));
    let vcpuTimeNs = 0;
    for (let vcpu = 0; vcpu < number(values, "vcpu.current"); vcpu++) {
      const timeNs = grown(`vcpu.${vcpu}.time`);
      assert.ok(timeNs <= 3600e9, `${name}: vCPU ${vcpu} worked ${timeNs} ns in an hour`);
      vcpuTimeNs += timeNs;
    }
    assert.ok(grown("cpu.time") >= vcpuTimeNs * 0.99, `${name}: QEMU costs less than its vCPUs`);
    assert.ok(grown("cpu.time") <= vcpuTimeNs * 1.05 + 10e9, `${name}: QEMU costs much more than its vCPUs`);

    const [current, available, unused, usable, caches] = [
      "current",
      "available",
      "unused",
      "usable",
      "disk_caches",
    ].map((field) => number(values, `balloon.${field}`)) as [number, number, number, number, number];
    assert.ok(available < current && usable < available && unused < usable && unused + caches < available);

    for (let disk = 0; disk < number(values, "block.count"); disk++) {
      if (!values.has(`block.${disk}.path`)) continue;
      const field = (suffix: string): number => number(values, `block.${disk}.${suffix}`);
      assert.ok(field("allocation") < field("capacity"));
      assert.equal(field("rd.bytes") % 512, 0);
      const reads = grown(`block.${disk}.rd.reqs`);
      const meanNs = grown(`block.${disk}.rd.times`) / reads;
      if (reads > 0) assert.ok(meanNs > 100_000 && meanNs < 400_000, `${name}: a read takes ${meanNs} ns`);
    }
  }
});

test("the cast: a busy one, an idle one, a paused one, one with counters beyond 2^53", () => {
  const { world, clock } = makeWorld();
  const before = readAll(world);
  clock.nowMs += 600_000;
  const now = readAll(world);
  const share = (name: string): number => {
    const spent = number(now.get(name), "cpu.time") - number(before.get(name), "cpu.time");
    return spent / 600e9 / number(now.get(name), "vcpu.current");
  };
  assert.ok(share("vm-0") > 0.85 && share("vm-0") < 1.02, `busy: ${share("vm-0")}`);
  assert.ok(share("vm-1") > 0 && share("vm-1") < 0.02, `idle: ${share("vm-1")}`);
  assert.equal(share("vm-2"), 0);
  assert.deepEqual(now.get("vm-2"), before.get("vm-2"));
  assert.equal(now.get("vm-2")?.get("state.state"), 3);
  const cpuTime = now.get("vm-4")?.get("cpu.time");
  assert.ok(typeof cpuTime === "bigint" && cpuTime > 2n ** 53n);
  assert.equal(number(now.get("vm-5"), "vcpu.maximum"), 4);
  assert.equal(now.get("vm-5")?.has("vcpu.2.state"), false);
});

test("load follows the day", () => {
  const { world, clock } = makeWorld();
  const perHour = Array.from({ length: 25 }, () => {
    const timeNs = number(readAll(world).get("vm-3"), "cpu.time");
    clock.nowMs += 3_600_000;
    return timeNs;
  });
  const hours = perHour.slice(1).map((timeNs, hour) => timeNs - (perHour[hour] ?? 0));
  assert.ok(Math.max(...hours) > 1.8 * Math.min(...hours));
});

test("bins of a latency histogram add up to the requests", () => {
  const { world, clock } = makeWorld();
  for (const stepMs of [0, 1000, 1313, 86_400_000]) {
    clock.nowMs += stepMs;
    const values = readAll(world).get("vm-4");
    for (const [operation, requests] of [
      ["read", "rd"],
      ["write", "wr"],
      ["flush", "fl"],
    ] as const) {
      const bins = [0, 1, 2, 3].map((bin) =>
        number(values, `block.0.latency_histogram.${operation}.bin.${bin}.value`),
      );
      assert.equal(
        bins.reduce((sum, value) => sum + value, 0),
        number(values, `block.0.${requests}.reqs`),
      );
    }
  }
});

test("a guest reports its memory once a period, and not without one", () => {
  const { world, clock } = makeWorld();
  world.create({ name: "young" });
  world.create({ name: "mute", shape: { balloonPeriodS: 0 }, uptimeS: 1000 });
  const epochS = TestClock.EPOCH_MS / 1000;
  const lastUpdate = (name: string): number => number(readAll(world).get(name), "balloon.last-update");
  assert.equal(lastUpdate("young"), 0);
  assert.equal(readAll(world).get("young")?.has("balloon.unused"), false);
  clock.nowMs = 10_000;
  assert.equal(lastUpdate("young"), epochS + 10);
  clock.nowMs = 19_999;
  assert.equal(lastUpdate("young"), epochS + 10);
  clock.nowMs = 20_000;
  assert.equal(lastUpdate("young"), epochS + 20);
  assert.equal(lastUpdate("mute"), 0);
  assert.ok(lastUpdate("vm-2") <= epochS - 3600);
});
