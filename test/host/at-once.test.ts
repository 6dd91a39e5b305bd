import assert from "node:assert/strict";
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { describe, test } from "node:test";

import { readBlockDeviceName } from "../../src/host/block-device.ts";
import { listCgroupThreads } from "../../src/host/cgroup-threads.ts";
import { readKernelFile, readKernelFileNow, readKernelFileSoon } from "../../src/host/kernel-file.ts";
import { readNodeOfCpus } from "../../src/host/node-cpus.ts";
import { countProcPidFds } from "../../src/host/proc-pid-fd.ts";
import { listProcPidTasks } from "../../src/host/proc-pid-task.ts";
import { addFile, fakeRoot } from "./fake-root.ts";

describe("reading at once", () => {
  test("stops at its limit, and at 64 KiB in any case", (context) => {
    const root = fakeRoot(context, { long: "0123456789".repeat(10_000), empty: "" });
    assert.equal(readKernelFileNow(`${root}/long`, 12), "012345678901");
    assert.equal(readKernelFileNow(`${root}/long`, 1_000_000)?.length, 65_536);
    assert.equal(readKernelFileNow(`${root}/empty`, 10), "");
    assert.equal(readKernelFileNow(`${root}/absent`, 10), undefined);
  });

  test("reads all of a file that is longer, by and by", async (context) => {
    const text = "größe 12345\n".repeat(10_000);
    const root = fakeRoot(context, { long: text, just: "x".repeat(65_536), short: text.slice(0, 26) });
    assert.equal(await readKernelFileSoon(`${root}/long`, 1_000_000), text);
    assert.equal(await readKernelFileSoon(`${root}/just`, 1_000_000), "x".repeat(65_536));
    assert.equal(await readKernelFileSoon(`${root}/just`, 65_536), "x".repeat(65_536));
    assert.equal(await readKernelFileSoon(`${root}/long`, 8), "größe ");
    assert.equal(await readKernelFileSoon(`${root}/short`, 1_000_000), text.slice(0, 26));
    assert.equal(await readKernelFileSoon(`${root}/absent`, 1_000_000), undefined);
    await assert.rejects(readKernelFileSoon(root, 1_000_000), { code: "EISDIR" });
  });

  test("reads to the end a list that the kernel hands out in pieces of a page", async (context) => {
    const path = "/proc/kallsyms";
    const text = await readKernelFile(path, 65_536);
    if (text === undefined || text.length < 65_536) {
      context.skip("the kernel has no such list");
      return;
    }
    assert.equal(readKernelFileNow(path, 65_536), text);
  });

  test("reads on behind a short piece of a list, as where a long entry follows", async (context) => {
    const entries = `           CPU0       CPU1\n 24:          1          0  IO-APIC   5-edge      ACPI:Ged\n`;
    const last = "LOC:    3599434    3570195   Local timer interrupts\n".repeat(80);
    const root = fakeRoot(context, { interrupts: entries + last });
    const { readSync } = fs;
    // As seq_read_iter() does it: what does not fit behind the entries before it comes with the next piece.
    const inPieces = (...[file, into, from, length, at]: [number, Buffer, number, number, number]) =>
      readSync(file, into, from, at < entries.length ? entries.length - at : length, at);
    const mocked = context.mock.method(fs, "readSync", inPieces as typeof fs.readSync);
    syncBuiltinESMExports();
    try {
      assert.equal(await readKernelFileSoon(`${root}/interrupts`, 1_000_000), entries + last);
    } finally {
      mocked.mock.restore();
      syncBuiltinESMExports();
    }
  });

  test("lists threads, groups' threads and files, of what is there", (context) => {
    const root = fakeRoot(context, {
      "7/task/7/comm": "qemu\n",
      "7/task/12/comm": "x\n",
      "7/task/x/comm": "",
    });
    for (const fd of ["0", "1", "2"]) addFile(`${root}/7/fd/${fd}`, "");
    assert.deepEqual(
      listProcPidTasks(root, 7)?.toSorted((a, b) => a - b),
      [7, 12],
    );
    assert.equal(listProcPidTasks(root, 8), undefined);
    assert.ok((countProcPidFds("/proc", process.pid) ?? 0) > 2);
    assert.equal(countProcPidFds(root, 8), undefined);
    addFile(`${root}/v2/cgroup.threads`, "98\n0\n100\n7");
    addFile(`${root}/v1/tasks`, "5\n");
    assert.deepEqual(listCgroupThreads(`${root}/v2`), [98, 100]);
    assert.deepEqual(listCgroupThreads(`${root}/v1`), [5]);
    assert.deepEqual(listCgroupThreads(`${root}/none`), []);
  });

  test("knows the nodes of CPUs, and that there are none", async (context) => {
    const root = fakeRoot(context, {
      "devices/system/node/node0/cpulist": "0-1\n",
      "devices/system/node/node1/cpulist": "2-3\n",
      "devices/system/node/node7/cpulist": "\n",
      "devices/system/node/possible": "0-7\n",
    });
    assert.deepEqual(
      [...(await readNodeOfCpus(root))].toSorted(([a], [b]) => a - b),
      [
        [0, 0],
        [1, 0],
        [2, 1],
        [3, 1],
      ],
    );
    assert.equal((await readNodeOfCpus(`${root}/none`)).size, 0);
    assert.equal(readBlockDeviceName(root, "8:1"), undefined);
    addFile(`${root}/dev/block/8:1`, "no link");
    assert.equal(readBlockDeviceName(root, "8:1"), undefined);
  });
});
