/** What `kvmeter once` says of real domains equals what `virsh domstats` prints, on both versions of libvirt. */
import assert from "node:assert/strict";
import { after, test, type TestContext } from "node:test";

import { DOMAIN_ROWS } from "../../src/metrics/definitions.ts";
import type { JsonPoint, JsonResource } from "../../src/metrics/json.ts";
import { selectRows } from "../../src/metrics/selection.ts";
import { compare } from "../domstats/compare.ts";
import {
  bootGuests,
  defineInactive,
  pausedDomains,
  qemuPid,
  type TestDomain,
  waitUntilBooted,
} from "./bed/guests.ts";
import { type Libvirtd, startHostLibvirtd, startNewerLibvirtd } from "./bed/libvirtd.ts";
import { run } from "./bed/processes.ts";
import { takeDownOwned } from "./bed/records.ts";
import { skipWithout } from "./bed/skip.ts";
import { readEverything, readOnce } from "./kvmeter.ts";
import { procStartMs, psStartMs } from "./process-start.ts";
import { type DomainSandwich, partOf, sandwich, steadySandwiches } from "./sandwich.ts";

after(takeDownOwned);

interface Domains {
  readonly guests: readonly TestDomain[];
  readonly paused: readonly TestDomain[];
  readonly inactive: TestDomain;
}

/** Two guests that work, an inactive domain, and twenty paused ones of six shapes. */
async function furnish(daemon: Libvirtd): Promise<Domains> {
  const guests = await bootGuests(daemon, 2);
  const paused: TestDomain[] = [];
  for (const devices of [0, 1, 12]) {
    for (const vcpus of [1, 16]) {
      const count = devices === 12 ? 2 : 4;
      paused.push(...(await pausedDomains(daemon, count, { disks: devices, nics: devices, vcpus })));
    }
  }
  paused.push(...(await pausedDomains(daemon, 1, { disks: 1, nics: 0, vcpus: 1, cdrom: true })));
  const inactive = await defineInactive(daemon);
  await waitUntilBooted(daemon, guests);
  return { guests, paused, inactive };
}

const namesOf = (domains: readonly TestDomain[]) => domains.map(({ name }) => name);

function point({ metrics }: JsonResource, metric: string, attributes: object = {}): JsonPoint | undefined {
  return metrics[`libvirt.domain.${metric}`]?.points.find((one) =>
    Object.entries(attributes).every(([name, value]) => one.attributes[name] === value),
  );
}

async function pausedEqual(daemon: Libvirtd, { paused }: Domains): Promise<void> {
  // Asking costs QEMU itself CPU time, even while its guest is paused.
  const steady = await steadySandwiches(daemon, namesOf(paused), /^cpu\./);
  for (const { name, kvmeter, before, after } of steady) {
    assert.deepEqual(compare(kvmeter, { before, after, rows: DOMAIN_ROWS }), [], name);
    const domain = paused.find((one) => one.name === name);
    assert.ok(domain);
    assert.equal(Number(before.fields.get("net.count") ?? 0), domain.macs.length);
    // An empty CD-ROM drive has a name but no figures.
    assert.equal(kvmeter.metrics["libvirt.domain.disk.limit"]?.points.length ?? 0, domain.disks.length);
    assert.equal(kvmeter.metrics["libvirt.domain.vcpu.time"]?.points.length, domain.vcpus);
  }
  assert.equal(steady.length, paused.length);
}

/** On real values, too, the comparison sees every single field that is off by one. */
function everyFieldCounts({ kvmeter, after: virsh }: DomainSandwich): void {
  const numbers = [...virsh.fields].filter(
    ([name, value]) =>
      /^\d+$/.test(value) &&
      /^(vcpu|balloon|net|block|iothread)\./.test(name) &&
      // The first bin starts at 0, which bounds nothing.
      !/count$|bin\.0\.start$|backingIndex|last-update|poll-(grow|shrink|weight)|interval$|\.state$/.test(
        name,
      ),
  );
  assert.ok(numbers.length > 20);
  const right = compare(kvmeter, { before: virsh, after: virsh, rows: DOMAIN_ROWS }).length;
  for (const [name, value] of numbers) {
    const fields = new Map(virsh.fields).set(name, String(BigInt(value) + 1n));
    const wrong = { ...virsh, fields };
    const found = compare(kvmeter, { before: wrong, after: wrong, rows: DOMAIN_ROWS }).length;
    assert.ok(found > right, `${name} off by one is not noticed`);
  }
}

