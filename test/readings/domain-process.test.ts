import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, constants, openSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { describe, test } from "node:test";

import { createProcessFinder, LOOKUP_WAIT_MS, MAX_ATTEMPTS } from "../../src/readings/domain-process.ts";
import type { DomainProcess } from "../../src/readings/domain.ts";
import { addFile, fakeRoot } from "../host/fake-root.ts";

const BOOT_S = 1_700_000_000;
const uuidOf = (number: number) => `4a92c712-7a8f-4027-8830-${String(number).padStart(12, "0")}`;
const domainOf = (number: number, name: string, id = number) => ({ name, uuid: uuidOf(number), id });
const processOf = (pid: number, ticks: number) => ({
  pid,
  startedAtNs: BigInt(BOOT_S) * 1_000_000_000n + BigInt(ticks) * 10_000_000n,
});

const qemu = (name: string, uuid: string) =>
  [
    "/usr/bin/qemu-system-x86_64",
    "-name",
    `guest=${name},debug-threads=on`,
    "-S",
    "-m",
    "128",
    "-uuid",
    uuid,
    "-drive",
    "/x",
    "",
  ].join("\0");
/** The files of one process that started `ticks` after boot. */
const processFiles = (pid: number, cmdline: string, ticks = pid * 10) => ({
  [`proc/${pid}/stat`]: `${pid} (qemu) S ${"0 ".repeat(18)}${ticks} 0 0\n`,
  [`proc/${pid}/cmdline`]: cmdline,
});
const host = { "proc/stat": `cpu 0\nbtime ${BOOT_S}\n` };
const finderOf = (root: string) =>
  createProcessFinder({ runDirectory: `${root}/run/libvirt`, procfs: `${root}/proc` });

