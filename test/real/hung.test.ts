import assert from "node:assert/strict";
import { after, test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { systemClock } from "../../src/clock.ts";
import { readProcPidStatNow } from "../../src/host/proc-pid-stat.ts";
import { connect, getAllDomainStats, StatsFlags } from "../../src/libvirt/index.ts";
import { LibvirtStatistics } from "../../src/libvirt/statistics.ts";
import { DomainMeter } from "../../src/metrics/domain-meter.ts";
import type { ResourcePoints } from "../../src/metrics/points.ts";
import type { DomainReading, HypervisorReading } from "../../src/readings/domain.ts";
import { HypervisorSource } from "../../src/readings/hypervisor-source.ts";
import { CORE_GROUPS, CORE_MASK } from "../core-groups.ts";
import { pausedDomains, qemuPid, type TestDomain } from "./bed/guests.ts";
import { type Libvirtd, startHostLibvirtd } from "./bed/libvirtd.ts";
import { whyNot } from "./bed/parts.ts";
import { takeDownOwned } from "./bed/records.ts";
import { domstats } from "./bed/virsh.ts";
import { assertContinuous, copyOf } from "./continuity.ts";

after(takeDownOwned);

const DOMAINS = 100;
const never = new AbortController().signal;

interface Cycle {
  readonly ms: number;
  readonly reading: HypervisorReading;
}

async function cycle(source: HypervisorSource): Promise<Cycle> {
  const begunMs = performance.now();
  const reading = await source.read(never);
  return { ms: performance.now() - begunMs, reading };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

async function medianCycleMs(source: HypervisorSource, rounds = 5): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) times.push((await cycle(source)).ms);
  return median(times);
}

function isFull({ statistics: { items } }: DomainReading): boolean {
  return (
    items.cpu?.[0]?.values.timeNs !== undefined &&
    items.balloon?.[0]?.values.rssKiB !== undefined &&
    items.vcpu?.[0]?.values.timeNs !== undefined &&
    items.disk?.[0]?.values.readOperations !== undefined
  );
}

/** What can be read of a domain without its QEMU, and nothing else; its NIC stands for the rest of it. */
function isQuiet({ statistics: { items, readAt } }: DomainReading): boolean {
  const groups = Object.keys(readAt).toSorted().join(" ");
  return groups === "control interface state" && items.nic?.[0]?.values.receivedBytes !== undefined;
}

/** Every healthy domain is fully read, and every hung one as far as it can be. */
function assertSorted({ domains, problems }: HypervisorReading, hung: readonly TestDomain[]): void {
  const silent = new Set(hung.map(({ uuid }) => uuid));
  const bad = domains.filter((domain) => (silent.has(domain.uuid) ? !isQuiet(domain) : !isFull(domain)));
  assert.deepEqual(
    bad.map(({ name, statistics: { readAt } }) => `${name}: ${Object.keys(readAt).join(" ")}`),
    [],
  );
  for (const { uuid, statistics } of domains) {
    const control = statistics.items.control?.[0]?.values.state;
    if (silent.has(uuid)) assert.equal(control, 2);
  }
  assert.equal(problems.length > 0, hung.length > 0, problems.map(({ message }) => message).join("; "));
}

async function signal(daemon: Libvirtd, domains: readonly TestDomain[], name: NodeJS.Signals): Promise<void> {
  const pids = await Promise.all(domains.map((domain) => qemuPid(daemon, domain)));
  for (const pid of pids) process.kill(pid, name);
  if (name !== "SIGSTOP") return;
  // A process stops when it is next to run, on a busy machine some milliseconds later.
  for (const pid of pids) {
    while (readProcPidStatNow(`/proc/${pid}/task`, pid)?.state !== "T") await sleep(1);
  }
}

/** Spread over the list, so over all chunks. */
function pick(domains: readonly TestDomain[], count: number): TestDomain[] {
  const step = domains.length / count;
  return Array.from({ length: count }, (_, index) => domains[Math.floor(index * step)] ?? assert.fail());
}

