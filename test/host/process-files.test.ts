import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { parseCgroupCpuStat } from "../../src/host/cgroup-cpu-stat.ts";
import { parseCgroupCpuacctStat } from "../../src/host/cgroup-cpuacct-stat.ts";
import { parseCgroupBlkio, parseCgroupIoStat } from "../../src/host/cgroup-io.ts";
import { parseCgroupMemoryEvents } from "../../src/host/cgroup-memory-events.ts";
import { parseCgroupMemoryStat } from "../../src/host/cgroup-memory-stat.ts";
import { parseCgroupPressure } from "../../src/host/cgroup-pressure.ts";
import { parseCgroupValue } from "../../src/host/cgroup-value.ts";
import { parseMountinfo } from "../../src/host/mountinfo.ts";
import { parseCpuList } from "../../src/host/node-cpus.ts";
import { parsePageSizeBytes, readPageSizeBytes } from "../../src/host/proc-auxv.ts";
import { parseProcPidCgroup } from "../../src/host/proc-pid-cgroup.ts";
import { parseProcPidIo } from "../../src/host/proc-pid-io.ts";
import { parseProcPidNumaMaps } from "../../src/host/proc-pid-numa-maps.ts";
import { parseProcPidSchedWaitNs } from "../../src/host/proc-pid-sched.ts";
import { parseProcPidSchedstatWaitNs } from "../../src/host/proc-pid-schedstat.ts";
import { parseProcPidStat } from "../../src/host/proc-pid-stat.ts";
import { parseProcPidStatus } from "../../src/host/proc-pid-status.ts";

const stat =
  "12662 (qemu) S 1 12661 12661 0 -1 138412416 39157 11 41 5 1253 287 3 4 20 0 5 0 28674 901234688 58293 " +
  "18446744073709551615 94285351927808 94285357914229 140727541834496 0 0 0 268444224 4096 16963 0 0 0 17 13 0 0\n";
const status =
  "Name:\tVmRSS:\\n  7 kB\nUmask:\t0022\nState:\tS (sleeping)\nVmPeak:\t 1800000 kB\nVmSize:\t 1730588 kB\n" +
  "VmHWM:\t  240000 kB\nVmRSS:\t  233204 kB\nRssAnon:\t  209144 kB\nRssFile:\t   22824 kB\nRssShmem:\t    1236 kB\n" +
  "VmSwap:\t       4 kB\nThreads:\t7\nSeccomp_filters:\t1\nvoluntary_ctxt_switches:\t3874\nnonvoluntary_ctxt_switches:\t916\n";
const io =
  "rchar: 323934931\nwchar: 323929600\nsyscr: 632687\nsyscw: 632675\nread_bytes: 12288\nwrite_bytes: 18446744073709551615\n" +
  "cancelled_write_bytes: 4096\n";
const sched = `CPU 0/KVM (104, #threads: 6)
-------------------------------------------------------------------
se.exec_start                                :      11704172.717356
se.statistics.wait_max                       :             4.567890
se.statistics.wait_sum                       :           123.456789
se.statistics.wait_count                     :                   77
nr_switches                                  :                 1317
`;
const numaMaps = `7f2c40000000 default anon=2105 dirty=2105 active=0 N0=1024 N1=1081 kernelpagesize_kB=4
7f2c5c000000 bind:0-1 file=/dev/hugepages/libvirt/qemu/1-N0=9\\040x/ram huge anon=512 dirty=512 N0=512 kernelpagesize_kB=2048
7f2c7c000000 default stack
`;
const mountinfo = `22 1 8:2 / / rw,relatime shared:1 - ext4 /dev/sda2 rw
31 22 0:27 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:9 - cgroup cgroup rw,cpu,cpuacct
32 22 0:28 /../.. /host/sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate
40 22 253:1 / /var/lib/my\\040images rw master:1 shared:2 - xfs /dev/mapper/vg-a\\134b rw,attr2
`;
const cgroups = String.raw`12:pids:/machine.slice
4:memory:/machine.slice/machine-qemu\x2d1\x2da:b.scope
1:cpu,cpuacct:/machine.slice/machine-qemu\x2d1\x2da:b.scope/libvirt/emulator
1:name=systemd:/x
0::/machine.slice/machine-qemu\x2d1\x2da:b.scope/libvirt/emulator
`;
const cpuStat =
  "usage_usec 255988\nuser_usec 83963\nsystem_usec 172025\nnice_usec 0\ncore_sched.force_idle_usec 0\nnr_periods 120\n" +
  "nr_throttled 7\nthrottled_usec 345000\nnr_bursts 0\nburst_usec 0\n";
