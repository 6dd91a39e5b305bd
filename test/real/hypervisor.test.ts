/** What a real libvirtd has beside its domains, and a domain whose disk is full, against what virsh prints. */
import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { after, test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { systemClock } from "../../src/clock.ts";
import { DomainMeter } from "../../src/metrics/domain-meter.ts";
import type { DomainReading } from "../../src/readings/domain.ts";
import { HypervisorSource } from "../../src/readings/hypervisor-source.ts";
import type { InventoryPart, InventoryReading } from "../../src/readings/inventory.ts";
import { TestPoints } from "../metrics/readings.ts";
import { bootGuests } from "./bed/guests.ts";
import { imageDirectory } from "./bed/libvirtd-flavours.ts";
import { type Libvirtd, startHostLibvirtd } from "./bed/libvirtd.ts";
import { run, waitFor } from "./bed/processes.ts";
import { takeDownOwned } from "./bed/records.ts";
import { skipWithout } from "./bed/skip.ts";
import type { Virsh } from "./bed/virsh.ts";

after(takeDownOwned);

const never = new AbortController().signal;
const EVERYTHING: ReadonlySet<InventoryPart> = new Set(["node", "pools", "networks", "leases"]);
const BRIDGE = "kvmtest0";
const POOL_DIRECTORY = "/var/lib/libvirt/images/kvmeter-pool";
const NAMES = ["kvmeter-on", "kvmeter-off"];
const MIB = 2 ** 20;

function open(t: TestContext, uri: string): HypervisorSource {
  const source = new HypervisorSource({
    uri,
    timeoutMs: 5000,
    groups: new Set(["state", "cpu", "block", "disk-error"]),
    wanted: () => true,
    clock: systemClock,
    inventory: { parts: EVERYTHING, intervalMs: 1 },
  });
  t.after(() => source.close());
  return source;
}

/** A round that began after this call. */
async function inventoryOf(source: HypervisorSource): Promise<InventoryReading> {
  await source.read(never);
  let found: InventoryReading | undefined;
  for (let left = 2; left > 0; await sleep(20)) {
    const { inventory, problems } = await source.read(never);
    assert.deepEqual(problems, []);
    if (inventory === undefined) continue;
    found = inventory;
    left -= 1;
  }
  return found ?? assert.fail();
}

function byName([a]: readonly [string, boolean], [b]: readonly [string, boolean]): number {
  return a < b ? -1 : 1;
}

/** `name: value` lines of virsh. */
function fieldsOf(text: string): Map<string, string> {
  return new Map(
    text.split("\n").flatMap((line) => {
      const [, name, value] = /^([^:]+):\s+(.*)$/.exec(line) ?? [];
      return name === undefined || value === undefined ? [] : [[name, value] as const];
    }),
  );
}

/** The names and states in `virsh pool-list --all` or `net-list --all`. */
async function listed(virsh: Virsh, command: string): Promise<[string, boolean][]> {
  const lines = (await virsh([command, "--all"])).split("\n").slice(2);
  return lines
    .map((line) => line.trim().split(/\s+/))
    .flatMap(([name = "", state]): [string, boolean][] => (name === "" ? [] : [[name, state === "active"]]))
    .toSorted(byName);
}

async function assertPools(virsh: Virsh, { pools, lacksPools }: InventoryReading): Promise<void> {
  assert.equal(lacksPools, false);
  assert.deepEqual(
    (pools ?? []).map(({ name, state }): [string, boolean] => [name, state === 2]).toSorted(byName),
    await listed(virsh, "pool-list"),
  );
  for (const { name, space } of pools ?? []) {
    const info = fieldsOf(await virsh(["pool-info", "--bytes", name]));
    const printed = ["Capacity", "Allocation", "Available"].map((field) => info.get(field));
    const read = [space?.capacityBytes, space?.allocationBytes, space?.availableBytes];
    assert.deepEqual(
      read.map((bytes) => (bytes === undefined ? undefined : String(bytes))),
      printed,
      name,
    );
  }
}

async function assertNetworks(virsh: Virsh, { networks }: InventoryReading): Promise<void> {
  assert.deepEqual(
    (networks ?? []).map(({ name, active }): [string, boolean] => [name, active]).toSorted(byName),
    await listed(virsh, "net-list"),
  );
}

/**
 * A libvirtd for which a folder is a small file system of its own, to which nobody else writes. It must be there first:
 * the daemon has a mount namespace.
 */
async function startWithSmall(t: TestContext, directory: string, size: string): Promise<Libvirtd> {
  await mkdir(directory, { recursive: true });
  await run("/usr/bin/mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", directory]);
  const unmount = () => run("/usr/bin/umount", ["--lazy", directory]);
  const daemon = await startHostLibvirtd().catch(async (error: unknown) => {
    await unmount();
    throw error;
  });
  t.after(async () => {
    // A network's bridge outlives the daemon.
    for (const name of NAMES) await daemon.virsh(["net-destroy", name]).catch(() => undefined);
    // What stops the daemon removes its folders, too.
    await unmount();
    await daemon.stop();
  });
  return daemon;
}

