/** Files that stay open between the cycles, of real processes and threads that come and go: not one is left behind. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readlinkSync } from "node:fs";
import { test, type TestContext } from "node:test";
import { Worker } from "node:worker_threads";

import { systemClock } from "../../src/clock.ts";
import { DescriptorShare } from "../../src/host/descriptor-share.ts";
import { readProcPidStatNow } from "../../src/host/proc-pid-stat.ts";
import { readProcStat } from "../../src/host/proc-stat.ts";
import { DomainProcesses } from "../../src/readings/domain-processes.ts";
import { fakeRoot } from "../host/fake-root.ts";
import { ALL } from "./local-readings.ts";

const bootTimeS = (await readProcStat("/proc"))?.bootTimeS ?? 0;

function domainOf(pid: number) {
  const ticks = readProcPidStatNow("/proc", pid)?.startTimeTicks ?? 0;
  const startedAtNs = BigInt(bootTimeS) * 1_000_000_000n + BigInt(ticks) * 10_000_000n;
  return { uuid: `uuid-${pid}`, process: { pid, startedAtNs }, description: undefined };
}

function opened(t: TestContext) {
  const share = new DescriptorShare();
  const mountinfo = `${fakeRoot(t, { mountinfo: "" })}/mountinfo`;
  const readers = { ...ALL, numa: false };
  const options = {
    readers,
    numaIntervalMs: 60_000,
    clock: systemClock,
    mountinfo,
    share,
    onNotice: assert.fail,
  };
  return { share, processes: new DomainProcesses(options) };
}

/** Files of these processes that this one has open. */
function openFilesOf(pids: readonly number[]): number {
  const paths = readdirSync("/proc/self/fd").map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return "";
    }
  });
  return paths.filter((path) => pids.some((pid) => path.startsWith(`/proc/${pid}/`))).length;
}

test("processes that come and go", async (t) => {
  const { share, processes } = opened(t);
  const children = await Promise.all(
    Array.from({ length: 4 }, async () => {
      const child = spawn("sleep", ["60"], { stdio: "ignore" });
      t.after(() => child.kill());
      await once(child, "spawn");
      return child;
    }),
  );
  const pids = children.map(({ pid = 0 }) => pid);
  const domains = pids.map(domainOf);
  for (let cycle = 0; cycle < 3; cycle += 1) assert.equal((await processes.read(domains)).size, 4);
  const all = share.taken;
  // Of each stat, status and io, and of its thread schedstat.
  assert.equal(all, 16);
  assert.equal(openFilesOf(pids), all);
  const { lookups } = share;
  const fourth = await processes.read(domains);
  assert.equal(share.lookups, lookups, "nothing is looked for by its path");
  assert.ok(fourth.get(`uuid-${pids[0]}`)?.statistics.items.process?.[0]?.values.residentBytes);

  // Undefined, shut off, destroyed: one that is not asked for, one that ended and is not, one that ended and is.
  for (const child of children.slice(1, 3)) {
    child.kill();
    await once(child, "exit");
  }
  const left = domains.filter((_, index) => index >= 2);
  assert.deepEqual([...(await processes.read(left)).keys()], [`uuid-${pids[3]}`]);
  assert.equal(share.taken, all / 4);
  assert.equal(openFilesOf(pids), all / 4);
  processes.close();
  assert.equal(share.taken, 0);
  assert.equal(openFilesOf(pids), 0);
  assert.equal((await processes.read(domains)).size, 0, "what is closed stays closed");
  assert.equal(share.taken, 0);
});

test("threads that come and go", async (t) => {
  const { share, processes } = opened(t);
  const domain = domainOf(process.pid);
  const cycle = async () => void (await processes.read([domain]));
  const settle = async () => {
    for (let time = 0; time < 3; time += 1) await cycle();
    return share.taken;
  };
  const before = await settle();
  for (let round = 0; round < 3; round += 1) {
    const worker = new Worker("setInterval(() => {}, 1000)", { eval: true });
    await once(worker, "online");
    const during = await settle();
    assert.ok(during >= before, `${during} with a thread more, ${before} before`);
    await worker.terminate();
    assert.equal(await settle(), before);
  }
  processes.close();
  assert.equal(share.taken, 0);
});

test("a close while a reading is under way leaves none open", async (t) => {
  const { share, processes } = opened(t);
  const reading = processes.read([domainOf(process.pid)]);
  processes.close();
  assert.equal((await reading).size, 0);
  assert.equal(share.taken, 0);
});
