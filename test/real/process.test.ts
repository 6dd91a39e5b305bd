/**
 * What kvmeter reads of QEMU's processes and control groups equals what ps and a few lines of shell read, and what libvirt
 * says of CPU, vCPUs, resident memory and vNICs, to the digit. Works with control groups mounted or not, in whatever layout.
 */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { systemClock } from "../../src/clock.ts";
import { parseDomainXml } from "../../src/readings/domain-description.ts";
import { createProcessFinder } from "../../src/readings/domain-process.ts";
import type { LocalReading } from "../../src/readings/domain-processes.ts";
import { DomainProcesses } from "../../src/readings/domain-processes.ts";
import type { DomainStatistics } from "../../src/readings/statistics.ts";
import { domainXml } from "./bed/domain-xml.ts";
import { bootGuests, pausedDomains, qemuPid, type TestDomain, waitUntilBooted } from "./bed/guests.ts";
import { imageDirectory } from "./bed/libvirtd-flavours.ts";
import { type Libvirtd, startHostLibvirtd, startNewerLibvirtd } from "./bed/libvirtd.ts";
import { whyNoKvm } from "./bed/parts.ts";
import { takeDownOwned } from "./bed/records.ts";
import { shellFacts } from "./bed/shell-facts.ts";
import { skipWithout } from "./bed/skip.ts";
import { domstats } from "./bed/virsh.ts";

after(takeDownOwned);

const hasKvm = (await whyNoKvm()) === undefined;
const ROUNDS = 20;
const BRIDGE = "kvmtest8";
const READERS = { process: true, threads: true, cgroup: true, numa: true, disks: true, likeLibvirt: true };

interface Local {
  readonly daemon: Libvirtd;
  readonly domains: readonly TestDomain[];
  /** One reading of all domains, by uuid. */
  readonly read: () => Promise<ReadonlyMap<string, LocalReading>>;
}

async function locally(daemon: Libvirtd, domains: readonly TestDomain[]): Promise<Local> {
  const finder = createProcessFinder({ runDirectory: daemon.runDirectory });
  const ids = (await daemon.virsh(["list", "--id"])).trim().split(/\s+/).map(Number);
  const uuids = await Promise.all(
    ids.map(async (id) => (await daemon.virsh(["domuuid", String(id)])).trim()),
  );
  const refs = domains.map(({ uuid, name }) => ({ uuid, name, id: ids[uuids.indexOf(uuid)] ?? -1 }));
  const found = await finder.find(refs);
  assert.equal(found.size, domains.length);
  const processes = new DomainProcesses({
    readers: READERS,
    numaIntervalMs: 1,
    clock: systemClock,
    onNotice: (text) => assert.fail(text),
  });
  const running = await Promise.all(
    Array.from(found, async ([uuid, process]) => {
      const { nics } = parseDomainXml(await daemon.virsh(["dumpxml", uuid]));
      return { uuid, process, description: undefined, nics };
    }),
  );
  return { daemon, domains, read: () => processes.read(running) };
}

/** Plugs in every kind of vNIC that is a tap, beside those of the type ethernet that all domains have. */
async function plugNics({ virsh, root }: Libvirtd, { uuid }: TestDomain): Promise<void> {
  const file = join(root, imageDirectory, `${uuid}-nic.xml`);
  for (const [type, source] of [
    ["bridge", `bridge='${BRIDGE}'`],
    ["network", `network='${BRIDGE}'`],
  ]) {
    await writeFile(file, `<interface type='${type}'><source ${source}/><model type='virtio'/></interface>`);
    await virsh(["attach-device", uuid, file, "--live"]);
  }
}

/** Works with a bridge, which is that of a network of the same name. */
async function withBridge({ virsh, root }: Libvirtd, work: () => Promise<void>): Promise<void> {
  const file = join(root, imageDirectory, "network.xml");
  await mkdir(join(root, imageDirectory), { recursive: true });
  await writeFile(file, `<network><name>${BRIDGE}</name><bridge name='${BRIDGE}'/></network>`);
  await virsh(["net-create", file]);
  try {
    await work();
  } finally {
    await virsh(["net-destroy", BRIDGE]);
  }
}

