import assert from "node:assert/strict";
import { test } from "node:test";

import { agentResource, domainResource } from "../../src/metrics/resources.ts";
import { description, domainReading, HYPERVISOR, second, TestMeter } from "./readings.ts";

const UUID = "11111111-2222-3333-4444-555555555555";
const OPENSTACK = {
  instanceName: "shop",
  projectId: "p1",
  projectName: "retail",
  userId: undefined,
  flavorName: "m1.small",
};
const reading = domainReading({ "cpu.time": 1 }, second(0));

test("a domain's resource is who it is and where", () => {
  assert.deepEqual(domainResource(reading, HYPERVISOR), {
    "host.name": "kvm7",
    "host.id": "0123456789abcdef0123456789abcdef",
    "service.name": "kvmeter",
    "service.instance.id": UUID,
    "libvirt.domain.uuid": UUID,
    "libvirt.domain.name": "web1",
  });
  assert.ok(!("host.id" in domainResource(reading, { hostName: "far", hostId: undefined })));
});

test("nova's metadata is on the resource, as far as it goes", () => {
  const nova = { ...description([]), openstack: OPENSTACK };
  const attributes = domainResource({ ...reading, description: nova }, HYPERVISOR);
  const own = Object.entries(attributes).filter(([name]) => name.startsWith("openstack."));
  assert.deepEqual(Object.fromEntries(own), {
    "openstack.instance.name": "shop",
    "openstack.project.id": "p1",
    "openstack.project.name": "retail",
    "openstack.flavor.name": "m1.small",
  });
});

test("an operator's attributes are added and win, but never over a domain's identity", () => {
  const attributes = domainResource(reading, HYPERVISOR, {
    serviceName: "vms",
    attributes: {
      "deployment.environment.name": "lab",
      "host.name": "rack3",
      "service.name": "weaker",
      "service.instance.id": "one",
      "libvirt.domain.uuid": "one",
    },
  });
  assert.equal(attributes["deployment.environment.name"], "lab");
  assert.equal(attributes["host.name"], "rack3");
  assert.equal(attributes["service.name"], "vms");
  assert.equal(attributes["service.instance.id"], UUID);
  assert.equal(attributes["libvirt.domain.uuid"], UUID);
  const fromEnvironment = { attributes: { "service.name": "vms" } };
  assert.equal(domainResource(reading, HYPERVISOR, fromEnvironment)["service.name"], "vms");
});

test("the agent's resource is its process", () => {
  const agent = { version: "1.2.3", instanceId: "i-1", hostName: "kvm7", pid: 99 };
  assert.deepEqual(agentResource(agent, { attributes: { region: "eu" } }), {
    "host.name": "kvm7",
    "service.instance.id": "i-1",
    region: "eu",
    "service.name": "kvmeter",
    "service.version": "1.2.3",
    "process.pid": 99,
  });
});

test("the resource is one object as long as its attributes are the same", () => {
  const meter = new TestMeter();
  const read = (seconds: number, rest: Parameters<typeof domainReading>[2]) => {
    const { all } = meter.read({ "cpu.time": seconds }, second(seconds), rest);
    assert.ok(all);
    return all;
  };
  const first = read(0, { description: description([]) });
  assert.equal(read(10, { description: description([]) }).resource, first.resource, "the XML was read again");
  assert.equal(read(20, {}).resource, first.resource, "the XML could not be read");
  const renamed = read(30, { name: "web2" });
  assert.notEqual(renamed.resource, first.resource);
  assert.equal(renamed.resource.attributes["libvirt.domain.name"], "web2");
});

test("identity: attributes puts uuid and name on every point as well", () => {
  const meter = new TestMeter({ resource: { identity: "attributes" } });
  const fields = { "state.state": 1, "vcpu.0.time": 1, "block.0.name": "vda", "block.0.rd.reqs": 1 };
  const { all } = meter.read(fields, second(0));
  assert.equal(all?.resource.attributes["libvirt.domain.uuid"], UUID);
  const series = all.metrics.flatMap(({ points }) => points.map((point) => point.series.attributes));
  assert.ok(series.length > 10);
  for (const attributes of series) {
    assert.equal(attributes["libvirt.domain.uuid"], UUID);
    assert.equal(attributes["libvirt.domain.name"], "web1");
  }
});
