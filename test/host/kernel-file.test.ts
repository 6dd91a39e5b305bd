import assert from "node:assert/strict";
import { chmodSync } from "node:fs";
import { describe, test } from "node:test";

import { isAbsence, readKernelFile } from "../../src/host/kernel-file.ts";
import { fakeRoot } from "./fake-root.ts";

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
  assert.deepEqual(["ESRCH", "EACCES", "EPERM", "EMFILE", "EIO"].map(errorOf).map(isAbsence), [
    true,
    true,
    true,
    false,
    false,
  ]);
  assert.equal(isAbsence("ENOENT"), false);
});