const pressure =
  "some avg10=0.19 avg60=0.08 avg300=0.01 total=84482\nfull avg10=0.19 avg60=0.08 avg300=0.01 total=67582\n";
const ioStat =
  "8:16 rbytes=1459200 wbytes=314773504 rios=192 wios=353 dbytes=0 dios=0\n7:0 \n" +
  "253:0 rbytes=5 wbytes=0 rios=1 wios=0 dbytes=0 dios=0 cost.usage=9\n";
const blkio =
  "8:0 Read 4096\n8:0 Write 8192\n8:0 Sync 1\n8:0 Async 2\n8:0 Discard 0\n8:0 Total 12288\nTotal 12288\n";

describe("a file of a process or a cgroup", () => {
  test("/proc/<pid>/status", () => {
    assert.deepEqual(parseProcPidStatus(status), {
      virtualBytes: 1_730_588 * 1024,
      residentBytes: 233_204 * 1024,
      residentFileBytes: 22_824 * 1024,
      residentSharedBytes: 1236 * 1024,
      swapBytes: 4096,
      voluntarySwitches: 3874,
      involuntarySwitches: 916,
    });
    const zombie = "Name:\tqemu\nState:\tZ (zombie)\nThreads:\t1\nvoluntary_ctxt_switches:\t1\n";
    assert.equal(parseProcPidStatus(zombie).residentBytes, undefined);
    assert.equal(parseProcPidStatus(zombie).voluntarySwitches, 1);
  });

  test("/proc/<pid>/io, also beyond 2^53", () => {
    assert.deepEqual(parseProcPidIo(io), { readBytes: 12_288, writtenBytes: 18_446_744_073_709_551_615n });
  });

  test("schedstat and sched of a thread, rounded as libvirt does", () => {
    assert.equal(parseProcPidSchedstatWaitNs("3901091780 6406103420 7761\n"), 6_406_103_420);
    for (const text of ["", "1 2\n", "1 x 3\n", "-1 2 3\n", "1 2 3 4\n", "1 2 3"])
      assert.equal(parseProcPidSchedstatWaitNs(text), undefined, text);
    assert.equal(parseProcPidSchedWaitNs(sched), 123_456_789);
    // 1.001001 x 1,000,000 is less than 1,001,001 in binary: libvirt cuts, so it says 1,001,000.
    assert.equal(parseProcPidSchedWaitNs("se.wait_sum   :   1.001001\n"), Math.trunc(1.001_001 * 1_000_000));
    assert.equal(parseProcPidSchedWaitNs("wait_sum   :   1.001001\n"), undefined);
  });

  test("numa_maps: pages by their size, and never what stands in a file's name", () => {
    assert.deepEqual(
      parseProcPidNumaMaps(numaMaps),
      new Map([
        [0, 1024 * 4096 + 512 * 2_097_152],
        [1, 1081 * 4096],
      ]),
    );
    assert.equal(parseProcPidNumaMaps(""), undefined);
  });

  test("mountinfo: escapes, and roots above the namespace", () => {
    const mounts = parseMountinfo(mountinfo);
    assert.deepEqual(
      mounts.map(({ device, root, point, type, source }) => [device, root, point, type, source]),
      [
        ["8:2", "/", "/", "ext4", "/dev/sda2"],
        ["0:27", "/", "/sys/fs/cgroup/cpu,cpuacct", "cgroup", "cgroup"],
        ["0:28", "/../..", "/host/sys/fs/cgroup", "cgroup2", "cgroup2"],
        ["253:1", "/", "/var/lib/my images", "xfs", "/dev/mapper/vg-a\\b"],
      ],
    );
    assert.deepEqual(mounts[1]?.options, ["rw", "cpu", "cpuacct"]);
  });

  test("/proc/<pid>/cgroup, with colons in a path", () => {
    assert.deepEqual(
      parseProcPidCgroup(cgroups).map(({ controllers }) => controllers),
      [["pids"], ["memory"], ["cpu", "cpuacct"], ["name=systemd"], []],
    );
    assert.equal(
      parseProcPidCgroup(cgroups)[1]?.path,
      String.raw`/machine.slice/machine-qemu\x2d1\x2da:b.scope`,
    );
  });

  test("cpu.stat of v2 and v1, and cpuacct.stat", () => {
    assert.deepEqual(parseCgroupCpuStat(cpuStat), {
      usageNs: 255_988_000,
      userNs: 83_963_000,
      systemNs: 172_025_000,
      periods: 120,
      throttledPeriods: 7,
      throttledNs: 345_000_000,
    });
    const v1 = parseCgroupCpuStat("nr_periods 3\nnr_throttled 2\nthrottled_time 123456789\nwait_sum 5\n");
    assert.deepEqual([v1.usageNs, v1.periods, v1.throttledNs], [undefined, 3, 123_456_789]);
    assert.deepEqual(parseCgroupCpuacctStat("user 348\nsystem 84\n"), {
      userNs: 3_480_000_000,
      systemNs: 840_000_000,
    });
  });

  test("memory.stat and memory.events of both", () => {
    assert.deepEqual(parseCgroupMemoryStat("anon 1\ninactive_file 4096\n"), {
      inactiveFileBytes: 4096,
      swapBytes: undefined,
    });
    assert.deepEqual(
      parseCgroupMemoryStat("inactive_file 1\nswap 2\ntotal_inactive_file 8192\ntotal_swap 3\n"),
      { inactiveFileBytes: 8192, swapBytes: 3 },
    );
    assert.deepEqual(
      parseCgroupMemoryEvents(
        "low 1\nhigh 2\nmax 3\noom 4\noom_kill 5\noom_group_kill 6\nsock_throttled 7\n",
      ),
      { low: 1, high: 2, max: 3, oom: 4, oomKill: 5 },
    );
    assert.equal(parseCgroupMemoryEvents("oom_kill_disable 0\nunder_oom 0\noom_kill 2\n").oomKill, 2);
  });

  test("single values: max, and the largest of v1, are no limit", () => {
    assert.equal(parseCgroupValue("15138816\n"), 15_138_816);
    assert.equal(parseCgroupValue("0\n"), 0);
    for (const text of ["max\n", "9223372036854771712\n", "9223372036854710272\n", "", "\n", "1 2\n", "-1\n"])
      assert.equal(parseCgroupValue(text), undefined, text);
    assert.equal(parseCgroupValue("9007199254740993\n"), 9_007_199_254_740_993n);
  });

  test("io.stat and blkio", () => {
    const device = { readBytes: 5, writtenBytes: 0, readOperations: 1, writeOperations: 0 };
    const parsed = parseCgroupIoStat(ioStat);
    assert.deepEqual([...parsed.keys()], ["8:16", "253:0"]);
    assert.deepEqual(parsed.get("253:0"), device);
    const unended =
      "8:0 rbytes=1\n7:7 (unknown) 7:5 7:4 rbytes=28672 wbytes=0 rios=22 wios=0 dbytes=0 dios=0\n";
    assert.deepEqual([...parseCgroupIoStat(unended).keys()], ["8:0", "7:4"]);
    assert.deepEqual(
      parseCgroupBlkio(blkio, "8:0 Read 1\n8:0 Write 2\n"),
      new Map([["8:0", { readBytes: 4096, writtenBytes: 8192, readOperations: 1, writeOperations: 2 }]]),
    );
  });

  test("pressure, with and without the line of full", () => {
    assert.deepEqual(parseCgroupPressure(pressure), { someNs: 84_482_000, fullNs: 67_582_000 });
    assert.deepEqual(parseCgroupPressure(pressure.slice(0, pressure.indexOf("full"))), {
      someNs: 84_482_000,
      fullNs: undefined,
    });
  });

  test("lists of CPUs are bounded", () => {
    assert.deepEqual(parseCpuList("0-2,8,10-11\n"), [0, 1, 2, 8, 10, 11]);
    assert.deepEqual(parseCpuList("\n"), []);
    assert.equal(parseCpuList("0-99999\n").length, 8193);
  });

  test("the size of a page", () => {
    const vector = Buffer.alloc(48);
    [33n, 7n, 6n, 16_384n].forEach((word, index) => vector.writeBigUInt64LE(word, index * 8));
    assert.equal(parsePageSizeBytes(vector), 16_384);
    assert.equal(parsePageSizeBytes(vector.subarray(0, 24)), undefined);
    assert.ok([4096, 16_384, 65_536].includes(readPageSizeBytes()));
    assert.equal(readPageSizeBytes("/nonexistent"), 4096);
  });
});

