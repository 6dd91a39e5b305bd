import assert from "node:assert/strict";
import { test } from "node:test";

import type { DiskDescription } from "../../src/readings/domain.ts";
import { type AskContext, ReadingSchedule } from "../../src/readings/reading-schedule.ts";
import type { StatisticsGroup } from "../../src/readings/statistics-fields.ts";
import { domainReading, description, type Fields, second } from "../metrics/readings.ts";

const CYCLE_MS = 10_000;
const SLOW_MS = 120_000;
const MASK = { state: 1, cpu: 2, balloon: 4, vcpu: 8, interface: 16, block: 32 };
const ALL: readonly StatisticsGroup[] = [
  "state",
  "interface",
  "cpu",
  "cpu-monitor",
  "haltpoll",
  "balloon",
  "rss",
  "vcpu",
  "vcpu-count",
  "block",
  "block-size",
  "block-detail",
];
const LOCAL: ReadonlySet<StatisticsGroup> = new Set(["cpu", "vcpu", "rss"]);
const domain = { name: "web1", uuid: "80000000-0000-0000-0000-000000000001", id: 7 };

function disks(count: number): Fields {
  const named = Array.from({ length: count }, (_, index) => [
    [`block.${index}.name`, `vd${"abcdef"[index] ?? ""}`],
    [`block.${index}.rd.reqs`, 5],
  ]);
  return Object.fromEntries(named.flat()) as Fields;
}

/** A domain over time: what is asked of it in each cycle is given, and counts as read. */
class Domain {
  readonly schedule: ReadingSchedule;
  fields: Fields = disks(1);
  elsewhere: ReadonlySet<StatisticsGroup> = LOCAL;
  periodS: number | undefined;
  disks: readonly DiskDescription[] = [];
  singleDisksPay = true;
  nowMs = 0;

  constructor(
    groups: Iterable<StatisticsGroup> = ALL,
    intervalsMs: Partial<Record<StatisticsGroup, number>> = {},
  ) {
    const pace = { cycleMs: CYCLE_MS, slowIntervalMs: SLOW_MS, intervalsMs, stretchAboveMs: 5000 };
    this.schedule = new ReadingSchedule(new Set(groups), pace);
  }

  cycle(): { readonly mask: number; readonly disks: readonly string[] } {
    const { statistics } = domainReading(this.fields, second(0));
    const context: AskContext = {
      nowMs: this.nowMs,
      elsewhere: this.elsewhere,
      lastKnown: this.nowMs === 0 ? undefined : statistics,
      description: { ...description([]), disks: this.disks, balloonPeriodS: this.periodS },
      singleDisksPay: this.singleDisksPay,
    };
    const ask = this.schedule.ask(domain, context);
    this.schedule.read(domain, ask.mask, { nowMs: this.nowMs, statistics });
    if (ask.disks.length > 0) this.schedule.readDisks(domain, this.nowMs);
    this.nowMs += CYCLE_MS;
    return ask;
  }

  /** How often each mask was asked for in so many cycles. */
  count(cycles: number): Record<number, number> {
    const counts: Record<number, number> = {};
    for (let cycle = 0; cycle < cycles; cycle++) {
      const { mask } = this.cycle();
      counts[mask] = (counts[mask] ?? 0) + 1;
    }
    return counts;
  }
}

const FAST = MASK.state | MASK.interface;
const EVERYTHING = 0x3f;

test("all that is wanted at first, then what changes all the time, and the rest once in a slow interval", () => {
  const web = new Domain();
  assert.deepEqual(web.cycle(), { mask: EVERYTHING, disks: [] });
  const hour = web.count(360);
  assert.deepEqual(hour, { [FAST]: 330, [EVERYTHING]: 30 });
});

test("where a single disk costs no less, the group is asked", () => {
  const web = new Domain();
  web.singleDisksPay = false;
  web.cycle();
  assert.deepEqual(web.cycle(), { mask: FAST | MASK.block, disks: [] });
});

test("the counters of one disk are asked alone, of more by the group", () => {
  for (const [count, single] of [
    [0, true],
    [1, true],
    [2, false],
    [3, false],
    [6, false],
  ] as const) {
    const web = new Domain();
    web.fields = disks(count);
    web.cycle();
    const names = ["vda", "vdb", "vdc", "vdd", "vde", "vdf"].slice(0, count);
    const expected = single ? { mask: FAST, disks: names } : { mask: FAST | MASK.block, disks: [] };
    assert.deepEqual(web.cycle(), expected, `${count} disks`);
  }
});

test("a drive without a medium has no counters and is not asked", () => {
  const web = new Domain();
  web.fields = { ...disks(1), "block.1.name": "sda", "block.1.rd.reqs": 0 };
  web.disks = [
    { type: "file", target: "vda", alias: undefined, source: "/x.qcow2" },
    { type: "file", target: "sda", alias: undefined, source: undefined },
  ];
  web.cycle();
  assert.deepEqual(web.cycle().disks, ["vda"]);
});

