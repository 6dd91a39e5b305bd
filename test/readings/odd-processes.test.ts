/** Processes that end, are another's, or have files that are no such files. */
import assert from "node:assert/strict";
import { mkdirSync, renameSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { describe, test, type TestContext } from "node:test";

import { addFakeHost, addFakeProcess, type FakeProcess } from "./fake-processes.ts";
import { ALL, folder, local, opened, PROCESS, readTwice, told, web1 } from "./local-readings.ts";

const web2: FakeProcess = { ...web1, pid: 2000, id: 2 };

function hostOf(t: TestContext, ...processes: readonly FakeProcess[]): string {
  const root = folder(t);
  addFakeHost(root, "v2");
  for (const process of processes) addFakeProcess(root, process);
  return root;
}

describe("a process that is not what it seems", () => {
  test("a number that is another's by now is joined with nothing", async (t) => {
    const root = folder(t);
    addFakeHost(root, "v2");
    addFakeProcess(root, { ...web1, startTicks: 99_999 });
    assert.equal((await opened(root).read([local(web1)])).size, 0);
    const processes = opened(root);
    addFakeProcess(root, web1);
    assert.equal((await processes.read([local(web1)])).size, 1);
    addFakeProcess(root, { ...web1, startTicks: 99_999 });
    assert.equal((await processes.read([local(web1)])).size, 0);
  });

  test("one that has ended, or is only there by name, is missing and hinders no other", async (t) => {
    const root = hostOf(t, web1, web2);
    const processes = opened(root);
    assert.equal((await processes.read([local(web1), local(web2)])).size, 2);
    const stat = `${root}/proc/1000/stat`;
    writeFileSync(stat, "1000 (qemu-system-x86) Z 1 0 0\n");
    assert.deepEqual([...(await processes.read([local(web1), local(web2)])).keys()], ["uuid-2000"]);
    rmSync(`${root}/proc/1000`, { recursive: true });
    assert.deepEqual([...(await processes.read([local(web1), local(web2)])).keys()], ["uuid-2000"]);
  });

  test("one whose files fail to be read hinders no other, and that is told once", async (t) => {
    const root = hostOf(t, web1, web2);
    const current = String.raw`${root}/cgroup/machine.slice/machine-qemu\x2d1\x2dweb1.scope/memory.current`;
    rmSync(current);
    mkdirSync(current);
    const notices: string[] = [];
    const processes = opened(root, ALL, (text) => notices.push(text));
    for (let cycle = 0; cycle < 3; cycle++)
      assert.deepEqual([...(await processes.read([local(web1), local(web2)])).keys()], ["uuid-2000"]);
    assert.equal(notices.length, 1);
    assert.match(
      notices[0] ?? "",
      /^Cannot read a QEMU process and its control groups: EISDIR.* are left out /,
    );
    rmSync(current, { recursive: true });
    assert.equal((await processes.read([local(web1), local(web2)])).size, 2);
  });

  test("where nobody can be recognized, those that are known go on, and that is told once", async (t) => {
    const root = hostOf(t, web1, web2);
    const notices: string[] = [];
    const processes = opened(root, ALL, (text) => notices.push(text));
    assert.equal((await processes.read([local(web1)])).size, 1);
    const files = [`${root}/proc/stat`, `${root}/proc/sys/kernel/sched_schedstats`];
    for (const file of files) {
      renameSync(file, `${file}.away`);
      mkdirSync(file);
    }
    for (let cycle = 0; cycle < 2; cycle++)
      assert.deepEqual([...(await processes.read([local(web2), local(web1)])).keys()], ["uuid-1000"]);
    assert.equal(notices.length, 1);
    assert.match(notices[0] ?? "", /EISDIR/);
    for (const file of files) {
      rmdirSync(file);
      renameSync(`${file}.away`, file);
    }
    assert.equal((await processes.read([local(web1), local(web2)])).size, 2);
  });

  test("truncated, empty, binary and huge files leave their own values out", async (t) => {
    const root = folder(t);
    addFakeHost(root, "v2");
    addFakeProcess(root, web1);
    const scope = String.raw`${root}/cgroup/machine.slice/machine-qemu\x2d1\x2dweb1.scope`;
    const binary = Buffer.from(Array.from({ length: 5000 }, (_, at) => (at * 151) % 256)).toString("latin1");
    const bad = ["", "\0", binary, "9".repeat(1_000_000), "nonsense\n".repeat(10_000)];
    const files = [
      `${root}/proc/1000/status`,
      `${root}/proc/1000/io`,
      `${root}/proc/1000/numa_maps`,
      `${root}/proc/1000/task/1010/schedstat`,
      `${scope}/memory.current`,
      `${scope}/memory.stat`,
      `${scope}/libvirt/cpu.stat`,
      `${scope}/io.stat`,
      `${scope}/cpu.pressure`,
    ];
    for (const content of bad) {
      for (const file of files) writeFileSync(file, content);
      const readings = await readTwice(opened(root), local(web1));
      const values = readings.get("uuid-1000")?.statistics;
      assert.ok(values);
      const { process, cgroup, ...rest } = told(values);
      assert.deepEqual(
        process,
        Object.fromEntries(Object.entries(PROCESS).filter(([name]) => !/Bytes$|Switches$/.test(name))),
      );
      assert.equal(cgroup?.["userNs"], undefined);
      assert.equal(cgroup?.["usedBytes"], undefined);
      assert.equal(cgroup?.["tasks"], 12);
      assert.deepEqual(rest["processThread vcpu"], { waitNs: 1_000_001 });
      assert.ok(!("processMemory" in rest));
    }
  });

  test("with every optional file absent there is what stat has", async (t) => {
    const root = folder(t);
    addFakeHost(root, "none");
    addFakeProcess(root, { ...web1, layout: "none" });
    for (const name of ["status", "io", "fd", "numa_maps", "cgroup", "task"])
      rmSync(`${root}/proc/1000/${name}`, { recursive: true });
    const readings = await readTwice(opened(root), local(web1));
    const reading = readings.get("uuid-1000");
    assert.ok(reading);
    assert.deepEqual(told(reading.statistics), {
      process: Object.fromEntries(
        Object.entries(PROCESS).filter(([name]) => !/Bytes$|Switches$|vcpuNs/.test(name)),
      ),
    });
    assert.equal(reading.likeLibvirt?.vcpu, undefined);
  });

  test("groups that cannot be seen from here give nothing in place of libvirt's figures", async (t) => {
    const root = folder(t);
    addFakeHost(root, "none");
    addFakeProcess(root, web1);
    const reading = (await opened(root).read([local(web1)])).get("uuid-1000");
    assert.equal(reading?.likeLibvirt?.cpu, undefined);
    assert.ok(reading?.likeLibvirt?.rss);
  });
});
