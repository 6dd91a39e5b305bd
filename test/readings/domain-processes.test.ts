/** Everything that the files of four kernels have, in four layouts of control groups. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { addFile } from "../host/fake-root.ts";
import { addFakeHost, addFakeProcess, KERNELS, type Layout, LAYOUTS, processOf } from "./fake-processes.ts";
import { folder, local, NONE, opened, PROCESS, readTwice, told, web1 } from "./local-readings.ts";

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

const tapped = (pid: number) => ({
  uuid: `uuid-${pid}`,
  process: processOf({ pid }),
  description: undefined,
  nics: [{ number: 0, type: "bridge", target: "vnet2", mac: undefined, alias: undefined }],
});

test("vNICs are read once for all domains, of the first process that has not ended", async (t) => {
  const root = folder(t);
  addFakeHost(root, "v2");
  for (const pid of [1000, 2000, 2001, 3000]) addFakeProcess(root, { ...web1, pid });
  const processes = opened(root);
  await processes.read([tapped(1000)]);
  // Its number is another process's now, in whatever network namespace.
  addFakeProcess(root, { ...web1, pid: 1000, startTicks: 99_999 });
  addFile(`${root}/proc/1000/net/dev`, "vnet2: 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9\n");
  addFile(`${root}/proc/2000/net/dev`, "vnet2: 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0\n");
  addFile(`${root}/proc/3000/net/dev`, "vnet2: 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n");
  const domains = [tapped(1000), tapped(2000), tapped(2001), local({ pid: 3000 })];
  const readings = await processes.read(domains);
  const [first, second, third] = [2000, 2001, 3000].map(
    (pid) => readings.get(`uuid-${pid}`)?.likeLibvirt?.nics,
  );
  assert.deepEqual(first && told(first)["nic 0"], {
    name: "vnet2",
    receivedBytes: 5,
    receivedPackets: 6,
    receiveErrors: 7,
    receiveDrops: 8,
    transmittedBytes: 1,
    transmittedPackets: 2,
    transmitErrors: 3,
    transmitDrops: 4,
  });
  assert.deepEqual(second, first);
  assert.equal(third, undefined, "it is not sure which vNICs it has");
  const without = await opened(root, { ...NONE, process: true }).read(domains);
  assert.deepEqual(
    [...without.values()].map((reading) => reading.likeLibvirt),
    [undefined, undefined, undefined],
  );
});
