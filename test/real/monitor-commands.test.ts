import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, test } from "node:test";

import type { Clock } from "../../src/clock.ts";
import { LibvirtStatistics } from "../../src/libvirt/statistics.ts";
import { DOMAIN_ROWS } from "../../src/metrics/definitions.ts";
import {
  type MetricSelection,
  requiredGroups,
  requiredLocalReaders,
  selectRows,
  unusedScopes,
} from "../../src/metrics/selection.ts";
import { HypervisorSource } from "../../src/readings/hypervisor-source.ts";
import type { PaceOptions } from "../../src/readings/reading-schedule.ts";
import { bootGuests, pausedDomains, waitUntilBooted } from "./bed/guests.ts";
import { type Libvirtd, startHostLibvirtd, startNewerLibvirtd } from "./bed/libvirtd.ts";
import { takeDownOwned } from "./bed/records.ts";
import { skipWithout } from "./bed/skip.ts";
import { domstats } from "./bed/virsh.ts";

after(takeDownOwned);

const CYCLE_MS = 10_000;
const PACE: PaceOptions = { cycleMs: CYCLE_MS, slowIntervalMs: 120_000, stretchAboveMs: 5000 };
const never = new AbortController().signal;

/** Names of the commands that libvirtd has sent to monitors so far, with how often. */
async function commands({ logPath }: Libvirtd): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const [, name = ""] of (await readFile(logPath, "utf8")).matchAll(
    /QEMU_MONITOR_SEND_MSG: .*?"execute":"([\w-]+)"/g,
  )) {
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

interface Cycle {
  /** Commands that libvirtd has sent because of it. */
  readonly sent: number;
  readonly names: readonly string[];
  /** Calls that were made to libvirtd, by procedure. */
  readonly calls: Readonly<Record<string, number>>;
}

interface Wish {
  readonly pace?: PaceOptions | undefined;
  readonly metrics?: MetricSelection;
  readonly cycles: number;
}

/** Cycles of an agent, a simulated ten seconds from one to the next, and what each of them caused. */
async function run(daemon: Libvirtd, { pace, metrics, cycles }: Wish): Promise<Cycle[]> {
  const rows = selectRows(DOMAIN_ROWS, metrics);
  const calls = new LibvirtStatistics();
  let nowMs = 0;
  const clock: Clock = {
    now: () => ({ wallNs: BigInt(Date.now()) * 1_000_000n, monotonicMs: nowMs }),
  };
  const source = new HypervisorSource({
    uri: daemon.uri,
    timeoutMs: 5000,
    groups: requiredGroups(rows),
    unusedScopes: unusedScopes(rows),
    pace,
    // The agent has them by default.
    ...(pace && {
      local: { numaIntervalMs: 60_000, readers: { ...requiredLocalReaders(rows), likeLibvirt: true } },
    }),
    wanted: () => true,
    clock,
    calls,
  });
  try {
    const made: Cycle[] = [];
    for (let cycle = 0; cycle < cycles; cycle++) {
      const [before, callsBefore] = [await commands(daemon), counted(calls)];
      const { problems, domains } = await source.read(never);
      assert.deepEqual(problems, []);
      assert.ok(domains.length > 0);
      const [now, callsNow] = [await commands(daemon), counted(calls)];
      const names = [...now].flatMap(([name, count]) =>
        Array.from({ length: count - (before.get(name) ?? 0) }, () => name),
      );
      const callsMade = Object.entries(callsNow).map(([name, count]) => [
        name,
        count - (callsBefore[name] ?? 0),
      ]);
      made.push({
        sent: names.length,
        names,
        calls: Object.fromEntries(callsMade) as Record<string, number>,
      });
      nowMs += CYCLE_MS;
    }
    return made;
  } finally {
    await source.close();
  }
}

function counted(statistics: LibvirtStatistics): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Array.from(statistics.procedures, ([name, { calls }]) => [
      name,
      Object.values(calls).reduce((sum, count) => sum + count, 0),
    ]),
  );
}

const DISK_FIELDS = {
  readOperations: "rd.reqs",
  readBytes: "rd.bytes",
  readTimeNs: "rd.times",
  writeOperations: "wr.reqs",
  writtenBytes: "wr.bytes",
  writeTimeNs: "wr.times",
  flushOperations: "fl.reqs",
  flushTimeNs: "fl.times",
} as const;