/** libvirt's names of the fields that likeLibvirt has. */
function named({ items }: Pick<DomainStatistics, "items">): Map<string, string> {
  const fields = new Map<string, string>();
  const put = (name: string, value: string | number | bigint | undefined) =>
    value !== undefined && fields.set(name, value.toString());
  const [cpu, balloon] = [items.cpu?.[0]?.values, items.balloon?.[0]?.values];
  put("cpu.time", cpu?.timeNs);
  put("cpu.user", cpu?.userNs);
  put("cpu.system", cpu?.systemNs);
  put("balloon.rss", balloon?.rssKiB);
  put("vcpu.current", items.vcpuCount?.[0]?.values.current);
  for (const { path, values } of items.vcpu ?? []) {
    put(`vcpu.${path[0]}.state`, values.state);
    put(`vcpu.${path[0]}.time`, values.timeNs);
    put(`vcpu.${path[0]}.wait`, values.waitNs);
    put(`vcpu.${path[0]}.delay`, values.delayNs);
  }
  put("net.count", items.nicCount?.[0]?.values.nics);
  for (const { path, values } of items.nic ?? []) {
    put(`net.${path[0]}.name`, values.name);
    put(`net.${path[0]}.rx.bytes`, values.receivedBytes);
    put(`net.${path[0]}.rx.pkts`, values.receivedPackets);
    put(`net.${path[0]}.rx.errs`, values.receiveErrors);
    put(`net.${path[0]}.rx.drop`, values.receiveDrops);
    put(`net.${path[0]}.tx.bytes`, values.transmittedBytes);
    put(`net.${path[0]}.tx.pkts`, values.transmittedPackets);
    put(`net.${path[0]}.tx.errs`, values.transmitErrors);
    put(`net.${path[0]}.tx.drop`, values.transmitDrops);
  }
  return fields;
}

/**
 * Every field equals what virsh says right after, in a moment in which nothing ran in between. Only a KVM domain's delays
 * cannot: libvirt asks KVM for its statistics first, which wakes the vCPUs' threads, and these then wait for a CPU.
 */
async function equalsLibvirt(t: TestContext, { daemon, domains, read }: Local): Promise<void> {
  const groups = ["cpu-total", "vcpu", "balloon", "interface"];
  let packets = 0;
  for (const { name, uuid, vcpus } of domains) {
    let differences: string[] = [];
    let ours = new Map<string, string>();
    for (let round = 0; round < ROUNDS; round++) {
      await sleep(50 * round);
      const before = (await domstats(daemon.virsh, { domains: [uuid], groups })).get(name);
      const { likeLibvirt } = (await read()).get(uuid) ?? {};
      assert.ok(likeLibvirt);
      const theirs = (await domstats(daemon.virsh, { domains: [uuid], groups })).get(name);
      const parts = [likeLibvirt.cpu, likeLibvirt.vcpu, likeLibvirt.rss, likeLibvirt.nics];
      ours = named({
        items: Object.assign({}, ...parts.map((part) => part?.items)) as DomainStatistics["items"],
      });
      const isWoken = [...(theirs?.keys() ?? [])].some((field) => field.endsWith(".exits.sum"));
      const isEqual = (field: string, value: string) =>
        isWoken && field.endsWith(".delay")
          ? Number(before?.get(field)) <= Number(value) && Number(value) <= Number(theirs?.get(field))
          : theirs?.get(field) === value;
      differences = [...ours].flatMap(([field, value]) =>
        isEqual(field, value) ? [] : [`${field}: ${value}, virsh has ${theirs?.get(field)}`],
      );
      // Of vNICs the kernel has told all that libvirt tells.
      for (const [field] of theirs ?? []) {
        if (field.startsWith("net.") && !ours.has(field)) differences.push(`${field}: only virsh has it`);
      }
      if (differences.length === 0) break;
    }
    assert.deepEqual(differences, [], name);
    assert.equal(ours.size, 3 + 1 + 1 + 4 * vcpus + 1 + 9 * Number(ours.get("net.count")), name);
    for (const [field, value] of ours) if (field.endsWith(".rx.pkts")) packets += Number(value);
    t.diagnostic(`${name}: ${[...ours].map((field) => field.join("=")).join(" ")}`);
  }
  assert.ok(packets > 0, "what guests receive can be told from what they send");
}

/** The fields of a reading that the shell reads as well. */
function flat({ items }: DomainStatistics): Map<string, number> {
  const cgroup = items.cgroup?.[0]?.values;
  const pressureNs = cgroup?.cpuSomeNs;
  const fields: Record<string, unknown> = {
    ...items.process?.[0]?.values,
    vcpuWaitNs: items.processThread?.find(({ path }) => path[0] === "vcpu")?.values.waitNs,
    cgroupUserNs: cgroup?.userNs,
    cgroupSystemNs: cgroup?.systemNs,
    cgroupUsedBytes: cgroup?.usedBytes,
    cpuSomeUs: pressureNs === undefined ? undefined : Number(pressureNs) / 1000,
    ...Object.fromEntries(
      (items.processNode ?? []).map(({ path, values }) => [`numaN${path[0]}`, values.usedBytes]),
    ),
  };
  return new Map(
    Object.entries(fields).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Number(value)] as const],
    ),
  );
}

