import assert from "node:assert/strict";
import { test } from "node:test";

import { DOMAIN_ROWS } from "../../src/metrics/definitions.ts";
import { DomainMeter } from "../../src/metrics/domain-meter.ts";
import { domainReading, type Fields, hypervisorReading, second, secondNs, TestPoints } from "./readings.ts";

const CPU = "libvirt.domain.cpu.time";
const RSS = "libvirt.domain.memory.rss";
const LATENCY = "libvirt.domain.disk.latency";
const DURATION = "libvirt.domain.disk.operation.duration";
const FIVE_MINUTES_NS = 300_000_000_000n;

/** What is known after readings of one domain: what each of them has, by its second. */
function known(
  readings: Readonly<Record<number, Fields | undefined>>,
  withinNs = FIVE_MINUTES_NS,
): TestPoints {
  const meter = new DomainMeter({ rows: DOMAIN_ROWS });
  for (const [seconds, fields] of Object.entries(readings)) {
    const at = second(Number(seconds));
    meter.update(hypervisorReading(fields === undefined ? [] : [domainReading(fields, at)], at));
  }
  const [points, ...others] = meter.holding(withinNs);
  assert.deepEqual(others, []);
  return new TestPoints(points);
}

test("what was not read in the last cycle is known as it was read before, with its time", () => {
  const points = known({ 0: { "cpu.time": 1e9, "balloon.rss": 7 }, 10: { "cpu.time": 2e9 } });
  assert.equal(points.value(CPU), 2);
  assert.equal(points.value(RSS), 7 * 1024);
  assert.equal(points.numbers(RSS)[0]?.timeNs, secondNs(0));
  assert.equal(points.numbers(CPU)[0]?.timeNs, secondNs(10));
});

test("what was read too long ago is not known any more", () => {
  const readings = { 0: { "cpu.time": 1e9, "balloon.rss": 7 }, 300: { "cpu.time": 2e9 } };
  assert.deepEqual(known(readings).names, [CPU, RSS]);
  assert.deepEqual(known(readings, FIVE_MINUTES_NS - 1n).names, [CPU]);
});

function disk(reads: number): Fields {
  return {
    "block.0.name": "vda",
    "block.0.rd.reqs": reads,
    "block.0.rd.times": reads * 1000,
  };
}

test("what its group's last reading had nothing of is not known", () => {
  assert.equal(known({ 0: disk(1), 10: disk(3) }).value(LATENCY), 1e-6);
  assert.equal(known({ 0: disk(1), 10: disk(3), 20: disk(3) }).value(LATENCY), undefined, "no operations");
});

test("a histogram is known with its buckets", () => {
  const bins = "block.0.latency_histogram.read.bin";
  const fields = {
    "block.0.name": "vda",
    [`${bins}.count`]: 1,
    [`${bins}.0.start`]: 0,
    [`${bins}.0.value`]: 5,
  };
  const [histogram] = known({ 0: fields, 10: { "cpu.time": 1e9 } }).histograms(DURATION);
  assert.deepEqual(histogram?.bucketCounts, [5]);
  assert.equal(histogram.timeNs, secondNs(0));
});

test("of a domain that is gone nothing is known", () => {
  const meter = new DomainMeter();
  meter.update(hypervisorReading([domainReading({ "cpu.time": 1e9 }, second(0))], second(0)));
  meter.update(hypervisorReading([], second(10)));
  assert.deepEqual(meter.holding(FIVE_MINUTES_NS), []);
});
