import assert from "node:assert/strict";
import { test } from "node:test";

import { DomainMeter } from "../../src/metrics/domain-meter.ts";
import type { ResourcePoints, Series } from "../../src/metrics/points.ts";
import { collectGarbage } from "../collect-garbage.ts";
import { domainReading, type Fields, hypervisorReading, second } from "./readings.ts";

const CHURN = 2000;

const disk = (name: string): Fields => ({ "block.0.name": name, "block.0.rd.reqs": 1 });

function seriesOf(points: readonly ResourcePoints[]): WeakRef<Series>[] {
  return points.flatMap(({ metrics }) =>
    metrics.flatMap((metric) => metric.points.map(({ series }) => new WeakRef(series))),
  );
}

/** Feeds readings one after another and returns how many series of all that there ever were are still held. */
async function heldAfter(
  meter: DomainMeter,
  readingOf: (number: number) => ReturnType<typeof domainReading>,
) {
  const ever: WeakRef<Series>[] = [];
  for (let number = 0; number < CHURN; number++) {
    ever.push(...seriesOf(meter.update(hypervisorReading([readingOf(number)]))));
  }
  // A WeakRef keeps what it refers to alive until the current job ends.
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  collectGarbage();
  assert.ok(ever.length >= CHURN);
  return new Set(ever.map((reference) => reference.deref()).filter((series) => series !== undefined)).size;
}

test("2,000 domains that come and go leave no state behind", async () => {
  const meter = new DomainMeter();
  const held = await heldAfter(meter, (number) =>
    domainReading({ "cpu.time": 1, ...disk("vda") }, second(number), {
      uuid: `00000000-0000-0000-0000-${String(number).padStart(12, "0")}`,
    }),
  );
  assert.equal(meter.domainCount, 1);
  // cpu.time and disk.operations of the last domain, and of the one before it, which has just ended.
  assert.equal(held, 4);
  assert.deepEqual(meter.update(hypervisorReading([])), []);
  assert.equal(meter.domainCount, 0);
});

test("2,000 disks that are plugged into one domain and unplugged leave no state behind", async () => {
  const held = await heldAfter(new DomainMeter(), (number) =>
    domainReading(disk(`vd${number}`), second(number)),
  );
  assert.equal(held, 2);
});

test("2,000 starts of one domain leave no state behind", async () => {
  const held = await heldAfter(new DomainMeter(), (number) =>
    domainReading({ "cpu.time": 1, ...disk("vda") }, second(number), { id: number + 1 }),
  );
  assert.equal(held, 2);
});

test("a uuid that a reading has twice is one domain", () => {
  const reading = domainReading({ "cpu.time": 1 }, second(0));
  assert.equal(new DomainMeter().update(hypervisorReading([reading, reading])).length, 1);
});

test("a domain of which nothing was read has no entry, and is remembered", () => {
  const meter = new DomainMeter();
  assert.deepEqual(meter.update(hypervisorReading([domainReading({}, second(0))])), []);
  assert.equal(meter.domainCount, 1);
});

test("only rows that are on are exported unless others are asked for", () => {
  const reading = domainReading({ "vcpu.0.state": 1, "vcpu.0.time": 1 }, second(0));
  const names = new DomainMeter()
    .update(hypervisorReading([reading]))
    .flatMap(({ metrics }) => metrics.map(({ metric }) => metric.name));
  assert.deepEqual(names, ["libvirt.domain.vcpu.time"]);
});
