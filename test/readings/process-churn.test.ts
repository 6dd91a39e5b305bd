/** Processes that come and go by the thousand while they are read. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { test } from "node:test";

import { systemClock } from "../../src/clock.ts";
import { readProcPidCmdline } from "../../src/host/proc-pid-cmdline.ts";
import { readProcPidStatNow } from "../../src/host/proc-pid-stat.ts";
import { readProcStat } from "../../src/host/proc-stat.ts";
import { createProcessFinder } from "../../src/readings/domain-process.ts";
import { DomainProcesses } from "../../src/readings/domain-processes.ts";
import { fakeRoot } from "../host/fake-root.ts";

const SECONDS = 2;
const A_SECOND = 1000;

/**
 * Starts and ends processes as fast as asked, each as a domain of its own by its command line, and prints the number of
 * each with its uuid. It forks without running another program: that would cost this test more than what it tests.
 */
const CHURN = `
$| = 1;
for my $turn (1 .. ${SECONDS * 10}) {
  for my $one (1 .. ${A_SECOND / 10}) {
    my $pid = fork() // die;
    if ($pid == 0) { select(undef, undef, undef, rand(0.05)); exit 0 }
    print "$pid\\n";
  }
  select(undef, undef, undef, 0.08);
  while (waitpid(-1, 1) > 0) {}
}`;

test("a thousand processes a second come and go while they are read: no error, no wrong join", async (t) => {
  const root = fakeRoot(t, { mountinfo: "" });
  const bootTimeS = (await readProcStat("/proc"))?.bootTimeS ?? 0;
  const readers = { process: true, threads: true, cgroup: true, numa: true, disks: true, likeLibvirt: true };
  const processes = new DomainProcesses({
    readers,
    numaIntervalMs: 100,
    clock: systemClock,
    mountinfo: `${root}/mountinfo`,
    onNotice: () => undefined,
  });
  const child = spawn("perl", ["-e", CHURN], { stdio: ["ignore", "pipe", "inherit"] });
  const started = new Map<number, bigint>();
  let seen = 0;
  createInterface(child.stdout).on("line", (line) => {
    const pid = Number(line);
    const ticks = readProcPidStatNow("/proc", pid)?.startTimeTicks;
    seen += 1;
    if (ticks !== undefined)
      started.set(pid, BigInt(bootTimeS) * 1_000_000_000n + BigInt(ticks) * 10_000_000n);
  });
  const ended = once(child, "close");
  let readings = 0;
  let missing = 0;
  while (child.exitCode === null) {
    // Those that live, those that have just ended, and some whose number is claimed by a process that started earlier.
    const domains = [...started].slice(-200).map(([pid, startedAtNs], index) => ({
      uuid: `${pid}`,
      process: { pid, startedAtNs: index % 10 === 0 ? startedAtNs - 60_000_000_000n : startedAtNs },
      description: undefined,
    }));
    const found = await processes.read(domains);
    for (const [index, { uuid }] of domains.entries()) {
      const reading = found.get(uuid);
      if (reading === undefined) missing += 1;
      else readings += 1;
      if (index % 10 === 0) assert.equal(reading, undefined, "a process that is not the domain's");
      const faults = reading?.statistics.items.process?.[0]?.values.threads;
      if (reading !== undefined) assert.equal(faults, 1);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await ended;
  await processes.settled();
  t.diagnostic(`${seen} processes, ${readings} readings, ${missing} of processes that had ended`);
  assert.ok(seen >= SECONDS * A_SECOND);
  assert.ok(readings > 0 && missing > 0);
});

test("a search among them finds none by mistake", async (t) => {
  const root = fakeRoot(t, {});
  const child = spawn("perl", ["-e", CHURN.replace(`.. ${SECONDS * 10}`, ".. 5")], { stdio: "ignore" });
  const domains = Array.from({ length: 20 }, (_, index) => ({
    uuid: `4a92c712-7a8f-4027-8830-${String(index).padStart(12, "0")}`,
    name: `web${index}`,
    id: index,
  }));
  const finder = createProcessFinder({ runDirectory: root });
  const ended = once(child, "close");
  for (let cycle = 0; cycle < 3; cycle++) assert.equal((await finder.find(domains)).size, 0);
  await ended;
  assert.equal(await readProcPidCmdline("/proc", child.pid ?? 0), undefined);
});
