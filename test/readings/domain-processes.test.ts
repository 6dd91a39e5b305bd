import assert from "node:assert/strict";
import { rmSync, symlinkSync, writeFileSync } from "node:fs";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";

import { systemClock } from "../../src/clock.ts";
import { DomainProcesses, type LocalReaders } from "../../src/readings/domain-processes.ts";
import type { DomainDescription } from "../../src/readings/domain.ts";
import type { DomainStatistics } from "../../src/readings/statistics.ts";
import { addFile } from "../host/fake-root.ts";
import {
  addFakeHost,
  addFakeProcess,
  type FakeProcess,
  KERNELS,
  type Layout,
  LAYOUTS,
  processOf,
} from "./fake-processes.ts";

const ALL: LocalReaders = {
  process: true,
  threads: true,
  cgroup: true,
  numa: true,
  disks: true,
  likeLibvirt: true,
};
const NONE: LocalReaders = {
  process: false,
  threads: false,
  cgroup: false,
  numa: false,
  disks: false,
  likeLibvirt: false,
};

function folder(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), "kvmeter-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  return root;
}

function opened(
  root: string,
  readers = ALL,
  onNotice: (text: string) => void = assert.fail,
): DomainProcesses {
  return new DomainProcesses({
    procfs: `${root}/proc`,
    sysfs: `${root}/sys`,
    mountinfo: `${root}/mountinfo`,
    readers,
    numaIntervalMs: 60_000,
    clock: systemClock,
    onNotice,
  });
}

const NOTHING: DomainStatistics = { readAt: {}, items: {} };

const web1: FakeProcess = { pid: 1000, id: 1, vcpus: 2, kernel: "6.12", layout: "v2" };
const local = (process: Pick<FakeProcess, "pid" | "startTicks">, description?: DomainDescription) => ({
  uuid: `uuid-${process.pid}`,
  process: processOf(process),
  description,
});

/** The values of a domain's items by scope and path, without what is undefined. */
function told({ items }: DomainStatistics) {
  return Object.fromEntries(
    Object.entries(items).flatMap(([scope, all]) =>
      all.map(({ path, values }) => [
        [scope, ...path].join(" "),
        Object.fromEntries(
          // The size of a folder of any other file system is not the number of its entries.
          Object.entries(values).filter(([name, value]) => value !== undefined && name !== "fileDescriptors"),
        ),
      ]),
    ),
  );
}

async function readTwice(processes: DomainProcesses, ...domains: ReturnType<typeof local>[]) {
  await processes.read(domains);
  await processes.settled();
  return processes.read(domains);
}

const PROCESS = {
  userNs: 12_530_000_000,
  systemNs: 2_870_000_000,
  minorFaults: 39_157,
  majorFaults: 41,
  threads: 6,
  vcpuNs: 3_010_000_000,
  residentBytes: 238_800_896,
  virtualBytes: 1_772_122_112,
  swapBytes: 4096,
  sharedBytes: 24_637_440,
  voluntarySwitches: 3874,
  involuntarySwitches: 916,
  readBytes: 12_288,
  writtenBytes: 4096,
};
const CPU = { userNs: 12_530_000_000, systemNs: 2_870_001_000 };
const LEGACY_CPU = { userNs: 12_530_000_000, systemNs: 2_870_000_000 };
const THROTTLED = { periods: 20, throttledPeriods: 4, throttledNs: 600_000 };
const MEMORY = { usedBytes: 250_000_000, workingSetBytes: 200_000_000, swapBytes: 8192 };
const PRESSURE = Object.fromEntries(
  ["cpu", "memory", "io"].flatMap((name) => [
    [`${name}SomeNs`, 84_482_000],
    [`${name}FullNs`, 67_582_000],
  ]),
);
const LEGACY = { ...MEMORY, maxEvents: 5, oomKillEvents: 1 };
const GROUPS: Readonly<Record<Layout, object | undefined>> = {
  v1: { ...LEGACY_CPU, periods: 20, throttledPeriods: 4, throttledNs: 600_000, ...LEGACY },
  v2: {
    ...CPU,
    ...THROTTLED,
    ...MEMORY,
    lowEvents: 0,
    highEvents: 1,
    maxEvents: 2,
    oomEvents: 3,
    oomKillEvents: 4,
    tasks: 12,
  },
  // The controllers of v1 with the times and the pressure of v2; cpu alone is mounted as cpu,cpuacct here.
  hybrid: { ...CPU, ...THROTTLED, ...LEGACY },
  none: undefined,
};
const DEVICE = { readBytes: 1, writtenBytes: 2, readOperations: 3, writeOperations: 4 };

