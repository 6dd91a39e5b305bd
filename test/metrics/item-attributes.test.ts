import assert from "node:assert/strict";
import { test } from "node:test";

import { description, type Fields, second, TestMeter } from "./readings.ts";

const IO = "libvirt.domain.network.io";
const nic = (number: number, name: string): Fields => ({
  [`net.${number}.name`]: name,
  [`net.${number}.rx.bytes`]: 1,
});
const attributesOf = (fields: Fields, nics?: Parameters<typeof description>[0]) =>
  new TestMeter()
    .read(fields, second(0), { description: nics === undefined ? undefined : description(nics) })
    .values(IO)
    .map(([attributes]) => {
      const { "network.io.direction": direction, ...rest } = attributes;
      assert.equal(direction, "receive");
      return rest;
    });

test("the MAC comes from the XML's interface with the same tap, whatever its position", () => {
  const nics = [
    { target: "vnet1", mac: "52:54:00:00:00:aa" },
    { target: "vnet0", mac: "52:54:00:00:00:bb" },
  ];
  assert.deepEqual(attributesOf(nic(0, "vnet0"), nics), [
    { "network.interface.name": "vnet0", "libvirt.interface.mac": "52:54:00:00:00:bb" },
  ]);
});

test("without taps in the XML the position tells", () => {
  const nics = [{ mac: "52:54:00:00:00:aa" }, { mac: "52:54:00:00:00:bb" }];
  assert.deepEqual(attributesOf(nic(1, "vnet9"), nics), [
    { "network.interface.name": "vnet9", "libvirt.interface.mac": "52:54:00:00:00:bb" },
  ]);
});

test("an XML that names another tap at that position says nothing of this one", () => {
  const nics = [{ target: "vnet3", mac: "52:54:00:00:00:aa" }];
  assert.deepEqual(attributesOf(nic(0, "vnet8"), nics), [{ "network.interface.name": "vnet8" }]);
});

test("SR-IOV interfaces, whose names are empty, stay apart", () => {
  const nics = [{ alias: "hostdev0", mac: "52:54:00:00:00:aa" }, { mac: "52:54:00:00:00:bb" }];
  assert.deepEqual(attributesOf({ ...nic(0, ""), ...nic(1, ""), ...nic(2, "") }, nics), [
    { "network.interface.name": "hostdev0", "libvirt.interface.mac": "52:54:00:00:00:aa" },
    { "network.interface.name": "52:54:00:00:00:bb", "libvirt.interface.mac": "52:54:00:00:00:bb" },
    { "network.interface.name": "net.2" },
  ]);
});

test("an XML that is read again without change changes no series", () => {
  const meter = new TestMeter();
  const nics = [{ target: "vnet0", mac: "52:54:00:00:00:aa" }];
  const read = (seconds: number, xml: boolean) =>
    meter
      .read(nic(0, "vnet0"), second(seconds), { description: xml ? description(nics) : undefined })
      .numbers(IO)[0];
  const first = read(0, true);
  assert.equal(read(10, true)?.series, first?.series);
  assert.equal(read(20, false)?.series, first?.series, "nor one that could not be read");
});
