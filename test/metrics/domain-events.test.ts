/** What happens to a domain, as points: counters that belong to the domain and not to a run of its QEMU. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { systemClock } from "../../src/clock.ts";
import { DOMAIN_ROWS } from "../../src/metrics/definitions.ts";
import { DomainMeter, type DomainMeterOptions } from "../../src/metrics/domain-meter.ts";
import type { ResourcePoints } from "../../src/metrics/points.ts";
import { DomainHistory } from "../../src/readings/domain-history.ts";
import type { DomainReading, HypervisorReading } from "../../src/readings/domain.ts";
import type { ObservedEvent } from "../../src/readings/event-journal.ts";
import { domainReading, type Fields, hypervisorReading, second, secondNs } from "./readings.ts";

const EVENTS = "libvirt.domain.events";
const UUID = "11111111-2222-3333-4444-555555555555";

interface Point {
  readonly value: number | undefined;
  readonly startS: number | undefined;
  readonly timeS: number;
}

/** The readings' and the metrics' part of a domain's events together. */
class EventRun {
  readonly #meter: DomainMeter;
  readonly #history = new DomainHistory({ get: () => undefined });

  constructor(options: DomainMeterOptions = {}) {
    this.#meter = new DomainMeter({ rows: DOMAIN_ROWS, ...options });
  }

  read(domains: readonly DomainReading[], seconds: number, events: readonly ObservedEvent[] = []) {
    const listedAt = second(seconds);
    const reading: HypervisorReading = {
      ...hypervisorReading(domains, listedAt),
      ...this.#history.update(domains, { events, listedAt }),
    };
    const living = this.#meter.update(reading);
    const { gone, ended } = this.#meter;
    return { living: flat(living), gone: flat(gone), ended: flat(ended) };
  }
}

/** Points by `metric{attributes}`. */
function flat(all: readonly ResourcePoints[]): Record<string, Point> {
  const points: Record<string, Point> = {};
  for (const { metrics } of all) {
    for (const entry of metrics) {
      for (const point of entry.points) {
        if (!("value" in point)) continue;
        const { series, value, timeNs, startTimeNs, noRecordedValue } = point;
        const attributes = Object.values(series.attributes).join("/");
        const startNs = startTimeNs ?? series.startTimeNs;
        points[`${entry.metric.name}{${attributes}}`] = {
          value: noRecordedValue === true ? undefined : Number(value),
          startS: startNs === undefined ? undefined : seconds(startNs),
          timeS: seconds(timeNs),
        };
      }
    }
  }
  return points;
}

function seconds(timeNs: bigint): number {
  return Number(timeNs - secondNs(0)) / 1e9;
}

function lifecycle(type: string, detail: string, atS: number): ObservedEvent {
  const domain = { uuid: UUID, name: "web1", id: 1 };
  return { at: second(atS), event: { kind: "lifecycle", domain, type, detail } };
}

const web = (fields: Fields, atS: number, rest: Partial<DomainReading> = {}) =>
  domainReading(fields, second(atS), { uuid: UUID, ...rest });

test("the counters count since the domain is observed, through its restarts, and stay while it is off", () => {
  const run = new EventRun();
  run.read([web({ "cpu.time": 1 }, 1)], 0);
  const first = run.read([web({ "cpu.time": 2 }, 11)], 10, [
    lifecycle("suspended", "paused", 4),
    lifecycle("resumed", "unpaused", 5),
    lifecycle("suspended", "paused", 6),
  ]);
  assert.deepEqual(first.living[`${EVENTS}{suspended/paused}`], { value: 2, startS: 0, timeS: 10 });
  assert.deepEqual(first.living[`${EVENTS}{resumed/unpaused}`], { value: 1, startS: 0, timeS: 10 });

  const off = run.read([web({}, 21, { id: -1, process: undefined })], 20, [
    lifecycle("stopped", "destroyed", 15),
  ]);
  assert.deepEqual(off.living[`${EVENTS}{suspended/paused}`], { value: 2, startS: 0, timeS: 20 });
  assert.deepEqual(off.living[`${EVENTS}{stopped/destroyed}`], { value: 1, startS: 0, timeS: 20 });
  assert.deepEqual(Object.keys(off.ended), ["libvirt.domain.cpu.time{}"], "what was of the run has ended");

  const process = { pid: 5000, startedAtNs: secondNs(25) };
  const again = run.read([web({ "cpu.time": 1 }, 31, { id: 2, process })], 30, [
    lifecycle("started", "booted", 25),
  ]);
  assert.deepEqual(again.living[`${EVENTS}{suspended/paused}`], { value: 2, startS: 0, timeS: 30 });
  assert.deepEqual(again.living[`${EVENTS}{started/booted}`], { value: 1, startS: 0, timeS: 30 });
  assert.equal(again.living["libvirt.domain.cpu.time{}"]?.startS, 25);
  assert.deepEqual(again.ended, {});
});

test("a domain that goes is told of once more, and only then its series end", () => {
  const run = new EventRun();
  run.read([web({ "cpu.time": 1 }, 1)], 0);
  run.read([web({ "cpu.time": 1 }, 11)], 10, [lifecycle("suspended", "paused", 4)]);
  const last = run.read([], 20, [lifecycle("stopped", "destroyed", 14)]);
  assert.deepEqual(last.living, {});
  assert.deepEqual(last.gone, {
    [`${EVENTS}{suspended/paused}`]: { value: 1, startS: 0, timeS: 20 },
    [`${EVENTS}{stopped/destroyed}`]: { value: 1, startS: 0, timeS: 20 },
  });
  assert.deepEqual(Object.keys(last.ended).toSorted(), [
    "libvirt.domain.cpu.time{}",
    `${EVENTS}{stopped/destroyed}`,
    `${EVENTS}{suspended/paused}`,
  ]);
  for (const { value, timeS } of Object.values(last.ended)) {
    assert.equal(value, undefined);
    assert.ok(timeS > 20 && timeS <= 20.001);
  }
  assert.deepEqual(run.read([], 30), { living: {}, gone: {}, ended: {} });
});

