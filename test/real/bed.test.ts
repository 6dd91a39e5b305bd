import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, test } from "node:test";

import { type Collector, startCollector } from "./bed/collector.ts";
import {
  bootGuests,
  defineInactive,
  destroyDomain,
  pausedDomains,
  qemuPid,
  type TestDomain,
  waitUntilBooted,
} from "./bed/guests.ts";
import { type Libvirtd, startHostLibvirtd, startNewerLibvirtd } from "./bed/libvirtd.ts";
import { isAlive, nameProcess, run, waitFor } from "./bed/processes.ts";
import { takeDownOwned } from "./bed/records.ts";
import { skipWithout } from "./bed/skip.ts";
import { startVictoriaMetrics } from "./bed/victoriametrics.ts";
import { domstats } from "./bed/virsh.ts";

after(takeDownOwned);

async function fieldsOf(daemon: Libvirtd, domain: TestDomain): Promise<Map<string, string>> {
  const fields = (await domstats(daemon.virsh, { domains: [domain.uuid] })).get(domain.name);
  assert.ok(fields, `no statistics of ${domain.name}`);
  return fields;
}

async function assertWorks(daemon: Libvirtd, guest: TestDomain): Promise<void> {
  const before = await fieldsOf(daemon, guest);
  const growing = [
    "cpu.time",
    "balloon.last-update",
    "block.0.wr.reqs",
    "block.0.rd.reqs",
    "block.0.fl.reqs",
    "net.0.tx.pkts",
    "net.0.rx.pkts",
  ];
  await waitFor(
    async () => {
      const now = await fieldsOf(daemon, guest);
      return growing.every((field) => BigInt(now.get(field) ?? 0) > BigInt(before.get(field) ?? 0));
    },
    { what: `all of ${growing.join(", ")} of ${guest.name} to grow`, timeoutMs: 30_000 },
  );
  assert.ok(Number(before.get("balloon.available")) > 0, "the balloon driver tells the guest's memory");
}

test(
  "libvirtd of this Debian: guests work, paused domains have their shapes",
  { skip: await skipWithout("libvirtd", "guests"), timeout: 180_000 },
  async (t) => {
    const daemon = await startHostLibvirtd();
    t.after(() => daemon.stop());
    assert.match(daemon.version, /^9\./);
    assert.ok(existsSync(daemon.readOnlySocketPath));

    const began = Date.now();
    const guests = await bootGuests(daemon, 2);
    const shapes = [0, 1, 12].flatMap((devices) =>
      [1, 16].map((vcpus) => ({ disks: devices, nics: devices, vcpus })),
    );
    const paused: TestDomain[] = [];
    for (const shape of shapes)
      paused.push(...(await pausedDomains(daemon, shape.disks === 12 ? 2 : 4, shape)));
    await waitUntilBooted(daemon, guests);
    t.diagnostic(`2 guests and ${paused.length} paused domains are up after ${Date.now() - began} ms`);
    assert.equal(paused.length, 20);

    await t.test("each paused domain has its devices, and its statistics stand still", async () => {
      const first = await domstats(daemon.virsh);
      const second = await domstats(daemon.virsh);
      for (const domain of paused) {
        const fields = first.get(domain.name);
        assert.equal(fields?.get("state.state"), "3", domain.name);
        assert.equal(fields.get("vcpu.maximum"), String(domain.vcpus));
        assert.equal(fields.get("block.count") ?? "0", String(domain.disks.length));
        assert.equal(fields.get("net.count") ?? "0", String(domain.macs.length));
        const stable = [...fields].filter(
          ([name]) => !name.startsWith("net.") && !name.startsWith("cpu.") && name !== "balloon.rss",
        );
        for (const [name, value] of stable)
          assert.equal(second.get(domain.name)?.get(name), value, `${domain.name} ${name}`);
      }
    });
    await t.test("the guests' counters grow", async () => {
      await Promise.all(guests.map((guest) => assertWorks(daemon, guest)));
    });
    await t.test("OpenStack metadata is in the XML", async () => {
      const owned = [...guests, ...paused].find((domain) => domain.openstack);
      assert.match(await daemon.virsh(["dumpxml", owned?.uuid ?? ""]), /<nova:project uuid=/);
    });
    await t.test("an inactive domain is listed, a destroyed one is gone", async () => {
      const inactive = await defineInactive(daemon);
      assert.equal((await fieldsOf(daemon, inactive)).get("state.state"), "5");
      await destroyDomain(daemon, inactive);
      const [victim] = await pausedDomains(daemon, 1, { disks: 1, nics: 1, vcpus: 1, cdrom: true });
      assert.ok(victim);
      assert.equal((await fieldsOf(daemon, victim)).get("block.count"), "2");
      await destroyDomain(daemon, victim);
      assert.equal((await domstats(daemon.virsh)).has(victim.name), false);
    });
    await t.test("guests survive the daemon's kill and restart", async () => {
      const [guest] = guests;
      assert.ok(guest);
      const pid = await qemuPid(daemon, guest);
      await daemon.kill();
      await assert.rejects(daemon.virsh(["uri"]));
      await daemon.restart();
      assert.equal(await qemuPid(daemon, guest), pid);
      await assertWorks(daemon, guest);
    });
    await t.test("nothing is left after the stop", async () => {
      const qemu = nameProcess(await qemuPid(daemon, guests[0] ?? assert.fail()));
      const libvirtd = daemon.process();
      await daemon.stop();
      assert.ok(qemu && !isAlive(qemu) && !isAlive(libvirtd));
      assert.equal(existsSync(daemon.runDirectory), false);
      for (const disk of guests.flatMap((guest) => guest.disks)) assert.equal(existsSync(disk), false);
    });
  },
);

