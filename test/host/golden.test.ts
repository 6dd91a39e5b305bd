import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { HostMeter } from "../../src/metrics/host-meter.ts";
import { writeLargeHost } from "./large-host.ts";
import { linesOf, NEVER, pointsOfTree, standingClock, treeSource } from "./read-tree.ts";

/*
 * What kvmeter makes of trees, one of which is recorded and the others written (see their README). After a wanted change
 * GOLDEN=write writes what it makes now: then the difference is to be read, number by number.
 */

const TREES = ["recorded-6.18", "linux-4.18", "linux-5.14", "linux-6.1", "linux-6.12", "bare"];

const fixture = (tree: string) => new URL(`../fixtures/host/${tree}`, import.meta.url).pathname;

function assertGolden(name: string, lines: readonly string[]): void {
  const file = new URL(`../golden/host/${name}.txt`, import.meta.url);
  if (process.env["GOLDEN"] === "write") writeFileSync(file, `${lines.join("\n")}\n`);
  assert.deepEqual(lines, readFileSync(file, "utf8").trimEnd().split("\n"));
}

for (const tree of TREES) {
  test(`${tree} gives what it gave`, async () => {
    const { source, notes } = treeSource(fixture(tree));
    const reading = await source.read(NEVER);
    assert.deepEqual(reading.problems, []);
    assertGolden(tree, [
      ...linesOf(await pointsOfTree(fixture(tree))),
      ...notes.map((note) => `# ${note}`).toSorted(),
    ]);
  });
}

async function namesOf(tree: string): Promise<Set<string>> {
  return new Set((await pointsOfTree(fixture(tree))).map(({ metric }) => metric.name));
}

test("of what every kernel has, all versions of it make the same metrics", async () => {
  const [old, recent] = await Promise.all([namesOf("linux-4.18"), namesOf("linux-6.12")]);
  const newer = [...recent.difference(old)].filter((name) => !name.includes("pressure"));
  assert.deepEqual(newer, ["linux.ksm.profit"]);
  assert.deepEqual([...old.difference(recent)], []);
});

test("sums start at boot, and a point carries the time at which it was read", async () => {
  const clock = standingClock();
  const { source } = treeSource(fixture("linux-6.1"), { clock, intervalsMs: { meminfo: 60_000 } });
  const meter = new HostMeter();
  await source.read(NEVER);
  const firstNs = clock.now().wallNs;
  clock.goOn(10_000);
  const { metrics } = meter.update(await source.read(NEVER));
  const point = (name: string) => metrics.find(({ metric }) => metric.name === name)?.points[0];
  assert.equal(point("system.cpu.time")?.series.startTimeNs, 1_700_000_000_000_000_000n);
  assert.equal(point("system.cpu.time")?.timeNs, firstNs + 10_000_000_000n);
  assert.equal(point("system.memory.limit")?.timeNs, firstNs);
});

test("two sockets with 128 CPUs: every CPU, and shares of them all", async (context) => {
  const root = mkdtempSync(join(tmpdir(), "kvmeter-"));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  const clock = standingClock();
  const { source } = treeSource(root, { clock });
  const meter = new HostMeter();
  writeLargeHost(root);
  meter.update(await source.read(NEVER));
  clock.goOn(10_000);
  writeLargeHost(root, undefined, 1000);
  const reading = await source.read(NEVER);
  assert.deepEqual(reading.problems, []);
  const { metrics } = meter.update(reading);
  const lines = linesOf(metrics);
  const of = (start: string) => lines.filter((line) => line.startsWith(start));
  assert.equal(of("system.cpu.time{").length, 128 * 8);
  assert.equal(of("system.cpu.frequency{").length, 128);
  assert.equal(of("linux.scheduler.wait_time{").length, 128);
  assert.equal(of("system.network.io{").length, 2 * 40, "without the taps");
  assert.deepEqual(of("system.cpu.logical.count"), ["system.cpu.logical.count{} 128"]);
  assert.deepEqual(of("system.cpu.physical.count"), ["system.cpu.physical.count{} 64"]);
  // 1000 ticks of user and 2000 of idle on each CPU.
  assert.deepEqual(of("system.cpu.utilization{").slice(0, 4), [
    `system.cpu.utilization{cpu.mode=user} ${1 / 3}`,
    "system.cpu.utilization{cpu.mode=nice} 0",
    "system.cpu.utilization{cpu.mode=system} 0",
    `system.cpu.utilization{cpu.mode=idle} ${2 / 3}`,
  ]);
  // 400 interrupts of one driver: 0..399 + CPU + 1000 on each of 128 CPUs.
  const sum = 400 * 128 * 1000 + 128 * ((399 * 400) / 2) + 400 * ((127 * 128) / 2);
  assert.deepEqual(of("linux.interrupts{linux.interrupt.type=eth"), [
    `linux.interrupts{linux.interrupt.type=eth} ${sum}`,
  ]);
});
