import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { toJson } from "../../src/metrics/json.ts";
import { description, type Fields, hypervisorReading, domainReading, second, TestMeter } from "./readings.ts";

const RECORDED = "../fixtures/domstats/12.8.0/running-1-disks-1-nics-1-vcpus.txt";

/** What virsh domstats printed, as typed parameters: numbers are numbers, all else text. */
function recorded(): Fields {
  const text = readFileSync(new URL(RECORDED, import.meta.url), "utf8");
  const fields = [...text.matchAll(/^ {2}([^=]+)=(.*)$/gm)].map(([, name = "", value = ""]) => [
    name,
    /^-?[\d.]+$/.test(value) ? Number(value) : value,
  ]);
  return Object.fromEntries(fields) as Fields;
}

test("two readings of a recorded domain are printed as the golden file has them", () => {
  const golden = new URL("../golden/domain-points.json", import.meta.url);
  const fields = recorded();
  const { meter } = new TestMeter();
  const nics = [{ target: "vnet16", mac: "52:54:00:00:00:01", alias: "net0" }];
  const rest = { name: "guest-new-9 with spaces", description: description(nics) };
  meter.update(hypervisorReading([domainReading(fields, second(0), rest)]));
  const later = {
    ...fields,
    "cpu.time": Number(fields["cpu.time"]) + 2_500_000_000,
    "block.0.rd.reqs": Number(fields["block.0.rd.reqs"]) + 4,
    "block.0.rd.times": Number(fields["block.0.rd.times"]) + 1_000_000,
  };
  const json = toJson(meter.update(hypervisorReading([domainReading(later, second(10), rest)])));
  assert.deepEqual(json, JSON.parse(readFileSync(golden, "utf8")));
});

test("whole numbers beyond 2^53 and times are text, gauges have no start", () => {
  const fields = { "balloon.maximum": 2n ** 53n, "vcpu.maximum": 3, "state.state": 1 };
  const points = new TestMeter().read(fields, second(0));
  assert.ok(points.all);
  const [resource] = toJson([points.all]);
  const printed = (name: string) => resource?.metrics[`libvirt.domain.${name}`]?.points[0];
  assert.equal(printed("memory.limit")?.value, (2n ** 63n).toString());
  assert.deepEqual(printed("vcpu.limit"), {
    attributes: {},
    start: "1799999000000000000",
    time: "1800000000000000000",
    value: 3,
  });
  assert.deepEqual(printed("uptime"), { attributes: {}, time: "1800000000000000000", value: 1000 });
});

function histogramOf(fields: Fields): unknown {
  const { all } = new TestMeter().read(fields, second(0));
  const [resource] = toJson(all === undefined ? [] : [all]);
  return resource?.metrics["libvirt.domain.disk.operation.duration"]?.points[0]?.value;
}

test("a histogram's value holds its count, sum, bounds and buckets; an unknown sum is left out", () => {
  const bins: Fields = {
    "block.0.name": "vda",
    "block.0.latency_histogram.read.bin.count": 2,
    "block.0.latency_histogram.read.bin.0.start": 0,
    "block.0.latency_histogram.read.bin.0.value": 2n ** 53n,
    "block.0.latency_histogram.read.bin.1.start": 1_000_000,
    "block.0.latency_histogram.read.bin.1.value": 1,
  };
  const value = {
    count: "9007199254740993",
    bounds: [0.001],
    buckets: ["9007199254740992", 1],
  };
  assert.deepEqual(histogramOf(bins), value);
  assert.deepEqual(histogramOf({ ...bins, "block.0.rd.times": 5e8 }), { ...value, sum: 0.5 });
});
