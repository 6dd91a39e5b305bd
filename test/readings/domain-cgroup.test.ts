import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { parseMountinfo } from "../../src/host/mountinfo.ts";
import { parseProcPidCgroup } from "../../src/host/proc-pid-cgroup.ts";
import { findDomainCgroup, findOwnGroup } from "../../src/readings/domain-cgroup.ts";
import { LastingSum } from "../../src/readings/lasting-sum.ts";
import { ProcessSight } from "../../src/readings/process-sight.ts";
import { RightsReport } from "../../src/readings/rights-report.ts";
import { threadKind } from "../../src/readings/thread-kind.ts";

const SCOPE = String.raw`/machine.slice/machine-qemu\x2d1\x2dweb1.scope`;
const v2 = (point: string, root = "/") => `31 22 0:28 ${root} ${point} rw - cgroup2 cgroup2 rw\n`;
const v1 = (controllers: string, point: string) =>
  `31 22 0:27 / ${point} rw - cgroup cgroup rw,${controllers}\n`;
const found = (memberships: string, mountinfo: string) =>
  findDomainCgroup(parseProcPidCgroup(memberships), parseMountinfo(mountinfo));

describe("a domain's group", () => {
  test("is machined's scope or libvirt's own, with or without the nested one", () => {
    assert.deepEqual(findOwnGroup(`${SCOPE}/libvirt/vcpu12`), {
      top: SCOPE,
      nested: `${SCOPE}/libvirt`,
      part: "vcpu12",
    });
    assert.deepEqual(findOwnGroup(`${SCOPE}/emulator`), { top: SCOPE, nested: SCOPE, part: "emulator" });
    assert.deepEqual(findOwnGroup("/machine/qemu-3-a.libvirt-qemu"), {
      top: "/machine/qemu-3-a.libvirt-qemu",
      nested: "/machine/qemu-3-a.libvirt-qemu",
      part: "",
    });
    assert.equal(findOwnGroup(String.raw`/gold.slice/machine-qemu\x2duser\x2d7\x2da.scope`)?.part, "");
  });

  test("is none of another's: a service, a slice, a container", () => {
    const others = [
      "/",
      "/system.slice/libvirtd.service",
      "/machine.slice",
      String.raw`/machine.slice/machine-lxc\x2d1\x2dweb1.scope`,
      "/kubepods.slice/pod1/qemu",
      `${SCOPE} (deleted)`,
      `${SCOPE}/libvirt/emulator/deeper`,
    ];
    for (const path of others) assert.equal(findOwnGroup(path), undefined, path);
  });

  test("is found under the mount that shows it, also in a container with a cgroup namespace", () => {
    const own = `0::${SCOPE}/libvirt/emulator\n`;
    assert.equal(found(own, v2("/sys/fs/cgroup")).unified?.nested, `/sys/fs/cgroup${SCOPE}/libvirt`);
    const above = `0::/../..${SCOPE}/libvirt/emulator\n`;
    const mounts = v2("/sys/fs/cgroup") + v2("/host/cgroup", "/../..");
    assert.equal(found(above, mounts).unified?.top, `/host/cgroup${SCOPE}`);
    const unseen = found(above, v2("/sys/fs/cgroup"));
    assert.deepEqual([unseen.unified, unseen.isUnified, unseen.isOwn], [undefined, true, true]);
    assert.equal(found("0::/system.slice/libvirtd.service\n", v2("/sys/fs/cgroup")).isOwn, false);
  });

  test("has a folder for each controller of v1, also where several share one", () => {
    const { legacy, isUnified } = found(
      "4:memory:/machine/qemu-1-a.libvirt-qemu\n1:cpu,cpuacct:/machine/qemu-1-a.libvirt-qemu/emulator\n2:pids:/\n",
      v1("memory", "/cg/memory") + v1("cpu,cpuacct", "/cg/cpu,cpuacct") + v1("pids", "/cg/pids"),
    );
    assert.deepEqual([...legacy.keys()], ["memory", "cpu", "cpuacct"]);
    assert.equal(legacy.get("cpuacct")?.nested, "/cg/cpu,cpuacct/machine/qemu-1-a.libvirt-qemu");
    assert.equal(isUnified, false);
  });
});

const kind = (name: string, path?: string) =>
  threadKind(name, path === undefined ? [] : [{ controllers: [], path }]);

test("a thread is told by its group, else by its name", () => {
  const emulator = { role: "emulator", vcpu: undefined };
  assert.deepEqual(kind("CPU 3/KVM"), { role: "vcpu", vcpu: 3 });
  assert.deepEqual(kind("CPU 12/TCG"), { role: "vcpu", vcpu: 12 });
  assert.deepEqual(kind("CPU 3/KVM", `${SCOPE}/libvirt/vcpu7`), { role: "vcpu", vcpu: 7 });
  assert.deepEqual(kind("qemu-system-x86", "/machine/qemu-1-a.libvirt-qemu/vcpu0"), {
    role: "vcpu",
    vcpu: 0,
  });
  assert.deepEqual(kind("IO iothread1"), { role: "iothread", vcpu: undefined });
  assert.deepEqual(kind("x", `${SCOPE}/libvirt/iothread2`), { role: "iothread", vcpu: undefined });
  assert.deepEqual(kind("vhost-98", `${SCOPE}/libvirt/emulator`), { role: "vhost", vcpu: undefined });
  for (const name of ["ALL CPUs/TCG", "IO mon_iothread", "worker", "CPU x/KVM", "XCPU 1/KVM", ""])
    assert.deepEqual(kind(name), emulator, name);
  assert.deepEqual(kind("CPU 1/KVM", `${SCOPE}/libvirt/emulator`), emulator);
  assert.deepEqual(kind("CPU 1/KVM", "/user.slice/vcpu5"), { role: "vcpu", vcpu: 1 });
});

test("a lasting sum never goes down", () => {
  const sum = new LastingSum();
  const update = (values: Record<string, number | bigint>) => {
    for (const [key, value] of Object.entries(values)) sum.see(key, value);
    return sum.sum();
  };
  assert.equal(update({ a: 5, b: 7 }), 12);
  assert.equal(update({ a: 6 }), 13);
  assert.equal(update({ a: 1, c: 2 }), 16);
  assert.equal(update({}), 16);
  assert.equal(update({ d: 9_007_199_254_740_993n }), 9_007_199_254_741_009n);
});

test("what may not be read is said once for each file", () => {
  const notices: string[] = [];
  const report = new RightsReport((text) => notices.push(text));
  for (let i = 0; i < 3; i++) for (const file of ["io", "fd", "numa_maps"] as const) report.denied(file);
  assert.equal(notices.length, 3);
  assert.match(
    notices[0] ?? "",
    /^Cannot read \/proc\/<pid>\/io of QEMU: .*libvirt\.domain\.process\.disk\.io .*CAP_/,
  );
});

test("that no process can be seen is said once, and only when none ever could", () => {
  const domains = [{ uuid: "u", name: "web1", id: 1 }];
  const process = new Map([["u", { pid: 1, startedAtNs: 0n }]]);
  const notices: string[] = [];
  const blind = new ProcessSight((text) => notices.push(text));
  for (let cycle = 0; cycle < 10; cycle++) blind.look(cycle % 2 === 0 ? domains : [], new Map());
  assert.equal(notices.length, 1);
  assert.match(notices[0] ?? "", /of 1 running domains: .*--pid=host/);
  const seeing = new ProcessSight(assert.fail);
  for (let cycle = 0; cycle < 10; cycle++) seeing.look(domains, cycle === 1 ? process : new Map());
});
