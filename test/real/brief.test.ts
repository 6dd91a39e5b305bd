/** What is over soon: a domain that lives for two seconds, a dump and a save, by both libvirtds. */
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { systemClock } from "../../src/clock.ts";
import type { HypervisorReading } from "../../src/readings/domain.ts";
import { HypervisorSource } from "../../src/readings/hypervisor-source.ts";
import { defineGuest, pausedDomains } from "./bed/guests.ts";
import { imageDirectory } from "./bed/libvirtd-flavours.ts";
import { type Libvirtd, startHostLibvirtd, startNewerLibvirtd } from "./bed/libvirtd.ts";
import { waitFor } from "./bed/processes.ts";
import { takeDownOwned } from "./bed/records.ts";
import { skipWithout } from "./bed/skip.ts";
import { assertInOrder } from "./in-order.ts";
import { readOnlyUri } from "./kvmeter.ts";

after(takeDownOwned);

interface Watched {
  /** What happened, in order. */
  readonly told: readonly string[];
  /** What of the job was done at each look. */
  readonly shares: readonly number[];
}

/** Reads again and again while some work goes on, until what ends it has been told. */
async function watch(
  read: () => Promise<HypervisorReading>,
  work: Promise<unknown>,
  last: string,
): Promise<Watched> {
  const told: string[] = [];
  const shares: number[] = [];
  await waitFor(
    async () => {
      const { domains, events = [] } = await read();
      const [values] = domains.flatMap(({ statistics }) => statistics.items.job?.[0]?.values ?? []);
      if (values !== undefined) shares.push(Number(values.processedBytes) / Number(values.totalBytes));
      told.push(...events.map(({ event }) => `${event.type}/${event.detail}`));
      return told.includes(last);
    },
    { what: last, timeoutMs: 60_000, everyMs: 50 },
  );
  await work;
  return { told, shares };
}

const DAEMONS: Readonly<
  Record<string, readonly [start: () => Promise<Libvirtd>, part: "libvirtd" | "newer-libvirtd"]>
> = {
  host: [startHostLibvirtd, "libvirtd"],
  newer: [startNewerLibvirtd, "newer-libvirtd"],
};

for (const [which, [start, part]] of Object.entries(DAEMONS)) {
  test(
    `${which}: a domain that lives for two seconds has its values, a dump its progress and its end`,
    { skip: await skipWithout(part, "guests"), timeout: 180_000 },
    async (t) => {
      const daemon = await start();
      t.after(() => daemon.stop());
      const source = new HypervisorSource({
        uri: readOnlyUri(daemon),
        timeoutMs: 5000,
        groups: new Set(["state", "cpu", "balloon", "rss", "vcpu", "interface", "block"] as const),
        wanted: () => true,
        clock: systemClock,
      });
      t.after(() => source.close());
      const read = (): Promise<HypervisorReading> => source.read(new AbortController().signal);
      await read();

      await t.test("two seconds", async () => {
        const [brief] = await pausedDomains(daemon, 1, { disks: 1, nics: 1, vcpus: 1 });
        assert.ok(brief);
        await sleep(2000);
        await daemon.virsh(["destroy", brief.uuid]);
        await sleep(200);
        const { domains, gone = [], events = [] } = await read();
        // The daemon may know other domains too.
        assert.ok(domains.every(({ uuid }) => uuid !== brief.uuid));
        assert.deepEqual(
          gone.map(({ uuid }) => uuid),
          [brief.uuid],
        );
        const { items } = gone[0]?.statistics ?? assert.fail();
        assert.ok(items.cpu?.[0]?.values.timeNs !== undefined && items.disk?.[0]?.values.name === "vda");
        assert.equal(gone[0]?.description?.nics[0]?.mac, brief.macs[0]);
        const types = events.map(({ event }) => `${event.type}/${event.detail}`);
        assertInOrder(types, ["started/booted", "stopped/destroyed"]);
        const counted = (items.event ?? []).reduce((sum, { values }) => sum + Number(values.count), 0);
        assert.equal(counted, events.length);
      });

      await t.test("a dump of its memory alone, and a save", async (t) => {
        const guest = await defineGuest(daemon);
        await daemon.virsh(["setmaxmem", guest.uuid, "1048576", "--config"]);
        await daemon.virsh(["setmem", guest.uuid, "1048576", "--config"]);
        await daemon.virsh(["start", guest.uuid]);
        await sleep(3000);
        const dump = join(imageDirectory, `dump-${process.pid}`);
        const dumping = daemon.virsh(["dump", guest.uuid, dump, "--memory-only"]);
        const { told, shares } = await watch(read, dumping, "job_ended/dump");
        t.diagnostic(`${told.join(", ")}; ${shares.map((share) => share.toFixed(2)).join(" ")}`);
        assertInOrder(told, ["suspended/paused", "job_ended/dump"]);
        assert.ok(shares.length >= 2 && (shares.at(-1) ?? 0) > (shares[0] ?? 1));
        await rm(join(daemon.root, dump), { force: true });

        const saving = daemon.virsh(["managedsave", guest.uuid]);
        const saved = await watch(read, saving, "stopped/saved");
        assertInOrder(saved.told, ["job_completed/save", "stopped/saved"]);
        await daemon.virsh(["managedsave-remove", guest.uuid]);
        await daemon.virsh(["undefine", guest.uuid]);
      });
    },
  );
}
