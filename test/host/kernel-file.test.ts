import assert from "node:assert/strict";
import { chmodSync } from "node:fs";
import fs from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { describe, test } from "node:test";

import { cpuFrequency } from "../../src/host/cpu-frequency.ts";
import { isAbsence, readKernelFile } from "../../src/host/kernel-file.ts";
import { fakeRoot } from "./fake-root.ts";

const frequencyFile = (cpu: number) => `devices/system/cpu/cpu${cpu}/cpufreq/scaling_cur_freq`;
const errorOf = (code: string) => Object.assign(new Error(code), { code });

describe("readKernelFile", () => {
  test("reads to the end, whatever size the file claims", async (context) => {
    const text = "größe ".repeat(10_000);
    const root = fakeRoot(context, { long: text, empty: "" });
    assert.equal(await readKernelFile(`${root}/long`, 1_000_000), text);
    assert.equal(await readKernelFile(`${root}/empty`, 100), "");
    assert.match((await readKernelFile("/proc/self/status", 65_536)) ?? "", /^Name:.*\nPid:/ms);
  });

  test("stops at its limit", async (context) => {
    const root = fakeRoot(context, { long: "0123456789".repeat(5000) });
    assert.equal(await readKernelFile(`${root}/long`, 12), "012345678901");
    assert.equal((await readKernelFile(`${root}/long`, 40_000))?.length, 40_000);
  });

  test("finds nothing where nothing is", async (context) => {
    const root = fakeRoot(context, { file: "x" });
    assert.equal(await readKernelFile(`${root}/absent`, 10), undefined);
    assert.equal(await readKernelFile(`${root}/file/below`, 10), undefined);
    assert.equal(await readKernelFile(`${root}/${"n".repeat(300)}`, 10), undefined);
  });

  test(
    "finds nothing where it may not look",
    { skip: process.getuid?.() === 0 && "root may" },
    async (context) => {
      const root = fakeRoot(context, { secret: "x" });
      chmodSync(`${root}/secret`, 0);
      assert.equal(await readKernelFile(`${root}/secret`, 10), undefined);
    },
  );

  test("rejects when reading itself goes wrong", async (context) => {
    const root = fakeRoot(context, { "folder/": "" });
    await assert.rejects(readKernelFile(`${root}/folder`, 10), { code: "EISDIR" });
  });
});

test("a process that ended or is another's is absent, a full table of files is not", () => {
  assert.deepEqual(["ESRCH", "EACCES", "EPERM", "EBUSY", "EMFILE", "EIO"].map(errorOf).map(isAbsence), [
    true,
    true,
    true,
    true,
    false,
    false,
  ]);
  assert.equal(isAbsence("ENOENT"), false);
});

test("a CPU that is offline has no frequency, and the others keep theirs", async (context) => {
  const root = fakeRoot(context, {
    [frequencyFile(0)]: "2600000\n",
    [frequencyFile(1)]: "",
    [frequencyFile(2)]: "1200000\n",
  });
  const { open } = fs;
  // What the kernel answers of a policy without a CPU (drivers/cpufreq/cpufreq.c).
  const mocked = context.mock.method(fs, "open", async (path: string) => {
    if (path.endsWith(frequencyFile(1))) throw errorOf("EBUSY");
    return open(path);
  });
  syncBuiltinESMExports();
  try {
    const read = await cpuFrequency.read({ procfs: root, sysfs: root, onFault: () => assert.fail() });
    assert.deepEqual(
      read?.hostFrequency.map(({ path: [cpu], values }) => [cpu, values["frequencyKHz"]]),
      [
        [0, 2_600_000],
        [2, 1_200_000],
      ],
    );
  } finally {
    mocked.mock.restore();
    syncBuiltinESMExports();
  }
});
