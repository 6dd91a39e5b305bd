import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";

import { ProcessLook } from "../../src/readings/process-look.ts";
import { addFile, fakeRoot } from "../host/fake-root.ts";

interface Main {
  readonly state: string;
  readonly cpuTicks?: number;
}

class Procfs {
  readonly root: string;

  constructor(t: TestContext) {
    this.root = fakeRoot(t, {});
  }

  set(pid: number, { state, cpuTicks = 100 }: Main): void {
    const stat = `${pid} (qemu-system-x86) ${state} 1 1 1 0 -1 0 0 0 0 0 ${cpuTicks} 50 0 0 20 0 5 0 28674 0 0\n`;
    addFile(`${this.root}/${pid}/task/${pid}/stat`, stat);
  }
}

function processes(...pids: number[]) {
  return new Map(pids.map((pid) => [`uuid-${pid}`, { pid, startedAtNs: 0n }]));
}

test("a stopped process and one under a debugger are found at once; all others are well", async (t) => {
  const procfs = new Procfs(t);
  for (const [pid, state] of ["S", "R", "T", "t", "Z", "I"].entries()) procfs.set(pid + 1, { state });
  const troubles = await new ProcessLook(procfs.root).look(processes(1, 2, 3, 4, 5, 6, 99));
  assert.deepEqual(
    [...troubles],
    [
      ["uuid-3", "stopped"],
      ["uuid-4", "stopped"],
    ],
  );
});

test("what was seen to be well this very moment is not looked at", async (t) => {
  const procfs = new Procfs(t);
  for (const pid of [1, 2]) procfs.set(pid, { state: "T" });
  const look = new ProcessLook(procfs.root);
  assert.deepEqual([...(await look.look(processes(1, 2), new Set(["uuid-1"])))], [["uuid-2", "stopped"]]);
});

test("a process in the kernel is a suspect, and waits when the next cycle finds it as it was", async (t) => {
  const procfs = new Procfs(t);
  procfs.set(1, { state: "D" });
  const look = new ProcessLook(procfs.root);
  assert.deepEqual([...(await look.look(processes(1)))], [["uuid-1", "suspect"]]);
  assert.deepEqual([...(await look.look(processes(1)))], [["uuid-1", "waiting"]]);
  procfs.set(1, { state: "D", cpuTicks: 101 });
  assert.deepEqual([...(await look.look(processes(1)))], [["uuid-1", "suspect"]]);
  procfs.set(1, { state: "S", cpuTicks: 101 });
  assert.deepEqual([...(await look.look(processes(1)))], []);
});

test("a process that comes out of the kernel between the two looks is well", async (t) => {
  const procfs = new Procfs(t);
  procfs.set(1, { state: "D" });
  const looking = new ProcessLook(procfs.root).look(processes(1));
  procfs.set(1, { state: "D", cpuTicks: 102 });
  assert.deepEqual([...(await looking)], []);
});
