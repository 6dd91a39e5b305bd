import assert from "node:assert/strict";
import { test } from "node:test";

import { readReadiness } from "../../src/check/domain-xml.ts";
import { type DomainSurroundings, judgeDomain } from "../../src/check/domains.ts";
import { type CaseOptions, item, NOW_MS, readingOf, xmlOf } from "./cases.ts";

const AROUND: DomainSurroundings = {
  uri: "qemu:///system",
  libvirtVersion: "9.0.0",
  periodS: 10,
  nowMs: NOW_MS,
  wantsKvm: false,
};

interface Case {
  readonly reading?: CaseOptions;
  readonly xml?: Parameters<typeof xmlOf>[0];
  readonly around?: Partial<DomainSurroundings>;
  readonly isTransient?: boolean;
  readonly found: readonly string[];
}

const told = (lastUpdateS: number) => ({ balloon: [item([], { lastUpdateS })] });
const paused = { state: [item([], { state: 3 })] };
const vhost =
  "<disk type='vhostuser' device='disk'><source type='unix' path='/s'/><target dev='vdb'/></disk>";
const drive = "<disk type='file' device='cdrom'><target dev='hda'/></disk>";
const recording =
  "<disk type='file'><driver name='qemu'><statistics><latency-histogram><bin start='0'/></latency-histogram></statistics></driver><source file='/x'/><target dev='vda'/></disk>";

const CASES: Readonly<Record<string, Case>> = {
  "all is well": { found: [] },
  "no balloon device": { xml: { balloon: "<memballoon model='none'/>" }, found: ["vm-balloon"] },
  "no element for it": { xml: { balloon: "" }, found: ["vm-balloon"] },
  "no statistics period": { xml: { balloon: "<memballoon model='virtio'/>" }, found: ["vm-balloon-period"] },
  "period 0": {
    xml: { balloon: "<memballoon model='virtio'><stats period='0'/></memballoon>" },
    found: ["vm-balloon-period"],
  },
  "a driver that told nothing": { reading: { items: told(0) }, found: ["vm-balloon-driver"] },
  "a guest that boots": { reading: { items: told(0), uptimeS: 12 }, found: [] },
  "a guest that is paused": { reading: { items: { ...told(0), ...paused } }, found: [] },
  "a driver that went quiet": { reading: { items: told(NOW_MS / 1000 - 61) }, found: ["vm-balloon-driver"] },
  "a driver that is a little late": { reading: { items: told(NOW_MS / 1000 - 59) }, found: [] },
  "a long period": {
    reading: { items: told(NOW_MS / 1000 - 500) },
    xml: { balloon: "<memballoon model='virtio'><stats period='100'/></memballoon>" },
    found: [],
  },
  "no channel": { xml: { channel: "" }, found: ["vm-guest-agent-channel"] },
  "no agent": {
    xml: { channel: "<channel><target name='org.qemu.guest_agent.0' state='disconnected'/></channel>" },
    found: ["vm-guest-agent"],
  },
  "another channel": {
    xml: { channel: "<channel><target name='com.redhat.spice.0' state='disconnected'/></channel>" },
    found: ["vm-guest-agent-channel"],
  },
  emulated: { xml: { type: "qemu" }, found: ["vm-kvm"] },
  "no KVM statistics where they are wanted": { around: { wantsKvm: true }, found: ["vm-kvm-statistics"] },
  "KVM statistics where they are wanted": {
    around: { wantsKvm: true },
    reading: { items: { vcpuKvm: [item([0, "exits"], { sum: 4 })] } },
    found: [],
  },
  "a disk that is not told of": { reading: { items: { disk: [] } }, found: ["vm-disk-statistics"] },
  "a disk that goes past QEMU": { xml: { disks: vhost }, found: ["vm-disk-statistics"] },
  "an empty drive": { xml: { disks: drive }, found: [] },
  "no histogram where there could be one": {
    around: { libvirtVersion: "12.8.0" },
    found: ["vm-disk-latency"],
  },
  "a histogram": { around: { libvirtVersion: "12.8.0" }, xml: { disks: recording }, found: [] },
  "a domain that does not run": {
    reading: { id: -1, items: { disk: [], balloon: [], state: [item([], { state: 5 })] } },
    xml: { channel: "", balloon: "<memballoon model='virtio'/>" },
    found: ["vm-balloon-period"],
  },
};

test("what a domain lacks", async (t) => {
  for (const [name, { reading, xml, around, isTransient = false, found }] of Object.entries(CASES)) {
    await t.test(name, () => {
      const one = { reading: readingOf(reading), readiness: readReadiness(xmlOf(xml), "web1"), isTransient };
      const findings = judgeDomain(one, { ...AROUND, ...around });
      assert.deepEqual(
        findings.map(({ id }) => id),
        found,
      );
      for (const { subject, says, mend = "" } of findings) {
        assert.equal(subject, "web1");
        assert.doesNotMatch(`${says} ${mend}`, /\{\w*\}|undefined/);
        assert.notEqual(mend, "");
      }
    });
  }
});

test("commands fit the domain: its name quoted, and kept for later where there is a later", () => {
  const readiness = readReadiness(xmlOf({ balloon: "<memballoon model='virtio'/>" }), "web1");
  const mendOf = (reading: CaseOptions, isTransient: boolean) =>
    judgeDomain({ reading: readingOf(reading), readiness, isTransient }, AROUND)[0]?.mend;
  const virsh = "virsh -c qemu:///system dommemstat";
  assert.equal(mendOf({}, false), `${virsh} web1 --period 10 --live --config`);
  assert.equal(mendOf({}, true), `${virsh} web1 --period 10 --live`);
  assert.equal(mendOf({ id: -1 }, false), `${virsh} web1 --period 10 --config`);
  assert.equal(mendOf({ name: "it's a VM" }, true), `${virsh} 'it'\\''s a VM' --period 10 --live`);
  assert.equal(mendOf({ name: "-rf" }, true), `${virsh} '-rf' --period 10 --live`);
});

test("XML that is none is an error that names the domain", () => {
  assert.throws(() => readReadiness("<domain", "web1"), { code: "DOMAIN_XML", message: /"web1"/ });
});