test(
  "counters that are asked disk by disk are those of the group, to the digit",
  { skip: await skipWithout("libvirtd", "guests") },
  async (t) => {
    const daemon = await startHostLibvirtd();
    t.after(() => daemon.stop());
    const guests = await bootGuests(daemon, 2);
    await waitUntilBooted(daemon, guests);
    for (const { uuid } of guests) await daemon.virsh(["suspend", uuid]);
    let nowMs = 0;
    const source = new HypervisorSource({
      uri: daemon.uri,
      timeoutMs: 5000,
      groups: new Set(["state", "block", "block-size"]),
      // The turn of what is read seldom is not to come in the second cycle.
      pace: { ...PACE, slowIntervalMs: 1e9 },
      wanted: () => true,
      clock: { now: () => ({ wallNs: BigInt(Date.now()) * 1_000_000n, monotonicMs: nowMs }) },
    });
    t.after(() => source.close());
    await source.read(never);
    nowMs += CYCLE_MS;
    const { domains, problems } = await source.read(never);
    assert.deepEqual(problems, []);
    const expected = await domstats(daemon.virsh, { groups: ["block"] });
    let compared = 0;
    const diskCounts = new Set(domains.map(({ statistics }) => statistics.items.disk?.length));
    assert.deepEqual(diskCounts, new Set([1, 2]));
    for (const { name, statistics } of domains) {
      const disks = statistics.items.disk ?? [];
      for (const { path, values } of disks) {
        // The group alone tells a capacity. It costs fewer commands than two disks that are asked one by one.
        assert.equal(values.capacityBytes === undefined, disks.length === 1, `${name} asked disk by disk`);
        for (const [field, suffix] of Object.entries(DISK_FIELDS)) {
          const value = values[field as keyof typeof DISK_FIELDS];
          assert.equal(
            String(value),
            expected.get(name)?.get(`block.${path[0]}.${suffix}`),
            `${name} ${suffix}`,
          );
          if (Number(value) > 0) compared += 1;
        }
      }
    }
    assert.ok(compared >= 3 * 6, `${compared} counters were not 0`);
  },
);

const WITHOUT_MONITOR = {
  disable: [
    "libvirt.domain.cpu.*",
    "libvirt.domain.vcpu.*",
    "libvirt.domain.memory.*",
    "libvirt.domain.paging.*",
    "libvirt.domain.disk.*",
  ],
};

const VMS = 4;

/** How often each command is sent in a cycle, for each VM. */
function perVm({ names }: Cycle): Readonly<Record<string, number>> {
  const counts = Array.from(
    Map.groupBy(names, (name) => name),
    ([name, all]) => [name, all.length / VMS],
  );
  return Object.fromEntries(counts) as Record<string, number>;
}

const BY_DISK = { "query-blockstats": 2 };
const BALLOON = { "qom-get": 1, "query-balloon": 1 };

for (const { what, start, part, quiet, whole } of [
  {
    what: "libvirt of this Debian",
    start: startHostLibvirtd,
    part: "libvirtd",
    quiet: BY_DISK,
    whole: {
      ...BY_DISK,
      ...BALLOON,
      "query-named-block-nodes": 1,
      "query-stats": 2,
      "query-stats-schemas": 1,
    },
  },
  {
    what: "libvirt 12",
    start: startNewerLibvirtd,
    part: "newer-libvirtd",
    quiet: { ...BY_DISK, "query-named-block-nodes": 1 },
    whole: { ...BY_DISK, ...BALLOON, "query-named-block-nodes": 1, "query-stats": 2 },
  },
] as const) {
  test(
    `monitor commands, counted in the daemon's log, ${what}`,
    { skip: await skipWithout(part) },
    async (t) => {
      const daemon = await start({ logs: "qemu.qemu_monitor" });
      t.after(() => daemon.stop());
      await pausedDomains(daemon, VMS, { disks: 1, nics: 1, vcpus: 1, cdrom: true });

      await t.test("metrics that need no QEMU cause none", async () => {
        const [first, second] = await run(daemon, { metrics: WITHOUT_MONITOR, cycles: 2 });
        assert.deepEqual([first?.names, second?.names], [[], []]);
        assert.equal(second?.calls["CONNECT_GET_ALL_DOMAIN_STATS"], 1);
      });

      await t.test("everything in every cycle: the cost of the groups", async () => {
        const [, second] = await run(daemon, { cycles: 2 });
        assert.ok(second);
        assert.deepEqual(perVm(second), whole);
        assert.equal(second.calls["DOMAIN_BLOCK_STATS_FLAGS"], undefined);
      });

      await t.test(
        "paced: what changes all the time in each cycle, the rest once in the slow interval",
        async () => {
          const [first, ...others] = await run(daemon, { pace: PACE, cycles: 26 });
          assert.ok(first);
          assert.deepEqual(perVm(first), whole);
          const disks = others.map(({ calls }) => calls["DOMAIN_BLOCK_STATS_FLAGS"] ?? 0);
          assert.ok(
            disks.every((count) => count <= VMS),
            disks.join(" "),
          );
          // CPU, vCPUs and memory are read from the kernel: what is left is a disk's counters.
          const [quietest] = others.toSorted((a, b) => a.sent - b.sent);
          assert.ok(quietest);
          assert.deepEqual(perVm(quietest), quiet);
          const average =
            others.slice(1).reduce((sum, { sent }) => sum + sent, 0) / (others.length - 1) / VMS;
          t.diagnostic(
            `${first.sent / VMS} commands for each VM in the first cycle, ${average.toFixed(2)} on average`,
          );
          assert.ok(average < first.sent / VMS / 2, `${average} of ${first.sent / VMS}`);
        },
      );
    },
  );
}