describe("a domain's process", () => {
  test("is the one of libvirt's pid file", async (context) => {
    const root = fakeRoot(context, {
      ...host,
      ...processFiles(101, qemu("web1", uuidOf(1)), 123_456),
      "run/libvirt/qemu/web1.pid": "101\n",
      "run/libvirt/qemu/driver.pid": "1\n",
    });
    assert.deepEqual(
      await finderOf(root).find([domainOf(1, "web1")]),
      new Map([[uuidOf(1), { pid: 101, startedAtNs: 1_700_001_234_560_000_000n }]]),
    );
  });

  test("is found by pid file for names that differ little or look odd", async (context) => {
    // As libvirt 9.0 and 12.8 name the files of such domains.
    const names: [string, string][] = [
      ["web1", "web1"],
      ["web10", "web10"],
      ["web-1", "web-1"],
      ["web 1", "web 1"],
      [`tiny-3 R&D's "best" <tiny>`, "tiny-3 R&amp;D&apos;s &quot;best&quot; &lt;tiny&gt;"],
      ["größe-雲-№", "größe-雲-№"],
      ["a,debug-threads=on,guest=web1", "a,debug-threads=on,guest=web1"],
      ["n".repeat(200), "n".repeat(200)],
      ["driver", "driver"],
    ];
    const files: Record<string, string> = { ...host };
    names.forEach(([name, file], index) => {
      // Two that claim the same uuid: a scan alone would find neither.
      Object.assign(files, processFiles(100 + index, qemu(name, uuidOf(index))));
      Object.assign(files, processFiles(300 + index, qemu(name, uuidOf(index))));
      files[`run/libvirt/qemu/${file}.pid`] = `${100 + index}`;
    });
    const root = fakeRoot(context, files);
    const found = await finderOf(root).find(names.map(([name], index) => domainOf(index, name)));
    assert.deepEqual(
      found,
      new Map(names.map((_, index) => [uuidOf(index), processOf(100 + index, (100 + index) * 10)])),
    );
  });

  test("is found by pid file in the layout of a session", async (context) => {
    const root = fakeRoot(context, {
      ...host,
      ...processFiles(101, qemu("web1", uuidOf(1))),
      // Claims the same uuid, so that a scan would find neither.
      ...processFiles(102, qemu("web1", uuidOf(1))),
      "run/libvirt/qemu/run/web1.pid": "101",
    });
    assert.deepEqual(
      await finderOf(root).find([domainOf(1, "web1")]),
      new Map([[uuidOf(1), processOf(101, 1010)]]),
    );
  });

  test("is not what a stale or strange pid file says, but what has the uuid", async (context) => {
    const strange = ["", "0", "-1", "web", "101 102", "1e2", "9".repeat(40), "555", "./101"];
    const files: Record<string, string> = { ...host, ...processFiles(555, "/usr/bin/other\0-uuid\0") };
    strange.forEach((content, index) => {
      files[`run/libvirt/qemu/web${index}.pid`] = content;
      Object.assign(files, processFiles(101 + index, qemu(`web${index}`, uuidOf(index))));
    });
    const found = await finderOf(fakeRoot(context, files)).find(
      strange.map((_, index) => domainOf(index, `web${index}`)),
    );
    assert.deepEqual(
      found,
      new Map(strange.map((_, index) => [uuidOf(index), processOf(101 + index, (101 + index) * 10)])),
    );
  });

  test("is found by scan where there are no pid files: only by the whole argument after -uuid", async (context) => {
    const uuid = uuidOf(1);
    const root = fakeRoot(context, {
      ...host,
      ...processFiles(90, `grep\0${uuid}\0`),
      ...processFiles(91, `qemu\0-name\0guest=-uuid ${uuid}\0-uuid\0${uuidOf(2)}\0`),
      ...processFiles(92, `qemu\0-uuid\0${uuid}0\0`),
      ...processFiles(93, `qemu\0-uuid ${uuid}\0`),
      ...processFiles(94, "qemu\0-uuid\0"),
      ...processFiles(95, ""),
      ...processFiles(101, qemu("web1", uuid)),
      "proc/self/cmdline": qemu("web1", uuid),
      "proc/96/": "",
    });
    assert.deepEqual(
      await finderOf(root).find([domainOf(1, "web1")]),
      new Map([[uuid, processOf(101, 1010)]]),
    );
  });

  test("is found by scan only with the domain's name as well, whole, as libvirt escapes it", async (context) => {
    const names = [
      "web1",
      "web10",
      "web-1",
      "web 1",
      "a,b",
      "a",
      "größe-雲-№",
      `R&D's "best" <x>`,
      "n".repeat(200),
    ];
    const files: Record<string, string> = { ...host };
    names.forEach((name, index) => {
      Object.assign(files, processFiles(100 + index, qemu(name.replaceAll(",", ",,"), uuidOf(index))));
      // The same uuid under a name that begins alike: a copy that somebody runs by hand.
      Object.assign(files, processFiles(300 + index, qemu(`${name}0`, uuidOf(index))));
      Object.assign(files, processFiles(500 + index, `tail\0-uuid\0${uuidOf(index)}\0`));
    });
    const found = await finderOf(fakeRoot(context, files)).find(
      names.map((name, index) => domainOf(index, name)),
    );
    assert.deepEqual(
      found,
      new Map(names.map((_, index) => [uuidOf(index), processOf(100 + index, (100 + index) * 10)])),
    );
  });

  test("is not found outside the folder of pid files by a name with a path in it", async (context) => {
    const root = fakeRoot(context, {
      ...host,
      ...processFiles(101, qemu("x", uuidOf(1))),
      ...processFiles(102, qemu("x", uuidOf(1))),
      "run/libvirt/other/x.pid": "101",
      "run/libvirt/qemu/y.pid": "101",
    });
    const domains = ["../other/x", "..", "", "a\0b", "x".repeat(5000)].map((name) => domainOf(1, name));
    for (const domain of domains) assert.equal((await finderOf(root).find([domain])).size, 0);
  });

  test("is unknown when two processes claim it", async (context) => {
    const root = fakeRoot(context, {
      ...host,
      ...processFiles(101, qemu("web1", uuidOf(1))),
      ...processFiles(102, qemu("web1", uuidOf(1))),
      ...processFiles(103, qemu("web2", uuidOf(2))),
    });
    const found = await finderOf(root).find([domainOf(1, "web1"), domainOf(2, "web2")]);
    assert.deepEqual([...found.keys()], [uuidOf(2)]);
  });

  test("is unknown when there is nothing to look at", async (context) => {
    const domains = [domainOf(1, "web1")];
    const withoutBootTime = fakeRoot(context, { ...processFiles(101, qemu("web1", uuidOf(1))) });
    const withoutStat = fakeRoot(context, { ...host, "proc/101/cmdline": qemu("web1", uuidOf(1)) });
    const unreadable = fakeRoot(context, { "proc/stat/": "" });
    for (const root of [fakeRoot(context, {}), withoutBootTime, withoutStat, unreadable]) {
      assert.deepEqual(await finderOf(root).find(domains), new Map());
    }
  });
});

