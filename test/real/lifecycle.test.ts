/** What happens to real domains, in a real Collector's output: log records and counters, in order. */
import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import type { JsonResource } from "../../src/metrics/json.ts";
import { type ExportedBatch, type OtlpKeyValue, startCollector } from "./bed/collector.ts";
import { defineGuest, prepareMigration, waitUntilBooted } from "./bed/guests.ts";
import { imageDirectory } from "./bed/libvirtd-flavours.ts";
import { startHostLibvirtd, startNewerLibvirtd } from "./bed/libvirtd.ts";
import { freePorts, waitFor } from "./bed/processes.ts";
import { takeDownOwned } from "./bed/records.ts";
import { skipWithout } from "./bed/skip.ts";
import { resourcesOf, timeMs } from "./exported.ts";
import { assertInOrder } from "./in-order.ts";
import { readOnlyUri, startKvmeter, withConfiguration } from "./kvmeter.ts";

after(takeDownOwned);

/** Daemons that share a machine are one host to each other unless they say otherwise. */
const hostUuid = (digit: string): string =>
  `host_uuid = "${"11111111-1111-4111-8111-111111111111".replaceAll("1", digit)}"`;

interface Told {
  readonly name: string;
  readonly what: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

function plain(pairs: readonly OtlpKeyValue[] = []): Record<string, string | boolean | undefined> {
  return Object.fromEntries(
    pairs.map(({ key, value }) => [key, value.stringValue ?? value.intValue ?? value.boolValue]),
  );
}

/** The log records about a domain, in the order in which the collector got them. */
function recordsOf(batches: readonly ExportedBatch[], uuid: string): Told[] {
  return batches
    .flatMap(({ resourceLogs = [] }) => resourceLogs)
    .filter(({ resource }) => plain(resource?.attributes)["libvirt.domain.uuid"] === uuid)
    .flatMap(({ scopeLogs = [] }) => scopeLogs.flatMap(({ logRecords = [] }) => logRecords))
    .map(({ eventName = "", attributes }) => {
      const all = plain(attributes);
      const detail = all["libvirt.event.detail"];
      const type = String(all["libvirt.event.type"]);
      return {
        name: eventName,
        what: detail === undefined ? type : `${type}/${detail}`,
        attributes: all,
      };
    });
}

/** Values of a metric in the order of their times, by their attributes' values. */
function valuesOf(resources: readonly JsonResource[], metric: string): Map<string, number[]> {
  const values = new Map<string, number[]>();
  for (const { metrics } of resources.toSorted((a, b) => timeMs(a) - timeMs(b))) {
    for (const { attributes, value } of metrics[metric]?.points ?? []) {
      const key = Object.values(attributes).join("/");
      values.set(key, [...(values.get(key) ?? []), Number(value)]);
    }
  }
  return values;
}

const INTERFACE_XML =
  "<interface type='ethernet'><mac address='52:54:00:77:00:01'/><model type='virtio'/><alias name='ua-late'/></interface>";

test(
  "a real domain's whole life is told in order: log records, counters, its migration's progress and end",
  { skip: await skipWithout("libvirtd", "newer-libvirtd", "guests", "collector"), timeout: 300_000 },
  async (t) => {
    const host = await startHostLibvirtd({ settings: [hostUuid("1")] });
    t.after(() => host.stop());
    const newer = await startNewerLibvirtd({ settings: [hostUuid("2")], otherHostName: true });
    t.after(() => newer.stop());
    const collector = await startCollector();
    t.after(() => collector.stop());
    const yaml = `
libvirt: [{ uri: "${readOnlyUri(host)}" }]
interval: 1s
export: [{ preset: collector, endpoint: "http://${collector.grpcEndpoint}" }]
`;
    await withConfiguration(yaml, async (file) => {
      const kvmeter = startKvmeter(["run", "-c", file]);
      t.after(() => kvmeter.stop());
      await waitFor(async () => (await collector.readExported()).length > 0, {
        what: "the first cycle",
        everyMs: 200,
      });

      const guest = await defineGuest(host);
      const { uuid } = guest;
      const told = async (what: string) =>
        waitFor(
          async () => recordsOf(await collector.readExported(), uuid).some((record) => record.what === what),
          {
            what: `a record of ${what}`,
            everyMs: 200,
          },
        );
      await host.virsh(["start", uuid]);
      await waitUntilBooted(host, [guest]);
      await host.virsh(["suspend", uuid]);
      await host.virsh(["resume", uuid]);
      const xml = join(imageDirectory, "late-nic.xml");
      await writeFile(xml, INTERFACE_XML);
      await host.virsh(["attach-device", uuid, xml, "--live"]);
      await host.virsh(["detach-device", uuid, xml, "--live"]);
      // The test guest lets go of nothing by itself: QEMU takes the device away at the reset.
      await host.virsh(["reset", uuid]);
      await told("device_removed");
      await waitUntilBooted(host, [guest]);
      const copy = join(imageDirectory, "copy.qcow2");
      await host.virsh(["blockcopy", uuid, "vda", copy, "--transient-job", "--wait", "--finish"]);
      await host.virsh(["desc", uuid, "--title", "moving", "--live"]);
      await host.virsh(["blkdeviotune", uuid, "vda", "--total-iops-sec", "5000", "--live"]);
      await told("tunable/blkdeviotune");

      await prepareMigration(host, newer, guest);
      const [port] = await freePorts(1);
      const migration = ["--migrateuri", `tcp://127.0.0.1:${port}`, "--listen-address", "127.0.0.1"];
      await host.virsh(["migrate", uuid, newer.uri, "--live", "--unsafe", "--bandwidth", "12", ...migration]);
      await told("job_completed/migration_out");

      await host.virsh(["start", uuid]);
      await sleep(1500);
      await host.virsh(["destroy", uuid]);
      await host.virsh(["undefine", uuid]);
      await told("undefined/removed");
      await sleep(2000);
      const { code } = await kvmeter.stop();
      assert.equal(code, 0);
      await rm(xml);
      await rm(copy, { force: true });

      const records = recordsOf(await collector.readExported(), uuid);
      const found = records.map(({ what }) => what);
      t.diagnostic(found.join(", "));
      assertInOrder(found, [
        "defined/added",
        "started/booted",
        "suspended/paused",
        "resumed/unpaused",
        "device_added",
        "device_removed",
        "block_job/ready",
        "block_job/canceled",
        "metadata_change/title",
        "tunable/blkdeviotune",
        "migration_iteration",
        "suspended/migrated",
        "stopped/migrated",
        "job_completed/migration_out",
        "started/booted",
        "stopped/destroyed",
        "undefined/removed",
      ]);
      assert.ok(found.includes("reboot"));
      const final = records.find(({ what }) => what === "job_completed/migration_out")?.attributes ?? {};
      assert.ok(Number(final["libvirt.job.elapsed_ms"]) > 2000);
      assert.ok(Number(final["libvirt.job.downtime_ms"]) > 0);
      assert.ok(Number(final["libvirt.job.data.processed_bytes"]) > 20_000_000);

      const resources = resourcesOf(await collector.readExported()).filter(
        ({ resource }) => resource["libvirt.domain.uuid"] === uuid,
      );
      const counted = valuesOf(resources, "libvirt.domain.events");
      const expected = Map.groupBy(found, (what) => (what.includes("/") ? what : `${what}/none`));
      assert.deepEqual(
        Object.fromEntries(Array.from(counted, ([what, values]) => [what, values.at(-1)])),
        Object.fromEntries(Array.from(expected, ([what, all]) => [what, all.length])),
        "the counters say what the records say",
      );
      for (const values of counted.values())
        assert.deepEqual(
          values,
          values.toSorted((a, b) => a - b),
        );
      assert.deepEqual(valuesOf(resources, "libvirt.domain.migrations").get("completed")?.at(-1), 1);

      assert.ok(valuesOf(resources, "libvirt.domain.disk.throttle.operations").get("vda")?.includes(5000));

      const progress = valuesOf(resources, "libvirt.domain.job.progress").get("migration_out") ?? [];
      t.diagnostic(`progress of the migration: ${progress.map((share) => share.toFixed(2)).join(" ")}`);
      assert.ok(progress.length >= 3 && progress.every((share) => share >= 0 && share <= 1));
      assert.ok((progress.at(-1) ?? 0) > (progress[0] ?? 1));
      const processed = valuesOf(resources, "libvirt.domain.job.data.usage").get("migration_out") ?? [];
      assert.deepEqual(
        processed,
        processed.toSorted((a, b) => a - b),
      );
    });
  },
);
