import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { parseMachineId, readMachineId } from "../../src/host/machine-id.ts";
import { parseProcPidCmdline, readProcPidCmdline } from "../../src/host/proc-pid-cmdline.ts";
import { CLOCK_TICKS_PER_S, parseProcPidStat, readProcPidStat } from "../../src/host/proc-pid-stat.ts";
import { parseProcStat, readProcStat } from "../../src/host/proc-stat.ts";
import { fakeRoot } from "./fake-root.ts";

// As Linux 6.1 printed it for a QEMU process, but for the name.
const statLine = (comm: string) =>
  `12662 (${comm}) S 1 12661 12661 0 -1 138412416 39157 11 41 5 1253 287 3 4 20 0 5 0 28674 901234688 58293 ` +
  "18446744073709551615 94285351927808 94285357914229 140727541834496 0 0 0 268444224 4096 16963 0 0 0 17 1 0 0 0 " +
  "0 0 94285361229648 94285364617680 94285373636608 140727541838556 140727541838700 140727541838700 " +
  "140727541841887 0\n";

describe("/proc/<pid>/stat", () => {
  test("has its fields at their numbers", () => {
    assert.deepEqual(parseProcPidStat(statLine("qemu-system-x86")), {
      pid: 12_662,
      comm: "qemu-system-x86",
      state: "S",
      minorFaults: 39_157,
      majorFaults: 41,
      userTimeTicks: 1253,
      systemTimeTicks: 287,
      threads: 5,
      startTimeTicks: 28_674,
      residentPages: 58_293,
      processor: 1,
    });
  });

  test("has them too behind a name that looks like fields", () => {
    for (const comm of ["a b", "(sd-pam)", ") R 1 2 3", "x) S (y", "", "new\nline", "((", "größe"]) {
      const stat = parseProcPidStat(statLine(comm));
      assert.deepEqual([stat?.comm, stat?.state, stat?.startTimeTicks], [comm, "S", 28_674]);
    }
  });

  test("is none when it is cut off or something else", () => {
    const line = statLine("qemu");
    const bad = [
      "",
      "12662",
      "12662 (qemu",
      "12662 )qemu(",
      line.slice(0, 60),
      line.replace("12662", "x"),
      line.replace("28674", "28674.5"),
    ];
    for (const text of bad) assert.equal(parseProcPidStat(text), undefined, JSON.stringify(text));
    assert.equal(parseProcPidStat(line.replace(") S", ") 7")), undefined);
    assert.equal(parseProcPidStat(line.replace("12662", "0")), undefined);
  });

  test("is read below the given root", async (context) => {
    const root = fakeRoot(context, { "12662/stat": statLine("qemu") });
    assert.equal((await readProcPidStat(root, 12_662))?.pid, 12_662);
    assert.equal(await readProcPidStat(root, 1), undefined);
  });

  test("tells this process's start, within a second of what it feels like", async () => {
    const stat = await readProcPidStat("/proc", process.pid);
    const bootTimeS = (await readProcStat("/proc"))?.bootTimeS ?? Number.NaN;
    const startedMs = (bootTimeS + (stat?.startTimeTicks ?? Number.NaN) / CLOCK_TICKS_PER_S) * 1000;
    const expectedMs = Date.now() - process.uptime() * 1000;
    assert.ok(Math.abs(startedMs - expectedMs) < 2000, `${startedMs} is not ${expectedMs}`);
    assert.equal(stat?.pid, process.pid);
  });
});

describe("/proc/stat", () => {
  test("has the time of boot", () => {
    assert.deepEqual(parseProcStat("cpu  1 2 3\nintr 5 0 0\nctxt 9\nbtime 1062191376\nprocesses 6\n"), {
      bootTimeS: 1_062_191_376,
    });
  });

  test("can lack it", () => {
    for (const text of ["", "cpu 1\n", "btime \n", "btime -1\n", "btime 1e9\n", "xbtime 5\n"]) {
      assert.deepEqual(parseProcStat(text), { bootTimeS: undefined }, text);
    }
  });

  test("has it behind a long line of interrupts", async (context) => {
    const root = fakeRoot(context, { stat: `cpu 1\nintr ${"0 ".repeat(100_000)}\nbtime 17\n` });
    assert.deepEqual(await readProcStat(root), { bootTimeS: 17 });
    assert.equal(await readProcStat(`${root}/absent`), undefined);
  });
});

describe("/proc/<pid>/cmdline", () => {
  test("is arguments of any characters", () => {
    assert.deepEqual(parseProcPidCmdline('qemu\0-name\0guest=R&D "a b"\n雲,debug-threads=on\0\0-S\0'), [
      "qemu",
      "-name",
      'guest=R&D "a b"\n雲,debug-threads=on',
      "",
      "-S",
    ]);
    assert.deepEqual(parseProcPidCmdline("title without an end"), ["title without an end"]);
    assert.deepEqual(parseProcPidCmdline(""), []);
  });

  test("is read below the given root", async (context) => {
    const root = fakeRoot(context, { "7/cmdline": "qemu\0-S\0", "8/cmdline": `a\0${"b".repeat(100_000)}` });
    assert.deepEqual(await readProcPidCmdline(root, 7), ["qemu", "-S"]);
    assert.equal((await readProcPidCmdline(root, 8))?.join(" ").length, 65_536);
    assert.equal(await readProcPidCmdline(root, 9), undefined);
    assert.equal((await readProcPidCmdline("/proc", process.pid))?.at(0), process.argv0);
  });
});

describe("the machine's id", () => {
  const id = "b08dfa6083e7567a1921a715000001fb";

  test("is 32 digits", () => {
    assert.equal(parseMachineId(`${id}\n`), id);
    for (const text of [
      "",
      "\n",
      "uninitialized\n",
      id.slice(1),
      `${id}0`,
      id.toUpperCase(),
      "0".repeat(32),
    ]) {
      assert.equal(parseMachineId(text), undefined, text);
    }
  });

  test("is systemd's, else D-Bus's", async (context) => {
    const other = id.replace("b", "c");
    const both = fakeRoot(context, { "etc/machine-id": `${id}\n`, "var/lib/dbus/machine-id": `${other}\n` });
    const image = fakeRoot(context, {
      "etc/machine-id": "uninitialized\n",
      "var/lib/dbus/machine-id": `${other}\n`,
    });
    assert.equal(await readMachineId(both), id);
    assert.equal(await readMachineId(image), other);
    assert.equal(await readMachineId(fakeRoot(context, {})), undefined);
    const mounted = fakeRoot(context, { "etc/machine-id/": "", "var/lib/dbus/machine-id": `${other}\n` });
    assert.equal(await readMachineId(mounted), other);
  });
});