describe("what was found", () => {
  test("is answered without a look at any file", async (context) => {
    const root = fakeRoot(context, { ...host, ...processFiles(101, qemu("web1", uuidOf(1))) });
    const finder = finderOf(root);
    const first = await finder.find([domainOf(1, "web1")]);
    rmSync(root, { recursive: true });
    const second = await finder.find([domainOf(1, "web1")]);
    assert.deepEqual(second, first);
    assert.equal(second.get(uuidOf(1)), first.get(uuidOf(1)));
  });

  test("is looked for anew when the domain has another id, and forgotten with the domain", async (context) => {
    const root = fakeRoot(context, { ...host, ...processFiles(101, qemu("web1", uuidOf(1))) });
    const finder = finderOf(root);
    const pidNow = async (id: number) => (await finder.find([domainOf(1, "web1", id)])).get(uuidOf(1))?.pid;
    assert.equal(await pidNow(7), 101);
    rmSync(`${root}/proc/101`, { recursive: true });
    for (const [path, content] of Object.entries(processFiles(202, qemu("web1", uuidOf(1))))) {
      addFile(`${root}/${path}`, content);
    }
    assert.equal(await pidNow(7), 101);
    assert.equal(await pidNow(8), 202);
    assert.equal((await finder.find([])).size, 0);
    rmSync(`${root}/proc/202`, { recursive: true });
    assert.equal(await pidNow(8), undefined);
  });

  test("can come late, but not for ever", async (context) => {
    const root = fakeRoot(context, host);
    const finder = finderOf(root);
    const appear = (number: number) => {
      for (const [path, content] of Object.entries(
        processFiles(100 + number, qemu(`web${number}`, uuidOf(number))),
      )) {
        addFile(`${root}/${path}`, content);
      }
    };
    assert.equal((await finder.find([domainOf(1, "web1")])).size, 0);
    appear(1);
    assert.equal((await finder.find([domainOf(1, "web1")])).size, 1);

    for (let i = 0; i < MAX_ATTEMPTS; i++) await finder.find([domainOf(2, "web2")]);
    appear(2);
    assert.equal((await finder.find([domainOf(2, "web2")])).size, 0);
    assert.equal((await finder.find([domainOf(2, "web2", 9)])).size, 1);
  });
});

test("a look that hangs holds nobody up for longer than its time", async (context) => {
  const root = fakeRoot(context, { ...host, ...processFiles(101, "") });
  const pipe = `${root}/proc/101/cmdline`;
  rmSync(pipe);
  execFileSync("mkfifo", [pipe]);
  const finder = finderOf(root);
  const before = performance.now();
  const whileHanging = await finder.find([domainOf(1, "web1")]);
  const waitedMs = performance.now() - before;
  // Wakes the reader up; what it found is in the next answer.
  await writeFile(pipe, qemu("web1", uuidOf(1)));
  const afterwards = await finder.find([domainOf(1, "web1")]);
  assert.equal(whileHanging.size, 0);
  assert.ok(waitedMs < LOOKUP_WAIT_MS + 1000, `waited ${waitedMs} ms`);
  assert.deepEqual(afterwards, new Map([[uuidOf(1), processOf(101, 1010)]]));
});

test(
  "a process that hangs does not keep others from being found, however long it hangs",
  { timeout: 20_000 },
  async (context) => {
    const root = fakeRoot(context, {
      ...host,
      ...processFiles(101, ""),
      ...processFiles(102, qemu("web2", uuidOf(2))),
      "run/libvirt/qemu/web1.pid": "101\n",
      "run/libvirt/qemu/web2.pid": "102\n",
    });
    const pipe = `${root}/proc/101/cmdline`;
    rmSync(pipe);
    execFileSync("mkfifo", [pipe]);
    const finder = finderOf(root);
    const [first, second, third] = [domainOf(1, "web1"), domainOf(2, "web2"), domainOf(3, "web3")];
    assert.deepEqual(await finder.find([first, second]), new Map([[uuidOf(2), processOf(102, 1020)]]));
    for (const [path, content] of Object.entries(processFiles(103, qemu("web3", uuidOf(3))))) {
      addFile(`${root}/${path}`, content);
    }
    for (let cycle = 0; cycle <= MAX_ATTEMPTS; cycle++) {
      assert.deepEqual([...(await finder.find([first, second, third])).keys()], [uuidOf(2), uuidOf(3)]);
    }
    const before = performance.now();
    assert.equal((await finderOf(root).find([first, second])).size, 1, "after a new connection as well");
    assert.ok(performance.now() - before < 900, "and without another thread that waits");
    await writeFile(pipe, qemu("web1", uuidOf(1)));
    let found: DomainProcess | undefined;
    while (found === undefined) found = (await finder.find([first, second, third])).get(uuidOf(1));
    assert.equal(found.pid, 101);
  },
);

test("no more than two threads wait for command lines, however many connections look", async (context) => {
  const root = fakeRoot(context, host);
  const pids = [101, 102, 103, 104];
  const pipeOf = (pid: number): string => `${root}/proc/${pid}/cmdline`;
  for (const pid of pids) {
    for (const [path, content] of Object.entries(processFiles(pid, ""))) addFile(`${root}/${path}`, content);
    rmSync(pipeOf(pid));
    execFileSync("mkfifo", [pipeOf(pid)]);
  }
  const finders = [finderOf(root), finderOf(root)];
  await Promise.all(finders.map((finder) => finder.find([domainOf(1, "web1")])));
  await Promise.all(finders.map((finder) => finder.find([domainOf(1, "web1")])));
  const waiting = pids.filter((pid) => wakesReader(pipeOf(pid)));
  assert.equal(waiting.length, 2);
});

/** Lets a reader of the pipe go on; false where nobody waits. */
function wakesReader(pipe: string): boolean {
  try {
    closeSync(openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK));
    return true;
  } catch {
    return false;
  }
}