const PARSERS: readonly (readonly [name: string, text: string, parse: (text: string) => unknown])[] = [
  ["stat", stat, (text) => parseProcPidStat(text) ?? {}],
  ["status", status, parseProcPidStatus],
  ["io", io, parseProcPidIo],
  ["schedstat", "3901091780 6406103420 7761\n", (text) => ({ waitNs: parseProcPidSchedstatWaitNs(text) })],
  ["sched", sched, (text) => ({ waitNs: parseProcPidSchedWaitNs(text) })],
  ["cpu.stat", cpuStat, parseCgroupCpuStat],
  ["cpuacct.stat", "user 348\nsystem 84\n", parseCgroupCpuacctStat],
  ["memory.stat", "anon 1\ninactive_file 4096\n", parseCgroupMemoryStat],
  ["memory.events", "low 1\nhigh 2\nmax 345\noom 4\noom_kill 56\n", parseCgroupMemoryEvents],
  ["value", "15138816\n", (text) => ({ value: parseCgroupValue(text) })],
  ["io.stat", ioStat, (text) => Object.fromEntries(parseCgroupIoStat(text))],
  ["blkio", blkio, (text) => Object.fromEntries(Object.entries(parseCgroupBlkio(text, "").get("8:0") ?? {}))],
  ["pressure", pressure, parseCgroupPressure],
];

