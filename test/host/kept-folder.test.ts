import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, readlinkSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { describe, test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { DescriptorShare } from "../../src/host/descriptor-share.ts";
import { folderAt, KeptFolder } from "../../src/host/kept-folder.ts";
import { fakeRoot } from "./fake-root.ts";

const LIMIT = 4096;
const pidIn = (stat: string | undefined) => Number(stat?.split(" ")[0]);

/** Which of a process's files this one has open. */
function opened(pid: number): string[] {
  return readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`);
      return path.startsWith(`/proc/${pid}/`) ? [path.slice(`/proc/${pid}/`.length)] : [];
    } catch {
      return [];
    }
  });
}

async function sleeper(t: TestContext) {
  const child = spawn("sleep", ["60"], { stdio: "ignore" });
  t.after(() => child.kill());
  await once(child, "spawn");
  // Until then it is still being loaded, and its files say something else each time.
  while (!readFileSync(`/proc/${child.pid}/stat`, "utf8").includes(") S ")) await sleep(1);
  return { pid: child.pid ?? 0, end: async () => void (child.kill(), await once(child, "exit")) };
}

const line = (soft: string) => `Max cpu time 1 1 s\nMax open files            ${soft}    524288    files\n`;

function shareOf(t: TestContext, limits: string): DescriptorShare {
  return new DescriptorShare(`${fakeRoot(t, { limits })}/limits`);
}

describe("a folder whose files are kept open", () => {
  test("opens each of them once, and reads it from its beginning each time", async (t) => {
    const { pid } = await sleeper(t);
    const share = new DescriptorShare();
    const folder = new KeptFolder(`/proc/${pid}`, share);
    for (let time = 0; time < 3; time += 1) {
      assert.equal(pidIn(folder.read("stat", LIMIT)), pid);
      assert.equal(folder.read("comm", LIMIT), "sleep\n");
      assert.equal(folder.read("status", LIMIT), folderAt(`/proc/${pid}`).read("status", LIMIT));
      assert.equal(folder.read("status", 7), "Name:\ts");
      assert.deepEqual(opened(pid).toSorted(), ["comm", "stat", "status"]);
      assert.deepEqual([share.taken, share.lookups], [3, 3]);
    }
    folder.close();
    assert.deepEqual(opened(pid), []);
    assert.equal(share.taken, 0);
    assert.equal(pidIn(folder.read("stat", LIMIT)), pid);
    folder.close();
  });

  test("never tells of another process by the same path, and lets go of one that has ended", async (t) => {
    const [first, second] = [await sleeper(t), await sleeper(t)];
    const root = fakeRoot(t, {});
    symlinkSync(`/proc/${first.pid}`, `${root}/7`);
    const share = new DescriptorShare();
    const folder = new KeptFolder(`${root}/7`, share);
    assert.equal(pidIn(folder.read("stat", LIMIT)), first.pid);
    rmSync(`${root}/7`);
    symlinkSync(`/proc/${second.pid}`, `${root}/7`);
    assert.equal(pidIn(folder.read("stat", LIMIT)), first.pid);
    await first.end();
    const { lookups } = share;
    assert.equal(folder.read("stat", LIMIT), undefined);
    assert.ok(share.lookups > lookups, "who compares this knows that something is gone");
    assert.equal(share.taken, 0);
    assert.equal(pidIn(folder.read("stat", LIMIT)), second.pid);
    folder.close();
  });

  test("keeps nothing of a folder that is not the kernel's: there a file may be replaced", (t) => {
    const root = fakeRoot(t, { "7/stat": "old", "7/new": "new" });
    const share = new DescriptorShare();
    const folder = new KeptFolder(`${root}/7`, share);
    assert.equal(folder.read("stat", LIMIT), "old");
    renameSync(`${root}/7/new`, `${root}/7/stat`);
    assert.equal(folder.read("stat", LIMIT), "new");
    assert.equal(share.taken, 0);
    assert.equal(share.lookups, 2);
  });

  test("tells what is absent and what is no file as any other, and keeps neither", () => {
    const share = new DescriptorShare();
    const folder = new KeptFolder("/proc/self", share);
    assert.equal(folder.read("no-such-file", LIMIT), undefined);
    assert.throws(() => folder.read("task", LIMIT), { code: "EISDIR" });
    assert.equal(share.taken, 0);
  });

  test("tells what is denied", (t) => {
    if (process.geteuid?.() === 0) {
      // root may everything, so be nobody for a moment
      process.seteuid?.(65_534);
      t.after(() => process.seteuid?.(0));
    }
    const denied: string[] = [];
    const folder = new KeptFolder("/proc/1", new DescriptorShare());
    assert.equal(folder.read("io", LIMIT, { onDenied: (path) => denied.push(path) }), undefined);
    assert.deepEqual(denied, ["/proc/1/io"]);
  });
});

describe("the share of descriptors", () => {
  test("is half of the limit, and bounded", (t) => {
    assert.equal(shareOf(t, line("4096")).limit, 2048);
    assert.equal(shareOf(t, line("1000000")).limit, 8192);
    assert.equal(shareOf(t, line("unlimited")).limit, 8192);
    for (const limits of ["", "Max open files  many  1 files\n"]) assert.equal(shareOf(t, limits).limit, 512);
    assert.equal(new DescriptorShare("/proc/self/no-such-file").limit, 512);
    assert.ok(new DescriptorShare().limit >= 512, "Node raises it");
  });

  test("is what all folders have together; what is beyond it is read all the same", async (t) => {
    const { pid } = await sleeper(t);
    const share = shareOf(t, "Max open files  4  4  files\n");
    const [one, other] = [new KeptFolder(`/proc/${pid}`, share), new KeptFolder(`/proc/${pid}`, share)];
    for (let time = 0; time < 3; time += 1) {
      for (const folder of [one, other])
        for (const name of ["stat", "status"]) assert.ok(folder.read(name, LIMIT)?.includes("sleep"));
      assert.equal(share.taken, 2);
      assert.equal(opened(pid).length, 2);
    }
    one.close();
    assert.ok(other.read("stat", LIMIT));
    assert.equal(share.taken, 1);
    other.close();
  });

  test("is halved where no descriptor is left", () => {
    const script = `
      import { openSync, closeSync } from "node:fs";
      import { KeptFolder } from "${import.meta.resolve("../../src/host/kept-folder.ts")}";
      import { descriptorShare as share } from "${import.meta.resolve("../../src/host/descriptor-share.ts")}";
      const folder = new KeptFolder("/proc/self", share);
      const names = ["stat", "status", "io", "limits", "statm", "comm"];
      for (const name of names) folder.read(name, 4096);
      const others = [];
      try { for (;;) others.push(openSync("/dev/null")); } catch {}
      const seen = [share.limit, share.taken];
      try { folder.read("schedstat", 4096) } catch (error) { seen.push(error.code) }
      for (const name of names) folder.read(name, 4096);
      seen.push(share.taken, folder.read("schedstat", 4096).length > 0);
      console.log(JSON.stringify(seen));`;
    const limited = 'ulimit -n 128; exec "$@"';
    const args = ["-c", limited, "sh", process.execPath, "--input-type=module", "-e", script];
    const { stdout, stderr } = spawnSync("sh", args, { encoding: "utf8" });
    assert.equal(stdout, '[64,6,"EMFILE",3,true]\n', stderr);
  });
});