test("disks with statistics of their own are read by the group, and so are those that refused", () => {
  const timed = new Domain();
  timed.fields = { ...disks(1), "block.0.timed_group.count": 1, "block.0.timed_group.0.interval": 10 };
  timed.cycle();
  assert.deepEqual(timed.cycle(), { mask: FAST | MASK.block, disks: [] });

  const refused = new Domain();
  refused.cycle();
  refused.schedule.setNeedsBulk(domain);
  for (let cycle = 0; cycle < 3; cycle++) {
    assert.deepEqual(refused.cycle(), { mask: FAST | MASK.block, disks: [] });
  }
});

test("what cannot be read from the kernel is asked in every cycle", () => {
  const web = new Domain();
  web.elsewhere = new Set();
  web.cycle();
  assert.equal(web.cycle().mask, FAST | MASK.cpu | MASK.vcpu | MASK.balloon);
});

test("the guest's memory as often as its driver tells it, and seldom when it does not", () => {
  const alive = new Domain(["state", "balloon"]);
  alive.periodS = 30;
  let update = 100;
  const asked: number[] = [];
  for (let cycle = 0; cycle < 13; cycle++) {
    alive.fields = { "balloon.last-update": update++ };
    if (alive.cycle().mask !== MASK.state) asked.push(cycle);
  }
  assert.deepEqual(asked, [0, 1, 4, 7, 10]);

  const dead = new Domain(["state", "balloon"]);
  dead.periodS = 10;
  dead.fields = { "balloon.last-update": 100 };
  assert.deepEqual(dead.count(4 + 120), { [MASK.state]: 110, [MASK.state | MASK.balloon]: 14 });

  const without = new Domain(["state", "balloon"]);
  assert.deepEqual(without.count(121), { [MASK.state]: 110, [MASK.state | MASK.balloon]: 11 });
});

test("an interval can be chosen for each group", () => {
  const web = new Domain(["state", "cpu", "block", "block-size"], { cpu: 60_000, "block-size": 0 });
  web.elsewhere = new Set();
  web.cycle();
  const masks = Array.from({ length: 6 }, () => web.cycle().mask);
  const everyCycle = MASK.state | MASK.block;
  assert.deepEqual(
    masks,
    [0, 0, 0, 0, 0, MASK.cpu].map((cpu) => everyCycle | cpu),
  );
});

test("slow groups of many domains are not all read in one cycle", () => {
  const schedule = new ReadingSchedule(new Set(["state", "block-size"]), {
    cycleMs: CYCLE_MS,
    slowIntervalMs: SLOW_MS,
    stretchAboveMs: 5000,
  });
  const many = Array.from({ length: 120 }, (_, index) => ({
    name: `vm${index}`,
    uuid: `${Math.floor((index / 120) * 0x1_0000)
      .toString(16)
      .padStart(4, "0")}0000-0000-0000-0000-000000000000`,
    id: index,
  }));
  const perCycle: number[] = [];
  for (let nowMs = 0; nowMs <= 2 * SLOW_MS; nowMs += CYCLE_MS) {
    let slow = 0;
    for (const each of many) {
      const context = {
        nowMs,
        elsewhere: new Set<never>(),
        lastKnown: undefined,
        description: undefined,
        singleDisksPay: true,
      };
      const { mask } = schedule.ask(each, context);
      if (mask !== MASK.state) slow += 1;
      schedule.read(each, mask, { nowMs, statistics: undefined });
    }
    perCycle.push(slow);
  }
  assert.equal(perCycle[0], 120);
  assert.ok(Math.max(...perCycle.slice(1)) <= 16, perCycle.join(" "));
  assert.equal(
    perCycle.slice(13).reduce((sum, count) => sum + count),
    120,
  );
});

test("stretched, all that goes to monitors is asked less often", () => {
  const web = new Domain();
  web.cycle();
  assert.equal(web.schedule.tookMs(5001), true);
  assert.equal(web.schedule.stretch, 2);
  const asked = Array.from({ length: 6 }, () => web.cycle());
  assert.deepEqual(
    asked.map(({ disks: { length } }) => length),
    [0, 1, 0, 1, 0, 1],
  );
  assert.ok(asked.every(({ mask }) => (mask & FAST) === FAST));
});

test("another instance of the domain, one that was away, and one to which something happened are asked everything", () => {
  const web = new Domain();
  web.cycle();
  const context: AskContext = {
    nowMs: web.nowMs,
    elsewhere: LOCAL,
    lastKnown: undefined,
    description: undefined,
    singleDisksPay: true,
  };
  assert.equal(web.schedule.ask({ ...domain, id: 8 }, context).mask, EVERYTHING);
  web.schedule.forget(domain.uuid);
  assert.equal(web.cycle().mask, EVERYTHING);
  web.schedule.keep([]);
  assert.equal(web.cycle().mask, EVERYTHING);
});

test("of vNICs that the kernel tells libvirt is asked seldom, for one that was plugged in unseen", () => {
  const web = new Domain(["state", "interface"]);
  web.elsewhere = new Set<StatisticsGroup>(["interface"]);
  assert.equal(web.cycle().mask, FAST);
  assert.deepEqual(web.count(120), { [MASK.state]: 110, [FAST]: 10 });
  web.elsewhere = new Set();
  assert.equal(web.schedule.tookMs(5001), true);
  assert.deepEqual(web.count(3), { [FAST]: 3 }, "where the kernel does not tell it nothing is left out");
});