async function runningBetween(daemon: Libvirtd, domains: Domains): Promise<void> {
  const taken = await sandwich(daemon, () => readEverything(daemon));
  for (const guest of domains.guests) {
    const { kvmeter, before, after } = partOf(taken, guest.name);
    const differences = compare(kvmeter, { before, after, rows: DOMAIN_ROWS, gaugesAreFree: true });
    assert.deepEqual(differences, [], guest.name);
    plausible(kvmeter, guest);
  }
  await latenciesPlausible(daemon, domains);
}

/** What is derived has no field to be compared with. */
function plausible(kvmeter: JsonResource, guest: TestDomain): void {
  const number = (metric: string, attributes?: object): number => {
    const value = point(kvmeter, metric, attributes)?.value;
    assert.ok(typeof value === "number", `${guest.name} has no ${metric}`);
    return value;
  };
  const between = (metric: string, low: number, high: number): void => {
    const value = number(metric);
    assert.ok(low < value && value < high, `${guest.name}: ${metric} is ${value}`);
  };
  between("cpu.utilization", 0, 2);
  between("memory.guest.utilization", 0, 1);
  // The guest's driver tells every two seconds, and libvirt counts in whole ones.
  between("memory.stats.age", -0.001, 10);
  between("memory.guest.usage", 1024 * 1024, 128 * 1024 * 1024);
  between("uptime", 1, 600);
}

/** A guest works about once a second: the second between kvmeter's two readings may be one without an operation. */
async function latenciesPlausible(daemon: Libvirtd, { guests }: Domains): Promise<void> {
  const waiting = new Set(guests.map(({ name }) => name));
  for (let attempt = 1; attempt <= 8 && waiting.size > 0; attempt++) {
    const all = await readOnce(daemon);
    for (const name of waiting) {
      const points = all.get(name)?.metrics["libvirt.domain.disk.latency"]?.points ?? [];
      for (const { value } of points)
        assert.ok(0 < Number(value) && Number(value) < 5, `${name}: ${Number(value)} s`);
      if (points.length > 0) waiting.delete(name);
    }
  }
  assert.deepEqual([...waiting], [], "no latency in any of the readings");
}

/** Suspended, a guest that has worked stands still and is compared exactly, its derived values too. */
async function suspendedEqual(daemon: Libvirtd, { guests }: Domains, t: TestContext): Promise<void> {
  for (const guest of guests) await daemon.virsh(["suspend", guest.uuid]);
  t.after(async () => {
    for (const guest of guests) await daemon.virsh(["resume", guest.uuid]);
  });
  // A mean over the time since the interval began falls as time goes by.
  const steady = await steadySandwiches(daemon, namesOf(guests), /^cpu\.|_queue_depth_avg$/);
  for (const { name, kvmeter, before, after } of steady) {
    assert.deepEqual(compare(kvmeter, { before, after, rows: DOMAIN_ROWS }), [], name);
    const field = (name: string) => Number(after.fields.get(`balloon.${name}`));
    assert.equal(point(kvmeter, "memory.guest.usage")?.value, (field("available") - field("unused")) * 1024);
    const utilization = 1 - field("usable") / field("available");
    assert.equal(point(kvmeter, "memory.guest.utilization")?.value, utilization);
    const age = point(kvmeter, "memory.stats.age");
    assert.equal(
      age?.value,
      Number(BigInt(age?.time ?? 0) / 1_000_000n - BigInt(field("last-update")) * 1000n) / 1000,
    );
    assert.equal(point(kvmeter, "disk.latency"), undefined);
  }
  const [guest] = steady;
  assert.ok(guest);
  everyFieldCounts(guest);
  if (daemon.version.startsWith("9.")) return;
  const { kvmeter } = guest;
  const histogram = point(kvmeter, "disk.operation.duration", { "libvirt.disk.operation": "write" });
  assert.ok(typeof histogram?.value === "object" && Number(histogram.value.count) > 0);
  assert.deepEqual(histogram.value.bounds, [0.000_01, 0.000_1, 0.001]);
  assert.equal(
    histogram.value.sum,
    point(kvmeter, "disk.operation_time", { "disk.io.direction": "write" })?.value,
  );
  const longest = {
    "libvirt.disk.operation": "write",
    "libvirt.statistic": "max",
    "libvirt.interval": "10s",
  };
  assert.ok(Number(point(kvmeter, "disk.interval.latency", longest)?.value) > 0);
}

