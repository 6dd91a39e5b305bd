/** What is read of processes: only what is asked for, threads as they come and go, and what is read beside the cycles. */
import assert from "node:assert/strict";
import { rmSync, symlinkSync } from "node:fs";
import { describe, test } from "node:test";

import type { LocalReaders } from "../../src/readings/domain-processes.ts";
import type { DiskDescription, DomainDescription } from "../../src/readings/domain.ts";
import { addFile } from "../host/fake-root.ts";
import { addFakeHost, addFakeProcess } from "./fake-processes.ts";
import { folder, local, NONE, NOTHING, opened, readTwice, told, web1 } from "./local-readings.ts";

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
    addFile(`${root}/images/b.img`, "");
    addFile(`${root}/images/vvfat/`, "");
    addFile(`${root}/dev/dm-0`, "");
    symlinkSync("../dev/dm-0", `${root}/images/lv`);
    addFile(
      `${root}/proc/1/mountinfo`,
      `1 0 8:9 / / rw - ext4 /dev/x rw\n2 1 8:2 / ${root}/images rw - ext4 /dev/sda2 rw\n3 1 0:9 / /srv/nfs rw - nfs4 a:/b rw\n` +
        `4 2 253:0 /b.img ${root}/images/b.img rw - xfs /dev/mapper/b rw\n5 2 253:0 / ${root}/images/vvfat rw - xfs /dev/mapper/b rw\n`,
    );
    const description: DomainDescription = {
      uuid: "uuid-1000",
      name: "web1",
      nics: [],
      openstack: undefined,
      balloonPeriodS: undefined,
      disks: [
        disk("vda", "file", `${root}/images/a.qcow2`),
        disk("vdb", "block", `${root}/images/lv`),
        disk("vdc", "file", "/srv/nfs/b.qcow2"),
        disk("vdd", "network", "pool/image"),
        disk("vde", "file", `${root}/images/gone`),
        disk("sda", "file"),
        // Mounted themselves, as what is handed into a container.
        disk("sdb", "file", `${root}/images/b.img`),
        disk("sdc", "dir", `${root}/images/vvfat`),
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
        ["sdb", "file", "dm-0"],
        ["sdc", "dir", "dm-0"],
      ],
    );
  });
});

function stat(threads: number): string {
  return `1000 (qemu-system-x86) S 1 1 1 0 -1 0 39157 0 41 0 1253 287 0 0 20 0 ${threads} 0 12345 546897920 58293 0\n`;
}

function disk(target: string, type: string, source?: string): DiskDescription {
  return { target, type, source, alias: undefined };
}
