import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, constants, mkdirSync, openSync } from "node:fs";
import { open } from "node:fs/promises";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { systemClock } from "../../src/clock.ts";
import { type MemoryWish, ProcessMemory } from "../../src/readings/process-memory.ts";
import { addFile } from "../host/fake-root.ts";
import { folder } from "./local-readings.ts";

function wish(pid: number): MemoryWish {
  return { uuid: `uuid-${pid}`, pid, vcpus: [] };
}

test("where one process's memory cannot be read for long, nobody waits behind it who has ended meanwhile", async (t) => {
  const root = folder(t);
  const [stuck, ended] = [1000, 1001].map((pid) => {
    mkdirSync(`${root}/${pid}`);
    execFileSync("mkfifo", [`${root}/${pid}/numa_maps`]);
    return `${root}/${pid}/numa_maps`;
  });
  assert.ok(stuck !== undefined && ended !== undefined);
  const memory = new ProcessMemory({
    procfs: root,
    sysfs: root,
    clock: systemClock,
    intervalMs: 60_000,
    onDenied: assert.fail,
  });
  memory.update([wish(1000)], 0);
  memory.update([wish(1000), wish(1001)], 1);
  memory.update([wish(1000)], 2);
  // A pipe's reader waits for a writer.
  await (await open(stuck, "w")).close();
  const settled = memory.settled().then(() => true);
  const isSettled = await Promise.race([settled, sleep(2000, false)]);
  if (!isSettled) closeSync(openSync(ended, constants.O_RDWR));
  assert.ok(isSettled, "the pipe of the process that has ended was opened");
});

test("nodes whose CPUs cannot be read leave out what is local, and nothing else", async (t) => {
  const root = folder(t);
  addFile(
    `${root}/proc/7/numa_maps`,
    "7f2c40000000 default anon=768 dirty=768 N0=256 N1=512 kernelpagesize_kB=4\n",
  );
  mkdirSync(`${root}/sys/devices/system/node/node0/cpulist`, { recursive: true });
  const memory = new ProcessMemory({
    procfs: `${root}/proc`,
    sysfs: `${root}/sys`,
    clock: systemClock,
    intervalMs: 60_000,
    onDenied: assert.fail,
  });
  const vcpu = { number: 0, timeNs: 0, delayNs: undefined, waitNs: undefined, processor: 0 };
  const wishes = [{ ...wish(7), vcpus: [vcpu] }];
  memory.update(wishes, 0);
  await memory.settled();
  const { nodes, localShare } = memory.update(wishes, 1).get("uuid-7") ?? {};
  assert.deepEqual(nodes && [...nodes], [
    [0, 256 * 4096],
    [1, 512 * 4096],
  ]);
  assert.equal(localShare, undefined);
});

test("many that are found at once are read at once, and later on a few in each cycle", async (t) => {
  const root = folder(t);
  const wishes = Array.from({ length: 60 }, (_, index) => wish(1000 + index));
  for (const { pid } of wishes)
    addFile(`${root}/${pid}/numa_maps`, "7f default anon=1 N0=1 kernelpagesize_kB=4\n");
  let monotonicMs = 0;
  const clock = { now: () => ({ wallNs: 0n, monotonicMs }) };
  const memory = new ProcessMemory({
    procfs: root,
    sysfs: root,
    clock,
    intervalMs: 60_000,
    onDenied: assert.fail,
  });
  const readAt = async () => {
    memory.update(wishes, monotonicMs);
    await memory.settled();
    return Array.from(memory.update(wishes, monotonicMs).values(), ({ at }) => at.monotonicMs);
  };
  assert.deepEqual(
    await readAt(),
    Array.from(wishes, () => 0),
  );
  const readIn: number[] = [];
  for (let cycle = 1; cycle <= 18; cycle += 1) {
    monotonicMs = 10_000 * cycle;
    const times = await readAt();
    readIn.push(times.filter((time) => time === monotonicMs).length);
    assert.ok(Math.min(...times) > monotonicMs - 70_000, "each of them within its interval");
  }
  assert.ok(Math.max(...readIn) <= 12 && Math.min(...readIn) >= 8, readIn.join(" "));
});