/** Every sum's start is its QEMU process's, by the kernel and by ps. */
async function startsEqual(daemon: Libvirtd, { guests, paused }: Domains): Promise<void> {
  const all = await readOnce(daemon);
  for (const domain of [...guests, ...paused]) {
    const kvmeter = all.get(domain.name);
    assert.ok(kvmeter, domain.name);
    const pid = await qemuPid(daemon, domain);
    const [fromProc, fromPs] = [await procStartMs(pid), await psStartMs(pid)];
    const counters = Object.entries(kvmeter.metrics).filter(
      ([, { kind }]) => kind === "counter" || kind === "histogram",
    );
    assert.ok(counters.length > 0);
    for (const [name, { points }] of counters) {
      for (const { start, time } of points) {
        const startMs = Number(BigInt(start ?? 0) / 1_000_000n);
        assert.ok(
          Math.abs(startMs - fromProc) < 1000,
          `${domain.name} ${name}: ${startMs}, /proc ${fromProc}`,
        );
        assert.ok(Math.abs(Math.floor(startMs / 1000) * 1000 - fromPs) <= 1000, `${startMs}, ps ${fromPs}`);
        assert.ok(Math.abs(Number(BigInt(time) / 1_000_000n) - Date.now()) < 30_000);
      }
    }
    const uptime = point(kvmeter, "uptime");
    const startNs = BigInt(kvmeter.metrics["libvirt.domain.cpu.time"]?.points[0]?.start ?? 0);
    assert.ok(Math.abs(Number(uptime?.value) - Number(BigInt(uptime?.time ?? 0) - startNs) / 1e9) < 1e-6);
  }
}

async function resourcesFit(daemon: Libvirtd, { guests, paused, inactive }: Domains): Promise<void> {
  const all = await readOnce(daemon);
  const hostName = (await daemon.virsh(["hostname"])).trim();
  const hostId = (await run("cat", ["/etc/machine-id"])).trim();
  const ofDomains = [...all.values()].filter(({ resource }) => "libvirt.domain.uuid" in resource);
  assert.equal(ofDomains.length, guests.length + paused.length + 1);
  for (const domain of [...guests, ...paused, inactive]) {
    const { name, uuid } = domain;
    const owner = {
      "openstack.instance.name": `${name} (display name)`,
      "openstack.project.id": "6f70656e737461636b70726f6a656374",
      "openstack.project.name": "demo-project",
      "openstack.user.id": "0c1d7b1f5a2e4c6b8d9e0f1a2b3c4d5e",
      "openstack.flavor.name": "m1.tiny",
    };
    assert.deepEqual(all.get(name)?.resource, {
      "host.name": hostName,
      "host.id": hostId,
      ...(domain.openstack ? owner : {}),
      "service.name": "kvmeter",
      "service.instance.id": uuid,
      "libvirt.domain.uuid": uuid,
      "libvirt.domain.name": name,
    });
  }
}

/** Without a configuration only what is on by default is there; of an inactive domain only what is true of it. */
async function defaultsFit(daemon: Libvirtd, { paused, inactive }: Domains): Promise<void> {
  const rows = selectRows(DOMAIN_ROWS);
  const taken = await sandwich(daemon, () => readOnce(daemon));
  for (const name of namesOf(paused)) {
    const { kvmeter, before, after } = partOf(taken, name);
    assert.deepEqual(compare(kvmeter, { before, after, rows }), [], name);
  }
  const { kvmeter, before } = partOf(taken, inactive.name);
  const fields = new Map([...before.fields].filter(([name]) => name.startsWith("state.")));
  const stateOnly = { ...before, fields };
  assert.deepEqual(compare(kvmeter, { before: stateOnly, after: stateOnly, rows }), []);
  assert.equal(point(kvmeter, "status", { "libvirt.domain.state": "shutoff" })?.value, 1);
}

async function equality(t: TestContext, start: () => Promise<Libvirtd>): Promise<void> {
  const daemon = await start();
  t.after(() => daemon.stop());
  const begun = Date.now();
  const domains = await furnish(daemon);
  t.diagnostic(`libvirt ${daemon.version}: all domains are up after ${Date.now() - begun} ms`);
  await t.test("paused domains: every field is equal", () => pausedEqual(daemon, domains));
  await t.test("guests that work: counters lie between", () => runningBetween(daemon, domains));
  await t.test("guests that are suspended: every field is equal", (st) =>
    suspendedEqual(daemon, domains, st),
  );
  await t.test("sums start when their QEMU process did", () => startsEqual(daemon, domains));
  await t.test("resources say whose the values are", () => resourcesFit(daemon, domains));
  await t.test("the metrics that are on by default, and inactive domains", () =>
    defaultsFit(daemon, domains),
  );
}

test(
  "kvmeter equals virsh domstats, libvirt of this Debian",
  { skip: await skipWithout("libvirtd", "guests"), timeout: 180_000 },
  (t) => equality(t, startHostLibvirtd),
);

test(
  "kvmeter equals virsh domstats, libvirt 12",
  { skip: await skipWithout("newer-libvirtd", "guests"), timeout: 180_000 },
  (t) => equality(t, startNewerLibvirtd),
);
