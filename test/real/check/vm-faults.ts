/** What VMs lack, all of them at once, and each mended as the check says. */
import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { defineGuest, qemuPid } from "../bed/guests.ts";
import { bootDirectory, imageDirectory } from "../bed/libvirtd-flavours.ts";
import type { Libvirtd } from "../bed/libvirtd.ts";
import { run, waitFor } from "../bed/processes.ts";
import { domstats } from "../bed/virsh.ts";
import { readOnlyUri } from "../kvmeter.ts";
import { assertGone, check, follow } from "./run-check.ts";

const CHANNEL = "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>";
const TOLD = "<memballoon model='virtio'><stats period='2'/></memballoon>";
const VHOST_SOCKET = "/run/kvmeter-bed/vhost.sock";
const SHARED = "<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>";

interface Vm {
  readonly devices: string;
  readonly isBooted?: boolean;
  readonly more?: string;
}

const boot = `<kernel>${join(bootDirectory, "vmlinuz")}</kernel><initrd>${join(bootDirectory, "initrd.gz")}</initrd><cmdline>quiet rdinit=/init</cmdline>`;

function xmlOf(name: string, { devices, isBooted = false, more = "" }: Vm): string {
  return `<domain type='qemu'><name>${name}</name><memory unit='MiB'>${isBooted ? 128 : 16}</memory>${more}
<vcpu>1</vcpu><os><type arch='x86_64' machine='pc'>hvm</type>${isBooted ? boot : ""}</os><features><acpi/></features>
<devices><controller type='usb' model='none'/>${devices}</devices></domain>`;
}

async function create(
  { virsh, root }: Libvirtd,
  name: string,
  { isPaused, ...vm }: Vm & { isPaused: boolean },
) {
  const file = join(root, imageDirectory, `${name}.xml`);
  await mkdir(join(root, imageDirectory), { recursive: true });
  await writeFile(file, xmlOf(name, vm));
  await virsh(["create", file, ...(isPaused ? ["--paused"] : [])]);
}

async function createAnew(daemon: Libvirtd, name: string, vm: Vm & { isPaused: boolean }): Promise<void> {
  await daemon.virsh(["destroy", name]);
  await create(daemon, name, vm);
}

/** Serves a disk past QEMU; gives how to end that. */
async function serveVhost(): Promise<() => Promise<void>> {
  const [disk, pidFile] = [join(imageDirectory, "vhost.raw"), `${VHOST_SOCKET}.pid`];
  await run("/usr/bin/qemu-img", ["create", "-q", "-f", "raw", disk, "1M"]);
  await run("/usr/bin/qemu-storage-daemon", [
    "--daemonize",
    `--pidfile=${pidFile}`,
    `--blockdev=file,node-name=disk,filename=${disk}`,
    `--export=vhost-user-blk,id=export,node-name=disk,addr.type=unix,addr.path=${VHOST_SOCKET},writable=on`,
  ]);
  await run("/usr/bin/chmod", ["666", VHOST_SOCKET]);
  const pid = Number(await readFile(pidFile, "utf8"));
  return async () => void process.kill(pid);
}

/** How long a guest without a driver is given to boot before anything is said of it, and a second. */
const GRACE_MS = 31_000;

/** Plants such a guest, long before it is looked at. Gives when it can be. */
export async function plantDriverless(daemon: Libvirtd): Promise<number> {
  await create(daemon, "without-driver", { devices: TOLD, isPaused: false });
  return performance.now() + GRACE_MS;
}

/** All others, which need not run. */
async function plantPaused(t: TestContext, daemon: Libvirtd): Promise<void> {
  // Its kernel is there for the others then.
  await defineGuest(daemon);
  t.after(await serveVhost());
  const source = `<source type='unix' path='${VHOST_SOCKET}'/>`;
  const vhost = `<disk type='vhostuser' device='disk'><driver name='qemu' type='raw'/>${source}<target dev='vda' bus='virtio'/></disk>`;
  const vms: Readonly<Record<string, Vm>> = {
    stopped: { devices: TOLD },
    "without-balloon": { devices: "<memballoon model='none'/>" },
    "without-period": { devices: "<memballoon model='virtio'/>", isBooted: true },
    "without-agent": { devices: CHANNEL + TOLD },
    "without-statistics": { devices: vhost + TOLD, more: SHARED },
  };
  for (const [name, vm] of Object.entries(vms)) await create(daemon, name, { ...vm, isPaused: true });
}

