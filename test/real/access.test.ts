/** Who may read, what is said when nobody answers, and a daemon that dies while the agent runs. */
import assert from "node:assert/strict";
import { chmod } from "node:fs/promises";
import { after, test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import type { JsonResource } from "../../src/metrics/json.ts";
import { type Collector, startCollector } from "./bed/collector.ts";
import { pausedDomains, type TestDomain } from "./bed/guests.ts";
import { type Libvirtd, startHostLibvirtd } from "./bed/libvirtd.ts";
import { waitFor } from "./bed/processes.ts";
import { takeDownOwned } from "./bed/records.ts";
import { skipWithout } from "./bed/skip.ts";
import { cyclesByDomain, resourcesOf, timeMs } from "./exported.ts";
import { type Kvmeter, readOnlyUri, runKvmeter, startKvmeter, withConfiguration } from "./kvmeter.ts";

after(takeDownOwned);

const NOBODY = { uid: 65_534, gid: 65_534 };

const onceOf = (daemon: Libvirtd) => ["once", "--format", "json", "--connect", readOnlyUri(daemon)];

/** Since when a domain's CPU time counts. */
function startOf({ metrics }: JsonResource): string | undefined {
  return metrics["libvirt.domain.cpu.time"]?.points[0]?.start;
}

async function forbiddenAndAllowed(daemon: Libvirtd, domain: TestDomain): Promise<void> {
  await chmod(daemon.readOnlySocketPath, 0o700);
  const forbidden = await runKvmeter(onceOf(daemon), { user: NOBODY });
  await chmod(daemon.readOnlySocketPath, 0o777);
  assert.equal(forbidden.code, 1);
  assert.match(forbidden.stderr, /^kvmeter: Cannot [^\n]*\[LIBVIRT_SOCKET_PERMISSION\]\n$/);
  assert.ok(forbidden.stderr.includes(daemon.readOnlySocketPath), forbidden.stderr);

  // The read-only socket and /proc are enough for all but what the kernel keeps from other users.
  const [asNobody, asRoot] = [
    await runKvmeter(onceOf(daemon), { user: NOBODY }),
    await runKvmeter(onceOf(daemon)),
  ];
  assert.equal(asNobody.code, 0, asNobody.stderr);
  const [mine, roots] = [asNobody, asRoot].map(({ stdout }) =>
    (JSON.parse(stdout) as JsonResource[]).find(
      ({ resource }) => resource["libvirt.domain.name"] === domain.name,
    ),
  );
  assert.ok(mine && roots);
  // What a change is computed from is not there either in a second in which QEMU did nothing.
  const guarded = /^libvirt\.domain\.process\.(?:disk\.io|memory\.numa\.|cpu\.overhead)/;
  const namesOf = ({ metrics }: JsonResource) => Object.keys(metrics).filter((name) => !guarded.test(name));
  assert.deepEqual(namesOf(mine), namesOf(roots));
  assert.equal(mine.metrics["libvirt.domain.process.disk.io"], undefined);
  assert.equal(startOf(mine), startOf(roots));
  const [myHost, rootsHost] = [asNobody, asRoot].map(({ stdout }) =>
    (JSON.parse(stdout) as JsonResource[]).find(
      ({ metrics }) => metrics["system.memory.limit"] !== undefined,
    ),
  );
  assert.ok(myHost && rootsHost);
  assert.deepEqual(Object.keys(myHost.metrics), Object.keys(rootsHost.metrics));
}

/** What the kernel keeps from a user is said once for each of its files, not in every cycle. */
async function saysWhatItMayNot(daemon: Libvirtd): Promise<void> {
  const agent = startKvmeter(["run", "--interval", "300ms", "--connect", readOnlyUri(daemon)], {
    user: NOBODY,
  });
  const told = () =>
    [...agent.log().matchAll(/Cannot read \/proc\/<pid>\/(\w+) of QEMU/g)].map(([, file]) => file);
  await waitFor(async () => told().length >= 2, { what: "the log to say what may not be read" });
  await sleep(2000);
  await agent.stop();
  assert.deepEqual(new Set(told()), new Set(["io", "numa_maps"]), agent.log());
  assert.equal(told().length, 2, agent.log());
}

async function nobodyAnswers(daemon: Libvirtd): Promise<void> {
  await daemon.kill();
  const refused = await runKvmeter(onceOf(daemon));
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /^kvmeter: Cannot [^\n]*\[LIBVIRT_SOCKET_REFUSED\]\n$/);
  await daemon.restart();
  // Of the host it may have something to say, by the kernel.
  const yaml =
    'libvirt: [{ uri: "qemu:///system?socket=/run/libvirt/none-sock" }]\nhost: { enabled: false }\n';
  const missing = await withConfiguration(yaml, (file) => runKvmeter(["run", "-c", file]));
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /^kvmeter: Cannot [^\n]*none-sock[^\n]*\[LIBVIRT_SOCKET_MISSING\]\n$/);
}

/** The cycles of a domain that arrived so far. */
async function cyclesOf(collector: Collector, { uuid }: TestDomain): Promise<JsonResource[]> {
  return cyclesByDomain(resourcesOf(await collector.readExported())).get(uuid) ?? [];
}

/** Waits for cycles that were read after a moment. */
function cyclesAfter(collector: Collector, domain: TestDomain, momentMs: number): Promise<unknown> {
  return waitFor(
    async () => (await cyclesOf(collector, domain)).filter((cycle) => timeMs(cycle) > momentMs).length >= 2,
    { what: "two more cycles", everyMs: 250 },
  );
}

async function killed(
  daemon: Libvirtd,
  domain: TestDomain,
  { collector, agent }: { collector: Collector; agent: Kvmeter },
): Promise<void> {
  await cyclesAfter(collector, domain, 0);
  await daemon.kill();
  const killedAtMs = Date.now();
  await waitFor(async () => agent.log().includes("source has a problem"), { what: "the agent to say so" });
  await sleep(2000);
  await daemon.restart();
  await cyclesAfter(collector, domain, Date.now());
  const { code, stderr, durationMs } = await agent.stop();
  assert.equal(code, 0, stderr);
  assert.ok(durationMs < 5000);
  assert.match(stderr, /source recovered/);
  const all = await cyclesOf(collector, domain);
  assert.ok(all.some((cycle) => timeMs(cycle) < killedAtMs));
  // Nothing restarted but the daemon: every sum goes on where it was.
  const starts = all.map(startOf);
  assert.equal(new Set(starts).size, 1, starts.join(" "));
}

test(
  "access to a real libvirtd",
  { skip: await skipWithout("libvirtd", "collector"), timeout: 120_000 },
  async (t: TestContext) => {
    const daemon = await startHostLibvirtd();
    const [domain] = await pausedDomains(daemon, 1, { disks: 1, nics: 1, vcpus: 1 });
    assert.ok(domain);
    await t.test("a user whom the socket does not let in", () => forbiddenAndAllowed(daemon, domain));
    await t.test("what an unprivileged agent says of what it may not read", () => saysWhatItMayNot(daemon));
    await t.test("a socket without a daemon", () => nobodyAnswers(daemon));
    await t.test("libvirtd is killed while the agent runs", async () => {
      const collector = await startCollector();
      const yaml = `
libvirt: [{ uri: "${readOnlyUri(daemon)}" }]
interval: 1s
export: [{ preset: collector, endpoint: "http://${collector.grpcEndpoint}" }]
`;
      await withConfiguration(yaml, (file) =>
        killed(daemon, domain, { collector, agent: startKvmeter(["run", "-c", file]) }),
      );
    });
  },
);
