/** All that there is to tell of a real host and its VMs, in a real Prometheus that takes nothing late. */
import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import type { JsonPoint } from "../../src/metrics/json.ts";
import { bootGuests, destroyDomain, pausedDomains, type TestDomain, waitUntilBooted } from "./bed/guests.ts";
import { imageDirectory } from "./bed/libvirtd-flavours.ts";
import { type Libvirtd, startHostLibvirtd } from "./bed/libvirtd.ts";
import { waitFor } from "./bed/processes.ts";
import { type Prometheus, startPrometheus } from "./bed/prometheus.ts";
import { takeDownOwned } from "./bed/records.ts";
import { skipWithout } from "./bed/skip.ts";
import { missing } from "./delivery/long-outage.ts";
import { type Recorder, startRecorder } from "./delivery/recorder.ts";
import { assertSameSamples, expectedByPrometheus, sampledByPrometheus } from "./exported.ts";
import { type Ended, readOnlyUri, startKvmeter, withConfiguration } from "./kvmeter.ts";

after(takeDownOwned);

const INTERVAL_MS = 1000;

/** From one thing that happens to the next. */
const STRETCH_MS = 7 * INTERVAL_MS;

/** Of each way in which something is read at a time of its own: beside the cycles, seldom, or as it happens. */
const OUT_OF_STEP = [
  "libvirt.domain.process.memory.numa.usage",
  "libvirt.domain.disk.limit",
  "libvirt.domain.events",
  "libvirt.storage_pool.usage",
  "libvirt.network.status",
  "libvirt.host.cpu.count",
  "system.filesystem.usage",
  "system.cpu.time",
];

/** One that is away for a while, and one with the same wishes that never is. */
interface Backends {
  readonly prometheus: Prometheus;
  readonly beside: Recorder;
}

function configuration(daemon: Libvirtd, { prometheus, beside }: Backends): string {
  return `
libvirt: [{ uri: "${readOnlyUri(daemon)}" }]
interval: ${INTERVAL_MS}ms
state_directory: state
log: { format: json }
metrics: { enable: ["*"] }
processes: { numa_interval: 1s }
hypervisor: { interval: 3s }
host: { readers: { filesystems: { interval: 5s } } }
statistics: { slow_interval: 5s }
export:
  - { preset: prometheus, endpoint: "${prometheus.url}" }
  - { preset: prometheus, endpoint: "${beside.origin}" }
`;
}

/** A pool and a network, each of which is on. */
async function makeInventory(t: TestContext, { virsh, root }: Libvirtd): Promise<void> {
  await virsh(["pool-create-as", "images", "dir", "--target", imageDirectory]);
  t.after(() => virsh(["pool-destroy", "images"]));
  const file = join(root, imageDirectory, "network.xml");
  await writeFile(file, "<network><name>inner</name><bridge name='kvmtest9'/></network>");
  await virsh(["net-create", file]);
  t.after(() => virsh(["net-destroy", "inner"]));
  await rm(file);
}

/** What Prometheus logs for each sample that it does not take. */
async function refusals({ prometheus }: Backends): Promise<readonly string[]> {
  const lines = (await prometheus.readLog()).split("\n");
  return lines.filter((line) => /level=ERROR|out of order|out of bounds|duplicate sample/.test(line));
}

async function collected({ prometheus, beside }: Backends) {
  const samples = await prometheus.samples('{__name__=~".+",__name__!="target_info"}');
  return { expected: expectedByPrometheus(beside.resources), stored: sampledByPrometheus(samples) };
}

/** The points of a metric in all that was sent. */
function pointsOf({ resources }: Recorder, name: string): readonly JsonPoint[] {
  return resources.flatMap(({ metrics }) => metrics[name]?.points ?? []);
}

interface Run {
  readonly victim: TestDomain;
  readonly ended: Ended;
}

/** VMs come, go, and stand still while Prometheus is there, is away, and is back. */
async function runAgent(file: string, daemon: Libvirtd, backends: Backends): Promise<Run> {
  const { virsh } = daemon;
  const agent = startKvmeter(["run", "-c", file]);
  await sleep(STRETCH_MS);
  const [victim] = await pausedDomains(daemon, 1, { disks: 1, nics: 1, vcpus: 1 });
  assert.ok(victim);
  await virsh(["resume", victim.uuid]);
  await sleep(STRETCH_MS);
  await backends.prometheus.goAway();
  await virsh(["suspend", victim.uuid]);
  await sleep(STRETCH_MS / 2);
  await destroyDomain(daemon, victim);
  await sleep(STRETCH_MS / 2);
  await backends.prometheus.comeBack();
  const caughtUp = async () => {
    if ((await refusals(backends)).length > 0) return true;
    const { expected, stored } = await collected(backends);
    return missing(expected, stored).length < expected.size / 10;
  };
  await waitFor(caughtUp, { what: "what waited to arrive", timeoutMs: 40_000, everyMs: 1000 });
  await sleep(STRETCH_MS);
  return { victim, ended: await agent.stop() };
}

test(
  "Prometheus refuses nothing and has everything, once",
  { skip: await skipWithout("libvirtd", "guests", "prometheus"), timeout: 180_000 },
  async (t) => {
    const daemon = await startHostLibvirtd();
    const guests = await bootGuests(daemon, 2);
    await waitUntilBooted(daemon, guests);
    await daemon.virsh(["suspend", guests[1]?.uuid ?? ""]);
    await makeInventory(t, daemon);
    const [prometheus, beside] = [await startPrometheus(), await startRecorder()];
    t.after(() => beside.close());
    const backends = { prometheus, beside };
    const { victim, ended } = await withConfiguration(configuration(daemon, backends), (file) =>
      runAgent(file, daemon, backends),
    );
    const { expected, stored } = await collected(backends);
    t.diagnostic(`${expected.size} samples`);

    await t.test("what is read at times of its own was told again and again", () => {
      assert.equal(ended.code, 0, ended.stderr);
      for (const name of OUT_OF_STEP) {
        const times = new Set(pointsOf(beside, name).map(({ time }) => time));
        assert.ok(times.size >= 3, `${name}: ${times.size} times`);
      }
      const told = new Set(beside.resources.map(({ resource }) => resource["libvirt.domain.uuid"]));
      for (const { uuid, name } of [...guests, victim]) assert.ok(told.has(uuid), name);
    });
    await t.test("it logged nothing that it refused", async () => {
      assert.deepEqual((await refusals(backends)).slice(0, 5), []);
    });
    await t.test("the agent says once that it was away, and counts nothing as lost", () => {
      const lines = ended.stderr.trim().split("\n");
      const said = lines.map((line) => JSON.parse(line) as Readonly<Record<string, string>>);
      const complaints = said.filter(
        ({ level, destination }) => level !== "info" && destination !== undefined,
      );
      assert.equal(complaints.length, 1, complaints.map(({ msg }) => msg).join("\n"));
      const dropped = pointsOf(beside, "kvmeter.dropped.data_points");
      assert.ok(dropped.length > 0);
      assert.deepEqual(
        dropped.filter(({ value }) => value !== 0),
        [],
      );
    });
    await t.test("each sample that was sent is there, and no other", () => {
      assertSameSamples(expected, stored);
      const sent = beside.resources.reduce((sum, one) => sum + expectedByPrometheus([one]).size, 0);
      assert.equal(sent, expected.size, "none is told twice");
    });
  },
);
