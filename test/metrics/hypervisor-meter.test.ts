import assert from "node:assert/strict";
import { test } from "node:test";

import { HYPERVISOR_METRICS } from "../../src/metrics/definitions.ts";
import { HypervisorMeter } from "../../src/metrics/hypervisor-meter.ts";
import type { ToldRow } from "../../src/metrics/rows.ts";
import { requiredGroups } from "../../src/metrics/selection.ts";
import type { DomainReading } from "../../src/readings/domain.ts";
import type { ConnectionReading } from "../../src/readings/hypervisor-facts.ts";
import { domainReading, EPOCH_NS, HYPERVISOR, hypervisorReading, second, TestPoints } from "./readings.ts";

const URI = { "libvirt.uri": "qemu:///system" };
const FACTS = {
  libvirtVersion: "12.8.0",
  driver: "QEMU",
  driverVersion: "11.1.0",
  architecture: "x86_64",
  cpus: 8,
  memoryKiB: 16_777_216,
};

function connection(seconds: number, rest: Partial<ConnectionReading> = {}): ConnectionReading {
  return {
    uri: "qemu:///system",
    at: second(seconds),
    connected: true,
    identity: HYPERVISOR,
    facts: FACTS,
    ...rest,
  };
}

function meter(rows?: readonly ToldRow[]): HypervisorMeter {
  return new HypervisorMeter({ startedAtNs: EPOCH_NS - 1n, ...(rows && { rows }) });
}

function started(uuid: string, vcpus: number, memoryKiB: number): DomainReading {
  const fields = { "state.state": 1, "vcpu.current": vcpus, "balloon.current": memoryKiB };
  return domainReading(fields, second(0), { uuid });
}

const running = started("u-1", 4, 1024);
const paused = domainReading({ "state.state": 3, "vcpu.current": 2, "balloon.current": 1000 }, second(0), {
  uuid: "u-2",
});
const off = domainReading({ "state.state": 5, "vcpu.current": 8, "balloon.current": 9999 }, second(0), {
  uuid: "u-3",
  id: -1,
});

/** A domain that does not answer: its state is known, not what it has. */
function silent(uuid: string, id = 1): DomainReading {
  return domainReading({ "state.state": 1 }, second(1), { uuid, id });
}

test("a connected hypervisor: what it is, its domains by state, what they were given", () => {
  const points = meter().update(connection(0), hypervisorReading([running, paused, off]));
  assert.deepEqual(points.resource.attributes, {
    "host.name": HYPERVISOR.hostName,
    "host.id": HYPERVISOR.hostId,
    "host.arch": "amd64",
    "os.type": "linux",
    "service.instance.id": `${HYPERVISOR.hostId}/qemu:///system`,
    "service.name": "kvmeter",
  });
  const told = new TestPoints(points);
  assert.deepEqual(
    told.names,
    HYPERVISOR_METRICS.map(({ name }) => name),
  );
  assert.deepEqual(told.values("libvirt.connection.status"), [
    [{ ...URI, "libvirt.connection.state": "connected" }, 1],
    [{ ...URI, "libvirt.connection.state": "disconnected" }, 0],
  ]);
  assert.deepEqual(told.values("libvirt.host.info"), [
    [
      {
        ...URI,
        "libvirt.version": "12.8.0",
        "libvirt.driver": "QEMU",
        "libvirt.driver.version": "11.1.0",
      },
      1,
    ],
  ]);
  const counts = new Map(
    told
      .values("libvirt.host.domain.count")
      .map(([attributes, value]) => [attributes["libvirt.domain.state"], value]),
  );
  assert.equal([...counts.values()].filter((count) => count === 0).length, 5);
  assert.deepEqual([counts.get("running"), counts.get("paused"), counts.get("shutoff")], [1, 1, 1]);
  assert.deepEqual(told.values("libvirt.host.vcpu.allocated"), [[URI, 6]]);
  assert.deepEqual(told.values("libvirt.host.memory.allocated"), [[URI, 2024 * 1024]]);
});

test("while libvirt is away only that is told, as long as it lasts, and the series goes on", () => {
  const hypervisor = meter();
  const before = hypervisor.update(connection(0), hypervisorReading([running]));
  const away = hypervisor.update(connection(1, { connected: false }), undefined);
  assert.equal(away.resource, before.resource);
  const told = new TestPoints(away);
  assert.deepEqual(told.names, ["libvirt.connection.status"]);
  assert.deepEqual(
    told.values("libvirt.connection.status").map(([, value]) => value),
    [0, 1],
  );
  assert.equal(away.metrics[0]?.points[0]?.series, before.metrics[0]?.points[0]?.series);
});

test("a domain that does not answer keeps its share; another instance of it has none yet", () => {
  const hypervisor = meter();
  hypervisor.update(connection(0), hypervisorReading([running, paused]));
  const kept = hypervisor.update(connection(1), hypervisorReading([silent("u-1"), paused]));
  assert.deepEqual(new TestPoints(kept).values("libvirt.host.vcpu.allocated"), [[URI, 6]]);
  const restarted = hypervisor.update(connection(2), hypervisorReading([silent("u-1", 2), paused]));
  assert.ok(!new TestPoints(restarted).names.includes("libvirt.host.vcpu.allocated"));
  const gone = hypervisor.update(connection(3), hypervisorReading([paused]));
  assert.deepEqual(new TestPoints(gone).values("libvirt.host.vcpu.allocated"), [[URI, 2]]);
});

test("a sum from which something is missing is not told", () => {
  const unread = domainReading({}, second(0), { uuid: "u-9" });
  const told = new TestPoints(meter().update(connection(0), hypervisorReading([running, unread])));
  assert.deepEqual(told.names, ["libvirt.connection.status", "libvirt.host.info"]);
});

test("a hypervisor that was never reached is known by its host alone", () => {
  const points = meter().update(connection(0, { connected: false, facts: undefined }), undefined);
  assert.equal(points.resource.attributes["host.arch"], undefined);
  assert.deepEqual(new TestPoints(points).names, ["libvirt.connection.status"]);
});

test("only wanted rows are told, and only they need statistics", () => {
  const status = HYPERVISOR_METRICS.filter(({ name }) => name === "libvirt.connection.status");
  const told = new TestPoints(meter(status).update(connection(0), hypervisorReading([running])));
  assert.deepEqual(told.names, ["libvirt.connection.status"]);
  assert.deepEqual([...requiredGroups([], status)], ["state"]);
  assert.deepEqual([...requiredGroups([], HYPERVISOR_METRICS)], ["state", "vcpu-count", "balloon"]);
});