test(
  "libvirt 12 in its chroot: histograms and timed statistics",
  { skip: await skipWithout("newer-libvirtd", "guests"), timeout: 120_000 },
  async (t) => {
    const daemon = await startNewerLibvirtd();
    t.after(() => daemon.stop());
    const [major = 0, minor = 0] = daemon.version.split(".").map(Number);
    assert.ok(major > 12 || (major === 12 && minor >= 1), daemon.version);
    const guests = await bootGuests(daemon, 1);
    const [guest] = guests;
    assert.ok(guest);
    await pausedDomains(daemon, 1, { disks: 12, nics: 12, vcpus: 16 });
    await waitUntilBooted(daemon, guests);
    await assertWorks(daemon, guest);

    const fields = await fieldsOf(daemon, guest);
    assert.equal(fields.get("block.0.latency_histogram.read.bin.count"), "4");
    assert.ok(Number(fields.get("block.0.latency_histogram.read.bin.1.value")) > 0);
    assert.equal(fields.get("block.0.timed_group.0.interval"), "10");
    assert.ok(fields.has("block.0.timed_group.0.rd_queue_depth_avg"));
    assert.ok(fields.has("block.0.limits.request_alignment"));
    await daemon.stop();
    assert.doesNotMatch(await run("cat", ["/proc/mounts"]), new RegExp(daemon.root));
    assert.equal(existsSync(daemon.runDirectory), false);
  },
);

test(
  "the collector takes OTLP with the example configuration",
  { skip: await skipWithout("collector"), timeout: 60_000 },
  async () => {
    const collector: Collector = await startCollector();
    const point = { asInt: "9007199254740993", timeUnixNano: `${Date.now()}000000` };
    const metrics = [{ name: "bed.check", gauge: { dataPoints: [point] } }];
    const body = JSON.stringify({
      resourceMetrics: [{ resource: {}, scopeMetrics: [{ scope: {}, metrics }] }],
    });
    const headers = { "content-type": "application/json" };
    const response = await fetch(`http://${collector.httpEndpoint}/v1/metrics`, {
      method: "POST",
      headers,
      body,
    });
    assert.equal(response.status, 200);
    const batches = await waitFor(
      async () => (await collector.readExported()).length > 0 && collector.readExported(),
      { what: "a batch in the file" },
    );
    const metric = batches[0]?.resourceMetrics?.[0]?.scopeMetrics?.[0]?.metrics?.[0];
    assert.equal(metric?.name, "bed.check");
    assert.equal(metric.gauge?.dataPoints[0]?.asInt, "9007199254740993");
    assert.match(
      await (await fetch(collector.ownMetricsUrl)).text(),
      /otelcol_receiver_accepted_metric_points/,
    );
    await collector.stop();
    await assert.rejects(fetch(`http://${collector.httpEndpoint}/`));
  },
);

test(
  "VictoriaMetrics takes OTLP and answers queries",
  { skip: await skipWithout("victoriametrics"), timeout: 60_000 },
  async () => {
    const victoria = await startVictoriaMetrics();
    const headers = { "content-type": "application/x-protobuf" };
    const response = await fetch(victoria.otlpMetricsUrl, {
      method: "POST",
      headers,
      body: gaugeRequest("bed.check", 42.5),
    });
    assert.equal(response.status, 200, await response.text());
    const samples = await waitFor(
      async () => {
        await victoria.flush();
        const found = await victoria.query('{__name__="bed.check"}');
        return found.length > 0 && found;
      },
      { what: "the sample to be found" },
    );
    assert.deepEqual(
      samples.map((sample) => [sample.metric["service.name"], sample.value[1]]),
      [["bed", "42.5"]],
    );
    assert.deepEqual(
      (await victoria.export('{__name__="bed.check"}')).map((series) => series.values),
      [[42.5]],
    );
    await victoria.stop();
    await assert.rejects(fetch(victoria.url));
  },
);

/** An ExportMetricsServiceRequest with one gauge of a resource with service.name=bed, by hand. */
function gaugeRequest(name: string, value: number): Uint8Array<ArrayBuffer> {
  const numbers = Buffer.alloc(18);
  numbers.writeUInt8((3 << 3) | 1, 0);
  numbers.writeBigUInt64LE(BigInt(Date.now()) * 1_000_000n, 1);
  numbers.writeUInt8((4 << 3) | 1, 9);
  numbers.writeDoubleLE(value, 10);
  const attribute = field(1, field(1, Buffer.from("service.name")), field(2, field(1, Buffer.from("bed"))));
  const metric = field(2, field(1, Buffer.from(name)), field(5, field(1, numbers)));
  return new Uint8Array(field(1, field(1, attribute), field(2, metric)));
}

/** A length-delimited protobuf field of at most 127 bytes. */
function field(number: number, ...parts: Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([(number << 3) | 2, body.length]), body]);
}