/** A directory pool that is on, and one that is off. */
async function makePools({ virsh }: Libvirtd): Promise<void> {
  await writeFile(`${POOL_DIRECTORY}/volume`, Buffer.alloc(5 * MIB));
  await virsh(["pool-create-as", "kvmeter-on", "dir", "--target", POOL_DIRECTORY]);
  await virsh(["pool-define-as", "kvmeter-off", "dir", "--target", `${POOL_DIRECTORY}-off`]);
}

/** A network that is on, with leases as its DHCP server would leave them, and one that is off. */
async function makeNetworks({ virsh }: Libvirtd): Promise<void> {
  const file = `${POOL_DIRECTORY}/network.xml`;
  for (const [index, name] of NAMES.entries()) {
    await writeFile(file, `<network><name>${name}</name><bridge name='${BRIDGE}${index}'/></network>`);
    await virsh(["net-define", file]);
  }
  await rm(file);
  await virsh(["net-start", "kvmeter-on"]);
  const nowS = Math.floor(Date.now() / 1000);
  const lease = (number: number, expiresInS: number) => ({
    "ip-address": `192.168.77.${number}`,
    "mac-address": `52:54:00:00:77:0${number}`,
    hostname: `vm-${number}`,
    "client-id": `ff:00:0${number}`,
    "expiry-time": nowS + expiresInS,
  });
  await mkdir("/var/lib/libvirt/dnsmasq", { recursive: true });
  const leases = JSON.stringify([lease(2, 3600), lease(3, 1800), lease(4, -60)]);
  await writeFile(`/var/lib/libvirt/dnsmasq/${BRIDGE}0.status`, leases);
}

test(
  "pools, networks and leases of a real libvirtd are what virsh prints",
  { skip: await skipWithout("libvirtd"), timeout: 120_000 },
  async (t) => {
    const daemon = await startWithSmall(t, POOL_DIRECTORY, "64m");
    const { virsh } = daemon;
    await makeNetworks(daemon);
    await makePools(daemon);
    const source = open(t, daemon.uri);
    const inventory = await inventoryOf(source);
    await assertPools(virsh, inventory);
    const pool = inventory.pools?.find(({ name }) => name === "kvmeter-on");
    assert.equal(pool?.space?.capacityBytes, 64 * MIB);
    assert.equal(pool.space.allocationBytes, 5 * MIB);
    await assertNetworks(virsh, inventory);
    const network = inventory.networks?.find(({ name }) => name === "kvmeter-on");
    const printed = await virsh(["net-dhcp-leases", "kvmeter-on"]);
    assert.equal(network?.leases, printed.match(/52:54:00/g)?.length);
    assert.equal(network?.leases, 2, "one of the three has expired");
    const node = fieldsOf(await virsh(["nodeinfo"]));
    assert.equal(String(inventory.node?.cpus), node.get("CPU(s)"));
    assert.equal(`${inventory.node?.memoryKiB} KiB`, node.get("Memory size"));

    await virsh(["pool-destroy", "kvmeter-on"]);
    await virsh(["net-destroy", "kvmeter-on"]);
    const later = await inventoryOf(source);
    // The pool was not defined, so that it is gone with its end.
    assert.deepEqual(
      later.pools?.map(({ name }) => name),
      ["kvmeter-off"],
    );
    assert.ok(later.networks?.every(({ active, leases }) => !active && leases === undefined));
    await virsh(["pool-undefine", "kvmeter-off"]);
    for (const name of NAMES) await virsh(["net-undefine", name]);
    assert.deepEqual((await inventoryOf(source)).pools, []);
  },
);

test(
  "a guest whose storage is full says so of its disk",
  { skip: await skipWithout("libvirtd", "guests"), timeout: 180_000 },
  async (t) => {
    const daemon = await startWithSmall(t, imageDirectory, "1m");
    const { virsh } = daemon;
    const [guest] = await bootGuests(daemon, 1);
    assert.ok(guest);
    await waitFor(
      async () => (await virsh(["domstate", "--reason", guest.uuid])).includes("paused (I/O error)"),
      { what: "the guest to be paused", timeoutMs: 120_000, everyMs: 500 },
    );
    const source = open(t, daemon.uri);
    const reading = await source.read(never);
    const domain = reading.domains.find(({ uuid }) => uuid === guest.uuid);
    const states = domain?.statistics.items.diskError?.map(({ path: [disk], values }) => [
      disk,
      values.state,
    ]);
    const printed = (await virsh(["domblkerror", guest.uuid])).trim();
    assert.equal(printed, "vda: no space");
    assert.deepEqual(states, [["vda", 2]]);
    const [points] = new DomainMeter().update(reading);
    assert.ok(points);
    assert.deepEqual(
      new TestPoints(points)
        .values("libvirt.domain.disk.status")
        .map(([attributes, value]) => [attributes["libvirt.disk.state"], value]),
      [
        ["ok", 0],
        ["unspecified", 0],
        ["no_space", 1],
      ],
    );

    // Room again, and the guest may go on.
    await run("/usr/bin/mount", ["-o", "remount,size=64m", imageDirectory]);
    await virsh(["resume", guest.uuid]);
    const { domains } = await source.read(never);
    const running = domains.find(({ uuid }): boolean => uuid === guest.uuid) as DomainReading;
    assert.deepEqual(running.statistics.items.diskError, []);
  },
);