test("a file that was cut off anywhere has fewer values, never others", () => {
  for (const [name, text, parse] of PARSERS) {
    const whole = parse(text) as Readonly<Record<string, unknown>>;
    for (let length = 0; length < text.length; length++) {
      const part = parse(text.slice(0, length)) as Readonly<Record<string, unknown>>;
      for (const [field, value] of Object.entries(part)) {
        if (value !== undefined) assert.deepEqual(value, whole[field], `${name} ${field} at ${length}`);
      }
    }
  }
  for (let length = 0; length < numaMaps.length; length++) {
    const nodes = parseProcPidNumaMaps(numaMaps.slice(0, length));
    const lines = numaMaps.slice(0, length).split("\n").length - 1;
    assert.deepEqual(
      nodes,
      parseProcPidNumaMaps(numaMaps.split("\n").slice(0, lines).join("\n").concat("\n")),
    );
  }
});

test("what is no such file has no values and raises nothing", () => {
  const binary = Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 151) % 256)).toString(
    "latin1",
  );
  const oddities = [
    "",
    "\n",
    "\0".repeat(100),
    binary,
    "x".repeat(100_000),
    "1:".repeat(5000),
    " =\n".repeat(1000),
  ];
  for (const text of oddities) {
    for (const [name, , parse] of PARSERS) {
      const values = Object.values(parse(text) as object).filter((value) => value !== undefined);
      assert.deepEqual(values, [], `${name} of ${JSON.stringify(text.slice(0, 20))}`);
    }
    assert.deepEqual(parseMountinfo(text), []);
    assert.equal(parseProcPidNumaMaps(text), undefined);
    assert.deepEqual(parseProcPidCgroup(text), []);
  }
});