test("a series' end comes after its last value also where both are of one millisecond", () => {
  const run = new EventRun();
  const { gone, ended } = run.read([], 20, [lifecycle("undefined", "removed", 20)]);
  const series = `${EVENTS}{undefined/removed}`;
  assert.ok((ended[series]?.timeS ?? 0) > (gone[series]?.timeS ?? Number.POSITIVE_INFINITY));
});

test("a migration away counts where the domain was", () => {
  const run = new EventRun();
  run.read([web({ "cpu.time": 1 }, 1)], 0);
  const { gone } = run.read([], 10, [lifecycle("stopped", "migrated", 4)]);
  assert.equal(gone["libvirt.domain.migrations{completed}"]?.value, 1);
});

test("as deltas each event is told once: a detail that is new, the last ones of a domain that goes", () => {
  const run = new EventRun({ temporality: "delta" });
  run.read([web({ "cpu.time": 1 }, 1)], 0);
  const a = run.read([web({ "cpu.time": 1 }, 11)], 10, [lifecycle("suspended", "paused", 4)]);
  assert.deepEqual(a.living[`${EVENTS}{suspended/paused}`], { value: 1, startS: 0, timeS: 10 });
  const b = run.read([web({ "cpu.time": 1 }, 21)], 20, [
    lifecycle("suspended", "paused", 14),
    lifecycle("suspended", "paused", 15),
    lifecycle("resumed", "unpaused", 16),
  ]);
  assert.deepEqual(b.living[`${EVENTS}{suspended/paused}`], { value: 2, startS: 10, timeS: 20 });
  assert.deepEqual(b.living[`${EVENTS}{resumed/unpaused}`], { value: 1, startS: 10, timeS: 20 });
  const c = run.read([], 30, [lifecycle("stopped", "failed", 24)]);
  assert.deepEqual(c.gone[`${EVENTS}{stopped/failed}`], { value: 1, startS: 20, timeS: 30 });
  assert.equal(c.gone[`${EVENTS}{suspended/paused}`]?.value, 0);
});

test("a domain that came and went between two readings has its events from its first one on", () => {
  for (const temporality of ["cumulative", "delta"] as const) {
    const run = new EventRun({ temporality });
    run.read([], 0);
    const { gone } = run.read([], 10, [
      lifecycle("started", "booted", 4),
      lifecycle("stopped", "shutdown", 6),
    ]);
    assert.deepEqual(gone[`${EVENTS}{started/booted}`], { value: 1, startS: 4, timeS: 10 });
    assert.deepEqual(gone[`${EVENTS}{stopped/shutdown}`], { value: 1, startS: 4, timeS: 10 });
  }
});

function withStatistics(statistics: DomainReading["statistics"]): DomainReading {
  return { ...web({}, 0), statistics };
}

test("a job's progress is what does not remain; its series end with it, not when it could not be read", () => {
  const meter = new DomainMeter({ rows: DOMAIN_ROWS });
  const at = systemClock.now();
  const values = { totalBytes: 1000, processedBytes: 2500, remainingBytes: 250, downtimeMs: 300 };
  const item = { path: ["migration_out"], parent: undefined, values };
  const points = flat(
    meter.update(hypervisorReading([withStatistics({ readAt: { job: at }, items: { job: [item] } })], at)),
  );
  const told = Object.entries(points).map(([name, { value }]) => [
    name.replace("libvirt.domain.job.", ""),
    value,
  ]);
  assert.deepEqual(Object.fromEntries(told), {
    "progress{migration_out}": 0.75,
    "data.limit{migration_out}": 1000,
    "data.usage{migration_out}": 2500,
    "data.remaining{migration_out}": 250,
    "downtime{migration_out}": 0.3,
  });
  meter.update(hypervisorReading([withStatistics({ readAt: {}, items: {} })], at));
  assert.deepEqual(meter.ended, []);
  meter.update(hypervisorReading([withStatistics({ readAt: { job: at }, items: { job: [] } })], at));
  assert.equal(Object.keys(flat(meter.ended)).length, 5);
});

test("the guest agent's state has a point for each of its states", () => {
  const history = new DomainHistory({ get: () => undefined });
  const description = {
    uuid: UUID,
    name: "web1",
    nics: [],
    disks: [],
    openstack: undefined,
    balloonPeriodS: undefined,
  };
  const read = (guestAgent: "connected" | "disconnected" | undefined) => {
    const domains = [web({}, 1, { description: { ...description, guestAgent } })];
    const { domains: completed } = history.update(domains, { events: [], listedAt: second(1) });
    return flat(new DomainMeter({ rows: DOMAIN_ROWS }).update(hypervisorReading(completed, second(1))));
  };
  const name = "libvirt.domain.guest.agent.status";
  const states = (points: Record<string, Point>) =>
    ["connected", "disconnected"].map((state) => points[`${name}{${state}}`]?.value);
  assert.deepEqual(states(read("connected")), [1, 0]);
  assert.deepEqual(states(read("disconnected")), [0, 1]);
  assert.deepEqual(states(read(undefined)), [undefined, undefined]);
  const without = [web({}, 1, { description })];
  const told = () => history.update(without, { events: [], listedAt: second(2) }).domains[0]?.statistics;
  assert.equal(told()?.readAt.agent, undefined, "that there is none any more was told once");
});
