import assert from "node:assert/strict";
import { test } from "node:test";

import { DOMAIN_ROWS } from "../../src/metrics/definitions.ts";
import { DomainMeter, type DomainMeterOptions } from "../../src/metrics/domain-meter.ts";
import type { MetricPoints } from "../../src/metrics/points.ts";
import type { DomainReading } from "../../src/readings/domain.ts";
import { domainReading, type Fields, hypervisorReading, second, secondNs } from "./readings.ts";

const STATUS_COUNT = 8;

/** A meter, and what ended with each of its readings. */
class EndingRun {
  readonly #meter: DomainMeter;

  constructor(options: DomainMeterOptions = {}) {
    this.#meter = new DomainMeter({ rows: DOMAIN_ROWS, ...options });
  }

  /** `name{attributes}` of everything that ended, one entry for each resource. */
  update(domains: readonly DomainReading[], seconds: number): string[][] {
    this.#meter.update(hypervisorReading(domains, second(seconds)));
    return this.#meter.ended.map(({ metrics }) => metrics.flatMap((entry) => namesOf(entry, seconds)));
  }

  read(fields: Fields, seconds: number, rest: Partial<DomainReading> = {}): string[][] {
    return this.update([domainReading(fields, second(seconds + 1), rest)], seconds);
  }

  get ended() {
    return this.#meter.ended;
  }
}

function namesOf({ metric, points }: MetricPoints, seconds: number): string[] {
  return points.map(({ series, timeNs, noRecordedValue }) => {
    assert.equal(noRecordedValue, true);
    assert.equal(timeNs, secondNs(seconds), "when the reading that no longer has it began");
    return `${metric.name.replace("libvirt.domain.", "")}${JSON.stringify(series.attributes).replaceAll('"', "")}`;
  });
}

const disk = (number: number, name: string): Fields => ({
  [`block.${number}.name`]: name,
  [`block.${number}.rd.reqs`]: 1,
});

test("a domain that has gone ends all its series, once, under its own resource", () => {
  const run = new EndingRun();
  const other = domainReading({ "cpu.time": 1 }, second(1), { uuid: "2" });
  run.update([domainReading({ "cpu.time": 1, "vcpu.maximum": 2, ...disk(0, "vda") }, second(1)), other], 0);
  assert.deepEqual(run.update([other], 10), [
    ["cpu.time{}", "vcpu.limit{}", "disk.operations{system.device:vda,disk.io.direction:read}"],
  ]);
  const uuid = run.ended[0]?.resource.attributes["libvirt.domain.uuid"];
  assert.equal(uuid, "11111111-2222-3333-4444-555555555555");
  assert.deepEqual(run.update([other], 20), []);
});

test("a domain that could not be read, or not wholly, has not ended", () => {
  const run = new EndingRun();
  run.read({ "state.state": 1, "cpu.time": 1, ...disk(0, "vda") }, 0);
  assert.deepEqual(run.read({ "state.state": 1 }, 10), []);
  assert.deepEqual(run.read({}, 20), []);
  assert.deepEqual(run.read({ "cpu.time": 2, ...disk(0, "vda") }, 30), []);
});

test("a disk that was unplugged ends, and its histograms with it; its neighbour that takes its number does not", () => {
  const run = new EndingRun();
  const histogram = {
    "block.0.latency_histogram.read.bin.count": 1,
    "block.0.latency_histogram.read.bin.0.start": 0,
    "block.0.latency_histogram.read.bin.0.value": 5,
  };
  run.read({ ...disk(0, "vda"), ...disk(1, "vdb"), ...histogram }, 0);
  assert.deepEqual(run.read(disk(0, "vdb"), 10), [
    [
      "disk.operations{system.device:vda,disk.io.direction:read}",
      "disk.operation.duration{system.device:vda,libvirt.disk.operation:read}",
    ],
  ]);
  assert.deepEqual(run.read(disk(0, "vdb"), 20), []);
});

test("NICs and vCPUs end as well", () => {
  const run = new EndingRun();
  const rest = { "net.0.name": "vnet0", "net.0.rx.bytes": 1, "vcpu.0.time": 1 };
  run.read({ ...rest, "net.1.name": "vnet1", "net.1.rx.bytes": 1, "vcpu.1.time": 1 }, 0);
  assert.deepEqual(run.read(rest, 10), [
    [
      "vcpu.time{cpu.logical_number:1}",
      "network.io{network.interface.name:vnet1,network.io.direction:receive}",
    ],
  ]);
});

test("a domain that is shut off keeps its state and ends the rest", () => {
  const run = new EndingRun();
  run.read({ "state.state": 1, "cpu.time": 1 }, 0);
  const [ended] = run.read({ "state.state": 5 }, 10, { id: -1, process: undefined });
  assert.deepEqual(ended, ["uptime{}", "cpu.time{}"]);
});

test("what a restarted domain has again has not ended", () => {
  const run = new EndingRun();
  run.read({ "cpu.time": 1, ...disk(0, "vda"), ...disk(1, "vdb") }, 0);
  const restarted = { id: 2, process: { pid: 5, startedAtNs: secondNs(5) } };
  assert.deepEqual(run.read({ "cpu.time": 1, ...disk(0, "vda") }, 10, restarted), [
    ["disk.operations{system.device:vdb,disk.io.direction:read}"],
  ]);
});

test("the reason for a state ends when there is another one", () => {
  const run = new EndingRun();
  run.read({ "state.state": 1, "state.reason": 1 }, 0);
  assert.deepEqual(run.read({ "state.state": 3, "state.reason": 1 }, 10), [
    ["state.reason{libvirt.domain.state:running,libvirt.domain.state.reason:booted}"],
  ]);
});

test("another name: all series of the old resource end, or of the old attributes", () => {
  for (const identity of ["resource", "attributes"] as const) {
    const run = new EndingRun({ resource: { identity } });
    run.read({ "state.state": 5 }, 0, { id: -1, process: undefined });
    const [ended = []] = run.read({ "state.state": 5 }, 10, { id: -1, process: undefined, name: "web2" });
    assert.equal(ended.length, STATUS_COUNT, identity);
    assert.equal(run.ended[0]?.resource.attributes["libvirt.domain.name"], "web1");
  }
});

test("another resource under the same attributes ends nothing for who looks at attributes alone", () => {
  const openstack = {
    instanceName: "web",
    projectId: "p",
    projectName: undefined,
    userId: undefined,
    flavorName: undefined,
  };
  const described = {
    description: { uuid: "1", name: "web1", nics: [], disks: [], openstack, balloonPeriodS: undefined },
  };
  for (const [identity, count] of [
    ["resource", 1],
    ["attributes", 0],
  ] as const) {
    const run = new EndingRun({ resource: { identity } });
    run.read({ "cpu.time": 1 }, 0);
    assert.equal(run.read({ "cpu.time": 2 }, 10, described).length, count, identity);
  }
});

test("a series of deltas ends by itself; gauges and up-down counters beside it do not", () => {
  const run = new EndingRun({ temporality: "delta" });
  run.read({ "state.state": 1, "cpu.time": 1, "vcpu.maximum": 2 }, 0);
  const [ended = []] = run.update([], 10);
  assert.equal(ended.includes("cpu.time{}"), false);
  assert.ok(ended.includes("uptime{}"));
  assert.ok(ended.includes("vcpu.limit{}"));
});