for (const kernel of KERNELS) {
  for (const layout of LAYOUTS) {
    test(`Linux ${kernel}, cgroups ${layout}: everything that the files have`, async (t) => {
      const root = folder(t);
      addFakeHost(root, layout);
      addFakeProcess(root, { ...web1, kernel, layout });
      const readings = await readTwice(opened(root), local(web1));
      const statistics = readings.get("uuid-1000")?.statistics;
      assert.ok(statistics);
      const hasPressure = kernel !== "4.18" && (layout === "v2" || layout === "hybrid");
      const cgroup = GROUPS[layout] && { ...GROUPS[layout], ...(hasPressure ? PRESSURE : {}) };
      assert.deepEqual(told(statistics), {
        process: PROCESS,
        "processThread emulator": { waitNs: 1000 + 2000 },
        "processThread iothread": { waitNs: 3000 },
        "processThread vcpu": { waitNs: 2_000_001 },
        processMemory: { localShare: 2 / 3 },
        "processNode 0": { usedBytes: 256 * 4096 },
        "processNode 1": { usedBytes: 512 * 4096 },
        ...(cgroup && { cgroup, "cgroupDevice sda2": DEVICE }),
        ...(layout === "v2" && {
          "cgroupDevice 253:9": { readBytes: 5, writtenBytes: 6, readOperations: 7, writeOperations: 8 },
        }),
      });
    });

    test(`Linux ${kernel}, cgroups ${layout}: what libvirt would say`, async (t) => {
      const root = folder(t);
      addFakeHost(root, layout);
      addFakeProcess(root, { ...web1, kernel, layout });
      const reading = (await opened(root).read([local(web1)])).get("uuid-1000")?.likeLibvirt;
      const cpu = {
        v1: { timeNs: 15_400_001_234, ...LEGACY_CPU },
        v2: { timeNs: 15_400_001_000, ...CPU },
        hybrid: { timeNs: 15_400_001_000, ...CPU },
        none: { timeNs: 15_400_000_000, ...LEGACY_CPU },
      };
      // 1.000001 x 1,000,000 is a little less than 1,000,001 in binary, and libvirt cuts.
      const hasWait = kernel === "4.18" || kernel === "5.14";
      assert.deepEqual(reading?.cpu && told(reading.cpu), { cpu: cpu[layout] });
      assert.deepEqual(reading?.rss && told(reading.rss), { balloon: { rssKiB: 58_293 * 4 } });
      assert.deepEqual(reading?.vcpu && told(reading.vcpu), {
        vcpuCount: { current: 2 },
        "vcpu 0": { state: 1, timeNs: 1.5e9, waitNs: hasWait ? 1_000_000 : 0, delayNs: 1_000_000 },
        "vcpu 1": { state: 1, timeNs: 1.51e9, waitNs: hasWait ? 1_000_000 : 0, delayNs: 1_000_001 },
      });
    });
  }
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
    const root = folder(t);
    addFakeHost(root, "v2");
    const web2 = { ...web1, pid: 2000, id: 2 };
    addFakeProcess(root, web1);
    addFakeProcess(root, web2);
    const processes = opened(root);
    assert.equal((await processes.read([local(web1), local(web2)])).size, 2);
    const stat = `${root}/proc/1000/stat`;
    writeFileSync(stat, "1000 (qemu-system-x86) Z 1 0 0\n");
    assert.deepEqual([...(await processes.read([local(web1), local(web2)])).keys()], ["uuid-2000"]);
    rmSync(`${root}/proc/1000`, { recursive: true });
    assert.deepEqual([...(await processes.read([local(web1), local(web2)])).keys()], ["uuid-2000"]);
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

describe("what is read", () => {
  test("is only what is asked for", async (t) => {
    const root = folder(t);
    addFakeHost(root, "v2");
    addFakeProcess(root, web1);
    const scopes = async (wanted: Partial<LocalReaders>) => {
      const readings = await readTwice(opened(root, { ...NONE, ...wanted }), local(web1));
      return Object.keys(told(readings.get("uuid-1000")?.statistics ?? { readAt: {}, items: {} }));
    };
    assert.deepEqual(await scopes({}), ["process"]);
    assert.deepEqual(await scopes({ threads: true }), [
      "process",
      "processThread emulator",
      "processThread iothread",
      "processThread vcpu",
    ]);
    assert.deepEqual(await scopes({ cgroup: true }), [
      "process",
      "cgroup",
      "cgroupDevice sda2",
      "cgroupDevice 253:9",
    ]);
    assert.deepEqual(await scopes({ numa: true }), [
      "process",
      "processMemory",
      "processNode 0",
      "processNode 1",
    ]);
  });

  test("memory by node carries the time at which it was read, and is not read in every cycle", async (t) => {
    const root = folder(t);
    addFakeHost(root, "v2");
    addFakeProcess(root, web1);
    const processes = opened(root);
    const first = (await readTwice(processes, local(web1))).get("uuid-1000")?.statistics;
    rmSync(`${root}/proc/1000/numa_maps`);
    const later = (await readTwice(processes, local(web1))).get("uuid-1000")?.statistics;
    assert.ok(first?.readAt["process-memory"]);
    assert.deepEqual(later?.readAt["process-memory"], first.readAt["process-memory"]);
    assert.notDeepEqual(later?.readAt.process, later?.readAt["process-memory"]);
  });

  test("threads that come, go and are renamed", async (t) => {
    const root = folder(t);
    addFakeHost(root, "v2");
    addFakeProcess(root, web1);
    const processes = opened(root);
    const waits = async () => {
      const { items } = (await processes.read([local(web1)])).get("uuid-1000")?.statistics ?? NOTHING;
      return Object.fromEntries(
        (items.processThread ?? []).map(({ path, values }) => [path[0], values.waitNs]),
      );
    };
    await waits();
    assert.deepEqual(await waits(), { emulator: 3000, iothread: 3000, vcpu: 2_000_001 });
    // A vCPU is plugged in: first it has its parent's name and group.
    const task = `${root}/proc/1000/task/1012`;
    for (const [file, text] of [
      ["comm", "qemu-system-x86\n"],
      ["schedstat", "1 500 1\n"],
    ] as const)
      addFile(`${task}/${file}`, text);
    addFile(`${task}/cgroup`, "0::/\n");
    addFile(`${root}/proc/1000/stat`, stat(7));
    await waits();
    addFile(`${task}/comm`, "CPU 2/KVM\n");
    assert.equal((await waits())["vcpu"], 2_000_501);
    // It is taken out again: what it waited stays.
    rmSync(task, { recursive: true });
    addFile(`${root}/proc/1000/stat`, stat(6));
    assert.equal((await waits())["vcpu"], 2_000_501);
    assert.equal((await waits())["vcpu"], 2_000_501);
  });

  test("the kernel's vhost threads, whether they are the process's or their own", async (t) => {
    const root = folder(t);
    addFakeHost(root, "v2");
    addFakeProcess(root, web1);
    addFile(`${root}/proc/1000/task/1020/comm`, "vhost-1000\n");
    addFile(`${root}/proc/1000/task/1020/schedstat`, "1 40 1\n");
    const scope = String.raw`${root}/cgroup/machine.slice/machine-qemu\x2d1\x2dweb1.scope`;
    addFile(`${scope}/libvirt/emulator/cgroup.threads`, "1000\n1020\n3001\n3002\n");
    for (const [tid, name] of [
      [3001, "vhost-1000"],
      [3002, "vhost-10000"],
    ] as const) {
      addFile(`${root}/proc/${tid}/comm`, `${name}\n`);
      addFile(`${root}/proc/${tid}/schedstat`, "1 2 1\n");
    }
    const { items } = (await opened(root).read([local(web1)])).get("uuid-1000")?.statistics ?? NOTHING;
    assert.deepEqual(items.processThread?.find(({ path }) => path[0] === "vhost")?.values, { waitNs: 42 });
  });

  test("the devices behind disks: partitions, device mapper, and nothing for what is remote", async (t) => {
    const root = folder(t);
    addFakeHost(root, "v2");
    addFakeProcess(root, web1);
    addFile(`${root}/images/a.qcow2`, "");
    addFile(`${root}/dev/dm-0`, "");
    symlinkSync("../dev/dm-0", `${root}/images/lv`);
    addFile(
      `${root}/proc/1/mountinfo`,
      `1 0 8:9 / / rw - ext4 /dev/x rw\n2 1 8:2 / ${root}/images rw - ext4 /dev/sda2 rw\n3 1 0:9 / /srv/nfs rw - nfs4 a:/b rw\n`,
    );
    const disk = (target: string, type: string, source?: string) => ({
      target,
      type,
      source,
      alias: undefined,
    });
    const description: DomainDescription = {
      uuid: "uuid-1000",
      name: "web1",
      nics: [],
      openstack: undefined,
      disks: [
        disk("vda", "file", `${root}/images/a.qcow2`),
        disk("vdb", "block", `${root}/images/lv`),
        disk("vdc", "file", "/srv/nfs/b.qcow2"),
        disk("vdd", "network", "pool/image"),
        disk("vde", "file", `${root}/images/gone`),
        disk("sda", "file"),
      ],
    };
    const readings = await readTwice(opened(root), local(web1, description));
    const { items } = readings.get("uuid-1000")?.statistics ?? NOTHING;
    assert.deepEqual(
      items.diskSource?.map(({ values: { target, type, device } }) => [target, type, device]),
      [
        ["vda", "file", "sda2"],
        ["vdb", "block", "dm-0"],
        ["vdc", "file", undefined],
        ["vdd", "network", undefined],
        ["vde", "file", undefined],
        ["sda", "file", undefined],
      ],
    );
  });
});

function stat(threads: number): string {
  return `1000 (qemu-system-x86) S 1 1 1 0 -1 0 39157 0 41 0 1253 287 0 0 20 0 ${threads} 0 12345 546897920 58293 0\n`;
}