test(
  "a hundred real domains, some of which hang",
  { skip: (await whyNot("libvirtd")) ?? false, timeout: 400_000 },
  async (t) => {
    const daemon = await startHostLibvirtd();
    t.after(() => daemon.stop());
    const domains = await pausedDomains(daemon, DOMAINS, { disks: 1, nics: 1, vcpus: 1 });

    /** Closed with the test that opens it: an agent that is left reads new domains, and they are busy meanwhile. */
    function open(
      t: TestContext,
      options: { seesProcesses?: boolean; calls?: LibvirtStatistics } = {},
    ): HypervisorSource {
      const source = new HypervisorSource({
        uri: daemon.uri,
        timeoutMs: 5000,
        groups: CORE_GROUPS,
        wanted: () => true,
        clock: systemClock,
        ...options,
      });
      t.after(() => source.close());
      return source;
    }
    const calls = new LibvirtStatistics();
    const bulkCalls = (): number =>
      Object.values(calls.procedures.get("CONNECT_GET_ALL_DOMAIN_STATS")?.calls ?? {}).reduce(
        (a, b) => a + b,
      );
    const source = open(t, { calls });
    const first = await cycle(source);
    assertSorted(first.reading, []);
    t.diagnostic(`first cycle: ${Math.round(first.ms)} ms`);
    let healthyMs = Number.NaN;

    await t.test("a healthy cycle: its time against one bulk call, and its calls", async (t) => {
      await using connection = await connect(daemon.uri);
      const flags = StatsFlags.active | StatsFlags.nowait;
      let ratio = Number.POSITIVE_INFINITY;
      // The best of many, and again if need be: what else runs on the machine costs the one most that uses all cores.
      for (let attempt = 0; attempt < 4 && ratio > 0.6; attempt++) {
        const bulk: number[] = [];
        const own: number[] = [];
        for (let round = 0; round < 10; round++) {
          const begunMs = performance.now();
          const records = await connection.call(getAllDomainStats, { domains: [], groups: CORE_MASK, flags });
          bulk.push(performance.now() - begunMs);
          assert.equal(records.length, DOMAINS);
          own.push((await cycle(source)).ms);
        }
        healthyMs = median(own);
        ratio = Math.min(...own) / Math.min(...bulk);
        t.diagnostic(
          `one bulk call ${Math.min(...bulk).toFixed(0)} ms, a cycle ${Math.min(...own).toFixed(0)} ms: ` +
            `ratio ${ratio.toFixed(2)}; medians ${median(bulk).toFixed(0)} and ${healthyMs.toFixed(0)} ms`,
        );
      }
      assert.ok(ratio <= 0.6, `ratio ${ratio}`);
      const before = bulkCalls();
      await cycle(source);
      assert.ok(bulkCalls() - before <= DOMAINS / 50 + 1, `${bulkCalls() - before} bulk calls`);
    });

    for (const count of [1, 5, 10, 25, DOMAINS]) {
      await t.test(`${count} hang`, async (t) => {
        const hung = pick(domains, count);
        const healthy = domains.filter((domain) => !hung.includes(domain));
        await signal(daemon, hung, "SIGSTOP");
        try {
          const begun = await cycle(source);
          assertSorted(begun.reading, hung);
          const laterMs = await medianCycleMs(source);
          assertSorted((await cycle(source)).reading, hung);
          t.diagnostic(`first cycle ${begun.ms.toFixed(0)} ms, later ${laterMs.toFixed(0)} ms`);
          assert.ok(begun.ms <= 1500);
          assert.ok(laterMs <= 1.3 * healthyMs, `${laterMs} ms, healthy ${healthyMs} ms`);
          // Nobody is at the monitor, so no worker of the daemon is stuck.
          for (const { uuid } of hung) assert.match(await daemon.virsh(["domcontrol", uuid]), /^ok/);
          if (healthy.length > 0) {
            const other = await domstats(daemon.virsh, { domains: healthy.map(({ uuid }) => uuid) });
            assert.equal(other.size, healthy.length);
          }
        } finally {
          await signal(daemon, hung, "SIGCONT");
        }
        assertSorted((await cycle(source)).reading, []);
      });
    }

    await source.close();

    await t.test("hung at the start of the agent", async (t) => {
      const hung = pick(domains, 3);
      const late = open(t);
      await signal(daemon, hung, "SIGSTOP");
      try {
        assertSorted((await cycle(late)).reading, hung);
      } finally {
        await signal(daemon, hung, "SIGCONT");
      }
      assertSorted((await cycle(late)).reading, []);
    });

    for (const count of [1, 2, 3]) {
      await t.test(`${count} hang, and their processes cannot be seen`, async (t) => {
        const remote = open(t, { seesProcesses: false });
        assertSorted((await cycle(remote)).reading, []);
        const hung = pick(domains, count);
        await signal(daemon, hung, "SIGSTOP");
        try {
          const begun = await cycle(remote);
          assertSorted(begun.reading, hung);
          const laterMs = await medianCycleMs(remote);
          assertSorted((await cycle(remote)).reading, hung);
          t.diagnostic(`first cycle ${begun.ms.toFixed(0)} ms, later ${laterMs.toFixed(0)} ms`);
          // Those in one chunk are found one after another, each by a call that is late.
          assert.ok(begun.ms <= 500 + 1000 * count);
          if (count === 1) assert.ok(laterMs <= 1.3 * healthyMs, `${laterMs} ms, healthy ${healthyMs} ms`);
          const others = domains.filter((domain) => !hung.includes(domain)).map(({ uuid }) => uuid);
          assert.equal((await domstats(daemon.virsh, { domains: others })).size, others.length);
        } finally {
          await signal(daemon, hung, "SIGCONT");
        }
        await cycle(remote);
        assertSorted((await cycle(remote)).reading, []);
      });
    }

    await t.test("hung, and found occupied by an agent that starts anew", async (t) => {
      const hung = pick(domains, 1);
      const before = open(t, { seesProcesses: false });
      await signal(daemon, hung, "SIGSTOP");
      try {
        assertSorted((await cycle(before)).reading, hung);
        await before.close();
        const begun = await cycle(open(t, { seesProcesses: false }));
        assert.equal(begun.reading.domains.filter(isFull).length, DOMAINS - 1);
        assert.ok(begun.ms < 900, `it waited for nobody: ${begun.ms} ms`);
      } finally {
        await signal(daemon, hung, "SIGCONT");
      }
    });

    for (const seesProcesses of [true, false]) {
      const how = seesProcesses ? "seen" : "unseen";
      await t.test(`hung and then killed or destroyed, processes ${how}`, async (t) => {
        const victims = await pausedDomains(daemon, 2, { disks: 1, nics: 1, vcpus: 1 });
        const [killed, destroyed] = victims;
        assert.ok(killed && destroyed);
        const fresh = open(t, { seesProcesses });
        assertSorted((await cycle(fresh)).reading, []);
        await signal(daemon, victims, "SIGSTOP");
        assertSorted((await cycle(fresh)).reading, victims);
        await signal(daemon, [killed], "SIGKILL");
        const ending = daemon.virsh(["destroy", destroyed.uuid]);
        // For as long as libvirtd tries to end it politely it keeps the domain locked, and its list of domains too.
        const gone = new AbortController();
        const ended = ending.finally(() => gone.abort());
        const times: number[] = [];
        while (!gone.signal.aborted) {
          const { ms, reading } = await cycle(fresh);
          times.push(ms);
          assert.equal(reading.domains.filter(isFull).length, DOMAINS);
          await sleep(200);
        }
        await ended;
        const [median50, worst] = [median(times), Math.max(...times)];
        t.diagnostic(
          `${times.length} cycles meanwhile, median ${median50.toFixed(0)} ms, worst ${worst.toFixed(0)} ms`,
        );
        assert.ok(worst < 3000, `${worst} ms`);
        const { reading } = await cycle(fresh);
        assert.equal(reading.domains.length, DOMAINS);
        assertSorted(reading, []);
      });
    }

    await t.test("libvirtd is killed in the middle of a call and comes back", async (t) => {
      const fresh = open(t);
      const meter = new DomainMeter({});
      const points: ResourcePoints[][] = [];
      // The meter writes into the same points in every cycle.
      const keep = (reading: HypervisorReading): void => void points.push(copyOf(meter.update(reading)));
      for (let round = 0; round < 2; round++) keep((await cycle(fresh)).reading);
      const torn = fresh.read(never).then(
        (reading) => reading,
        () => undefined,
      );
      await sleep(50);
      await daemon.kill();
      const part = await torn;
      if (part !== undefined) keep(part);
      assert.equal(fresh.connection?.connected, false);
      for (let round = 0; round < 5; round++) {
        await assert.rejects(fresh.read(never), { code: "LIBVIRT_SOCKET_REFUSED" });
        await sleep(500);
      }
      await daemon.restart();
      const back = await cycle(fresh);
      assertSorted(back.reading, []);
      assert.equal(fresh.connection?.connected, true);
      keep(back.reading);
      assertContinuous(points, DOMAINS * 5);
    });
  },
);