const METRICS = { enable: ["libvirt.domain.disk.constraint", "libvirt.domain.vcpu.kvm.events"] };

/** Plants, finds all of it, and follows each mend. */
export async function vmFaults(t: TestContext, daemon: Libvirtd, notBeforeMs: number): Promise<void> {
  await plantPaused(t, daemon);
  await sleep(Math.max(0, notBeforeMs - performance.now()));
  const configuration = { libvirt: [{ uri: readOnlyUri(daemon) }] };
  const stopped = await qemuPid(daemon, { name: "stopped" });
  process.kill(stopped, "SIGSTOP");
  const { code, find } = await check({ configuration: { ...configuration, metrics: METRICS } });
  assert.equal(code, 1);

  await t.test("a VM that is stopped", async () => {
    assert.match(find("libvirt-reading")?.says ?? "", /QEMU is stopped; send it SIGCONT/);
    process.kill(stopped, "SIGCONT");
  });
  await t.test("no balloon device", async () => {
    const device = /<memballoon.*<\/memballoon>/.exec(find("vm-balloon", "without-balloon")?.mend ?? "")?.[0];
    await createAnew(daemon, "without-balloon", { devices: device ?? "", isPaused: true });
  });
  await t.test("a balloon without a period", async () => {
    await follow(find("vm-balloon-period", "without-period")?.mend);
    await daemon.virsh(["resume", "without-period"]);
  });
  await t.test("a guest without the driver", async () => {
    assert.match(find("vm-balloon-driver", "without-driver")?.mend ?? "", /modprobe virtio_balloon/);
    // The bed's own guest loads it.
    await createAnew(daemon, "without-driver", { devices: TOLD, isBooted: true, isPaused: false });
  });
  await t.test("a channel without an agent", async () => {
    const mend = find("vm-guest-agent", "without-agent")?.mend ?? "";
    await follow(/virsh .* detach-device-alias \S+ \S+ --live/.exec(mend)?.[0]);
  });
  await t.test("a disk without statistics", async () => {
    const { says, mend = "" } = find("vm-disk-statistics", "without-statistics") ?? {};
    assert.match(says ?? "", /^disk vda has no statistics: its I\/O goes past QEMU/);
    assert.match(mend, /of type file/);
    const file = join(imageDirectory, "plain.raw");
    await run("/usr/bin/qemu-img", ["create", "-q", "-f", "raw", file, "1M"]);
    const disk = `<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='${file}'/><target dev='vda' bus='virtio'/></disk>`;
    await createAnew(daemon, "without-statistics", { devices: disk + TOLD, isPaused: true });
  });
  await t.test("metrics that this libvirt and these VMs cannot have", () => {
    assert.match(
      find("libvirt-too-old")?.mend ?? "",
      /11\.10\.0 or newer, or take libvirt\.domain\.disk\.constraint out/,
    );
    assert.match(
      find("vm-kvm-statistics")?.mend ?? "",
      /or take libvirt\.domain\.\*\.kvm\.\* out of metrics\.enable$/,
    );
  });

  const guests = ["without-period", "without-driver"];
  await waitFor(
    async () => {
      const told = await domstats(daemon.virsh, { domains: guests, groups: ["balloon"] });
      return guests.every((name) => Number(told.get(name)?.get("balloon.last-update") ?? 0) > 0);
    },
    { what: "the guests' balloon drivers to tell", timeoutMs: 60_000, everyMs: 250 },
  );
  const mended = await check({ configuration });
  const ids = [
    "vm-balloon",
    "vm-balloon-period",
    "vm-guest-agent",
    "vm-disk-statistics",
    "vm-kvm-statistics",
  ];
  assertGone(mended, "libvirt-reading", "libvirt-too-old", ...ids);
  for (const name of guests) assert.equal(mended.find("vm-balloon-driver", name), undefined, name);
}
