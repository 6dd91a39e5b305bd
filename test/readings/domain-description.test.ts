import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";

import * as fc from "fast-check";

import { KvmeterError } from "../../src/errors.ts";
import { descriptionFits, DOMAIN_XML_LIMIT, parseDomainXml } from "../../src/readings/domain-description.ts";
import { createStatisticsReader } from "../../src/readings/read-statistics.ts";
import { liveHeapBytes } from "../collect-garbage.ts";
import { parametersOf } from "./typed-parameters.ts";

const UUID = "4a92c712-7a8f-4027-8830-cb3ccd4c0f12";
const NOVA = "http://openstack.org/xmlns/libvirt/nova/1.1";
const escape = (text: string) =>
  text.replaceAll(/[&<>"'\r\n\t]/g, (character) => `&#${String(character.codePointAt(0))};`);
const domainXml = (inside: string, name = "web1") =>
  `<domain type='kvm' id='7'>\n  <name>${escape(name)}</name>\n  <uuid>${UUID}</uuid>\n${inside}</domain>\n`;
const devices = (inside: string) => domainXml(`<devices>${inside}</devices>`);
const diskXml = (target: string, source: string) => `<disk>${source}<target dev='${target}'/></disk>`;
const tuned = (inside: string) =>
  parseDomainXml(devices(diskXml("vda", `<iotune>${inside}</iotune>`))).disks[0]?.throttle;
const openstackOf = (metadata: string) =>
  parseDomainXml(domainXml(`<metadata>${metadata}</metadata>`)).openstack;
const nameOf = (name: string) => parseDomainXml(domainXml("", name)).name;

const recorded = readFileSync(new URL("../fixtures/readings/domain.xml", import.meta.url), "utf8");

describe("parseDomainXml", () => {
  test("keeps nothing of the XML in memory but what it says", () => {
    const disk = diskXml("vda", "<source file='/var/lib/libvirt/images/web1.qcow2'/>");
    const bytes = Buffer.from(devices(`${disk}<!-- ${"x".repeat(200_000)} -->`));
    const before = liveHeapBytes();
    const descriptions = Array.from({ length: 20 }, () => parseDomainXml(bytes.toString()));
    const kept = liveHeapBytes() - before;
    assert.equal(descriptions.length, 20);
    assert.ok(kept < 1_000_000, `${kept} bytes`);
  });

  test("reads what libvirt really gives for a running domain", () => {
    assert.deepEqual(parseDomainXml(recorded), {
      uuid: "45d9c48e-d38b-4f74-97ec-c3aaff6439b2",
      name: "guest-1 with spaces",
      nics: [{ number: 0, mac: "52:54:10:01:00:00", type: "ethernet", target: "vnet1", alias: "net0" }],
      disks: [
        {
          type: "file",
          target: "vda",
          alias: "virtio-disk0",
          source: "/var/lib/libvirt/images/guest-1.qcow2",
        },
      ],
      openstack: {
        instanceName: "guest-1 with spaces (display name)",
        projectId: "6f70656e737461636b70726f6a656374",
        projectName: "demo-project",
        userId: "0c1d7b1f5a2e4c6b8d9e0f1a2b3c4d5e",
        flavorName: "m1.tiny",
      },
      balloonPeriodS: 2,
      guestAgent: undefined,
    });
  });

  test("reads what a disk is held to, and nothing that is no limit", () => {
    assert.deepEqual(
      tuned(
        "<read_bytes_sec>1000</read_bytes_sec><write_bytes_sec>0</write_bytes_sec><total_iops_sec>500</total_iops_sec>",
      ),
      { readBytesPerS: 1000, totalOperationsPerS: 500 },
    );
    assert.equal(tuned(""), undefined);
    assert.equal(tuned("<read_bytes_sec>0</read_bytes_sec>"), undefined);
    assert.equal(tuned("<read_bytes_sec>-5</read_bytes_sec><read_iops_sec>9e99</read_iops_sec>"), undefined);
  });

  test("keeps a name as it is", () => {
    const names = [
      "0123",
      "1e3",
      "true",
      "0x10",
      " web ",
      "a  b",
      `R&D's "best" <x>`,
      "größe-雲-№-🚀",
      "x\ty",
      "n".repeat(200),
    ];
    for (const name of names) assert.equal(nameOf(name), name);
  });

  test("keeps any name", () => {
    const name = fc
      .string({ unit: "grapheme", minLength: 1 })
      // XML has no such characters, and a parser turns a bare CR into LF.
      .filter((text) => !/[\p{Cc}\p{Cs}\ufffe\uffff]/u.test(text));
    fc.assert(
      fc.property(name, (text) => assert.equal(nameOf(text), text)),
      { numRuns: 300 },
    );
  });

  test("numbers the NICs by their order, those of which the host has no tap too", () => {
    const { nics } = parseDomainXml(
      devices(`
        <interface type='hostdev' managed='yes'><mac address='52:54:00:00:00:01'/></interface>
        <disk type='file'><target dev='vda'/></disk>
        <interface type='bridge'><target dev='vnet7'/><alias name='ua-lan'/></interface>`),
    );
    assert.deepEqual(nics, [
      { number: 0, mac: "52:54:00:00:00:01", type: "hostdev", target: undefined, alias: undefined },
      { number: 1, mac: undefined, type: "bridge", target: "vnet7", alias: "ua-lan" },
    ]);
  });

  test("finds a disk's source by whichever attribute its type has, not the one of its backing image", () => {
    const { disks } = parseDomainXml(
      devices(
        [
          diskXml("vda", "<source file='/images/a b&amp;c.qcow2' index='3'/>"),
          diskXml("vdb", "<source dev='/dev/vg/lv'/>"),
          diskXml("vdc", "<source protocol='rbd' name='pool/image'><host name='mon1'/></source>"),
          diskXml("vdd", "<source pool='default' volume='v1'/>"),
          diskXml("vde", "<source dir='/floppy'/>"),
          diskXml("vdf", "<source type='unix' path='/run/vhost.sock'/>"),
          diskXml("vdg", "<backingStore><source file='/base'/><target dev='no'/></backingStore>"),
          diskXml("vdh", "<source file=''/>"),
          "<disk><source file='/no-target'/></disk>",
        ].join("\n"),
      ),
    );
    assert.deepEqual(
      disks.map(({ target, source }) => [target, source]),
      [
        ["vda", "/images/a b&c.qcow2"],
        ["vdb", "/dev/vg/lv"],
        ["vdc", "pool/image"],
        ["vdd", "default/v1"],
        ["vde", "/floppy"],
        ["vdf", "/run/vhost.sock"],
        ["vdg", undefined],
        ["vdh", undefined],
      ],
    );
  });

  test("writes the uuid in small letters", () => {
    assert.equal(parseDomainXml(domainXml("").replace(UUID, UUID.toUpperCase())).uuid, UUID);
  });
});

describe("OpenStack's metadata", () => {
  const nothing = {
    instanceName: undefined,
    projectId: undefined,
    projectName: undefined,
    userId: undefined,
    flavorName: undefined,
  };

  test("is known by its namespace, whatever the prefix", () => {
    const named = { ...nothing, instanceName: " web " };
    for (const uri of [NOVA, NOVA.replace("1.1", "1.0")]) {
      assert.deepEqual(openstackOf(`<instance xmlns='${uri}'><name> web </name></instance>`), named);
      assert.deepEqual(
        openstackOf(`<n:instance xmlns:n='${uri}'><n:name> web </n:name></n:instance>`),
        named,
      );
    }
    const above = domainXml("<metadata><os:instance><os:name>x</os:name></os:instance></metadata>").replace(
      "<domain",
      `<domain xmlns:os='${NOVA}'`,
    );
    assert.equal(parseDomainXml(above).openstack?.instanceName, "x");
  });

  test("is not another application's", () => {
    assert.equal(
      openstackOf("<nova:instance xmlns:nova='http://example.com/'><nova:name>x</nova:name></nova:instance>"),
      undefined,
    );
    assert.equal(openstackOf("<instance><name>x</name></instance>"), undefined);
    assert.equal(openstackOf(`<app:note xmlns:app='${NOVA}'/>`), undefined);
    assert.equal(parseDomainXml(domainXml("")).openstack, undefined);
  });

  test("stands beside another application's of the same local name", () => {
    const both = `<a:instance xmlns:a='urn:a'/><b:instance xmlns:b='${NOVA}'><b:flavor name='m1'/></b:instance>`;
    assert.deepEqual(openstackOf(both), { ...nothing, flavorName: "m1" });
  });

  test("can be empty", () => {
    assert.deepEqual(openstackOf(`<nova:instance xmlns:nova='${NOVA}'/>`), nothing);
  });
});

describe("XML that cannot be understood", () => {
  const cases: [string, string, RegExp][] = [
    ["nothing", "", /"without a name": line 1, column 1: Start tag expected/],
    [
      "cut off",
      domainXml("<devices>").slice(0, 90),
      /"web1": line 1, column 1: Invalid '.*"domain", +"uuid".*' found/,
    ],
    ["not closed", domainXml("<devices>"), /"web1": line 4, column \d+: .*'devices'/],
    ["another root", "<network><name>default</name></network>", /"default": its root is not <domain>/],
    ["without a uuid", "<domain><name>web1</name></domain>", /"web1": <domain> has no <uuid>/],
    ["without a name", `<domain><uuid>${UUID}</uuid></domain>`, /<domain> has no <name>/],
    [
      "with entities of its own",
      `<!DOCTYPE domain [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>${domainXml("<x>&b;</x>")}`,
      /"web1": it declares a document type/,
    ],
    ["too deep", domainXml(`${"<a>".repeat(500)}${"</a>".repeat(500)}`), /"web1": .*nested/],
    [
      "too large",
      domainXml(" ".repeat(DOMAIN_XML_LIMIT)),
      /"web1": it has 1048\d+ characters, the limit is 1048576/,
    ],
  ];
  for (const [what, xml, message] of cases) {
    test(`is an error in one line that says where: ${what}`, () => {
      assert.throws(
        () => parseDomainXml(xml),
        (error) =>
          error instanceof KvmeterError &&
          error.code === "DOMAIN_XML" &&
          message.test(error.message) &&
          !error.message.includes("\n"),
      );
    });
  }

  test("is named by the caller where that is known", () => {
    assert.throws(
      () => parseDomainXml("<", "web 7"),
      /^KvmeterError: Cannot understand the XML of domain "web 7": line 1/,
    );
  });

  test("is an error or a description, whatever is damaged", () => {
    const damage = fc.tuple(fc.nat(recorded.length), fc.nat(40), fc.string({ maxLength: 8 }));
    fc.assert(
      fc.property(damage, ([at, length, text]) => {
        try {
          assert.equal(
            typeof parseDomainXml(recorded.slice(0, at) + text + recorded.slice(at + length)).name,
            "string",
          );
        } catch (error) {
          assert.ok(error instanceof KvmeterError, String(error));
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("descriptionFits", () => {
  const description = parseDomainXml(
    devices(`
      <disk><target dev='vda'/></disk><disk><target dev='hda'/></disk>
      <interface><target dev='vnet0'/></interface><interface type='hostdev'/>`),
  );
  const fits = (statistics: string) =>
    descriptionFits(
      description,
      createStatisticsReader().read(parametersOf(statistics), { wallNs: 0n, monotonicMs: 0 }),
    );

  test("is true for the devices that it names, also when only a part of them came", () => {
    assert.ok(fits("net.count=2\nnet.0.name=vnet0\nblock.0.name=vda\nblock.1.name=vda\nblock.2.name=hda"));
    assert.ok(fits("block.1.name=hda"));
    assert.ok(fits("net.0.name="));
    assert.ok(fits("cpu.time=1"));
  });

  test("is false once a device came, went or was exchanged", () => {
    assert.ok(!fits("block.0.name=vda\nblock.1.name=vdb"));
    assert.ok(!fits("net.count=1\nnet.0.name=vnet0"));
    assert.ok(!fits("net.0.name=vnet9"));
    assert.ok(!fits("net.1.name=vnet0"));
    assert.ok(!fits("net.2.name=vnet0"));
  });
});