/** Every field equals what the shell reads, or lies between its reading before and the one after. */
async function equalsShell(t: TestContext, { daemon, domains, read }: Local): Promise<void> {
  await read();
  for (const domain of domains) {
    const pid = await qemuPid(daemon, domain);
    const wrong = new Map<string, string>();
    let compared = new Set<string>();
    let isRight = false;
    // Memory goes up and down while a guest works: then one of several rounds will do.
    for (let round = 0; round < ROUNDS && !isRight; round++) {
      wrong.clear();
      const before = await shellFacts(pid);
      await read();
      await sleep(20);
      const statistics = (await read()).get(domain.uuid)?.statistics;
      const after = await shellFacts(pid);
      assert.ok(statistics);
      const ours = flat(statistics);
      compared = new Set(before.keys());
      for (const [field, from] of before) {
        const to = after.get(field) ?? Number.NaN;
        const value = ours.get(field) ?? Number.NaN;
        if (!(Math.min(from, to) <= value && value <= Math.max(from, to)))
          wrong.set(field, `${value} is not between ${from} and ${to}`);
      }
      isRight = wrong.size === 0;
    }
    assert.deepEqual([...wrong], [], domain.name);
    assert.ok(compared.size >= 16, [...compared].join(" "));
    t.diagnostic(`${domain.name}: ${compared.size} fields: ${[...compared].join(" ")}`);
  }
}

/** Domains whose names are easily mixed up are joined with their own processes. */
async function joins(daemon: Libvirtd): Promise<void> {
  const names = ["web1", "web10", "web-1", "web 1", "a,b", 'it\'s "x" & <y>', "größe-雲", "n".repeat(200)];
  const made: TestDomain[] = [];
  for (const name of names) {
    const spec = { name, uuid: randomUUID(), memoryMib: 16, vcpus: 1, disks: [], nics: [] };
    const file = join(imageDirectory, `${spec.uuid}.xml`);
    await mkdir(join(daemon.root, imageDirectory), { recursive: true });
    await writeFile(join(daemon.root, file), domainXml(spec));
    await daemon.virsh(["create", join(daemon.root, file), "--paused"]);
    made.push({ ...spec, disks: [], macs: [], openstack: false });
  }
  const refs = made.map(({ uuid, name }, id) => ({ uuid, name, id }));
  const byPidFile = await createProcessFinder({ runDirectory: daemon.runDirectory }).find(refs);
  const byScan = await createProcessFinder({ runDirectory: "/nonexistent" }).find(refs);
  for (const domain of made) {
    const pid = await qemuPid(daemon, domain);
    assert.equal(byPidFile.get(domain.uuid)?.pid, pid, domain.name);
    assert.equal(byScan.get(domain.uuid)?.pid, pid, domain.name);
  }
  assert.equal(new Set(Array.from(byScan.values(), ({ pid }) => pid)).size, names.length);
  for (const { uuid } of made) await daemon.virsh(["destroy", uuid]);
}

async function compareAll(t: TestContext, daemon: Libvirtd, { hasBridge = false } = {}): Promise<void> {
  const paused = [
    ...(await pausedDomains(daemon, 2, { disks: 1, nics: 1, vcpus: 2 })),
    ...(await pausedDomains(daemon, 1, { disks: 0, nics: 0, vcpus: 5 })),
    ...(hasKvm ? await pausedDomains(daemon, 1, { disks: 1, nics: 0, vcpus: 3, kvm: true }) : []),
  ];
  const working = await bootGuests(daemon, 1);
  await waitUntilBooted(daemon, working);
  if (hasBridge) for (const guest of working) await plugNics(daemon, guest);
  const local = await locally(daemon, [...paused, ...working]);
  const [first] = (await local.read()).values();
  const groups =
    first?.statistics.items.cgroup === undefined ? "without control groups" : "with control groups";
  t.diagnostic(`libvirt ${daemon.version}, ${groups}`);
  await t.test("rows equal what ps and the shell read", (st) => equalsShell(st, local));
  for (const { uuid } of working) await daemon.virsh(["suspend", uuid]);
  await t.test("CPU, vCPUs, resident memory and vNICs equal virsh domstats to the digit", (st) =>
    equalsLibvirt(st, local),
  );
  await t.test("names that are easily mixed up", () => joins(daemon));
}

test(
  "processes of libvirt of this Debian",
  { skip: await skipWithout("libvirtd", "guests"), timeout: 240_000 },
  async (t) => {
    const daemon = await startHostLibvirtd({ kvm: hasKvm });
    t.after(() => daemon.stop());
    await withBridge(daemon, () => compareAll(t, daemon, { hasBridge: true }));
  },
);

test(
  "processes of libvirt 12",
  { skip: await skipWithout("newer-libvirtd", "guests"), timeout: 240_000 },
  async (t) => {
    const daemon = await startNewerLibvirtd({ kvm: hasKvm });
    t.after(() => daemon.stop());
    // It comes without the driver of networks, and nothing else here makes a bridge.
    await compareAll(t, daemon);
  },
);
