import type { SimulatedDisk, SimulatedDomain, SimulatedNic } from "./domain.ts";
import type { Release } from "./shape.ts";
import { LATENCY_BIN_STARTS_NS, TIMED_INTERVAL_S } from "./statistics/disk-latency.ts";

/** Where virtio devices begin on the first PCI bus; the slots before are the chipset's. */
const FIRST_SLOT = 3;

/** A domain's XML as `virsh dumpxml` has it. */
export function domainXml(domain: SimulatedDomain, release: Release): string {
  const { name, uuid, id, active, shape } = domain;
  const { vcpus, vcpusMaximum, memoryKiB, iothreads } = shape;
  const plugged = vcpus === vcpusMaximum ? "" : ` current='${vcpus}'`;
  return `<domain type='${shape.kvm ? "kvm" : "qemu"}'${active ? ` id='${id}'` : ""}>
  <name>${escape(name)}</name>
  <uuid>${uuid}</uuid>
${shape.openstack ? openstackMetadata(domain) : ""}  <memory unit='KiB'>${memoryKiB}</memory>
  <currentMemory unit='KiB'>${memoryKiB}</currentMemory>
  <vcpu placement='static'${plugged}>${vcpusMaximum}</vcpu>
${iothreads === 0 ? "" : `  <iothreads>${iothreads}</iothreads>\n`}  <os>
    <type arch='x86_64' machine='pc-q35-10.0'>hvm</type>
    <boot dev='hd'/>
  </os>
  <features>
    <acpi/>
    <apic/>
  </features>
  <cpu mode='host-model' check='partial'/>
  <clock offset='utc'/>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
${domain.disks.map((disk, number) => diskXml(disk, { number, domain, release })).join("")}\
    <controller type='usb' index='0' model='none'/>
    <controller type='pci' index='0' model='pcie-root'/>
${domain.nics.map((nic, number) => nicXml(nic, number, domain)).join("")}\
    <input type='mouse' bus='ps2'/>
    <input type='keyboard' bus='ps2'/>
    <memballoon model='virtio'>
${shape.balloonPeriodS === 0 ? "" : `      <stats period='${shape.balloonPeriodS}'/>\n`}\
${alias(domain, "balloon0")}    </memballoon>
  </devices>
</domain>
`;
}

function diskXml(
  { target, path }: SimulatedDisk,
  { number, domain, release }: { number: number; domain: SimulatedDomain; release: Release },
): string {
  if (path === undefined) return cdromXml(target, domain);
  const timed = domain.shape.timedDisks && release === "12.8";
  const index = domain.active ? ` index='${domain.disks.length - number}'` : "";
  return `    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2' cache='none' io='native'${timed ? `>${timedXml()}</driver>` : "/>"}
      <source file='${escape(path)}'${index}/>
${domain.active ? "      <backingStore/>\n" : ""}      <target dev='${target}' bus='virtio'/>
${alias(domain, `virtio-disk${number}`)}${address(FIRST_SLOT + domain.nics.length + number)}    </disk>
`;
}

function cdromXml(target: string, domain: SimulatedDomain): string {
  return `    <disk type='file' device='cdrom'>
      <driver name='qemu'/>
      <target dev='${target}' bus='sata'/>
      <readonly/>
${alias(domain, "sata0-0-0")}      <address type='drive' controller='0' bus='0' target='0' unit='0'/>
    </disk>
`;
}

function timedXml(): string {
  const bins = LATENCY_BIN_STARTS_NS.map((start) => `\n          <bin start='${start}'/>`).join("");
  return `
        <statistics>
          <statistic interval='${TIMED_INTERVAL_S}'/>
          <latency-histogram>${bins}
          </latency-histogram>
        </statistics>
      `;
}

function nicXml({ mac, target }: SimulatedNic, number: number, domain: SimulatedDomain): string {
  return `    <interface type='bridge'>
      <mac address='${mac}'/>
      <source bridge='br0'/>
${domain.active ? `      <target dev='${target}'/>\n` : ""}      <model type='virtio'/>
${alias(domain, `net${number}`)}${address(FIRST_SLOT + number)}    </interface>
`;
}

/** Aliases are given when a domain starts. */
function alias({ active }: SimulatedDomain, name: string): string {
  return active ? `      <alias name='${name}'/>\n` : "";
}

/** 31 slots a bus; more devices go to the next one. */
function address(slot: number): string {
  const bus = Math.floor(slot / 32)
    .toString(16)
    .padStart(2, "0");
  const place = (slot % 32).toString(16).padStart(2, "0");
  return `      <address type='pci' domain='0x0000' bus='0x${bus}' slot='0x${place}' function='0x0'/>\n`;
}

function openstackMetadata({ name, uuid, shape }: SimulatedDomain): string {
  const project = uuid.replaceAll("-", "").split("").toReversed().join("");
  const memoryMiB = Math.floor(shape.memoryKiB / 1024);
  return `  <metadata>
    <nova:instance xmlns:nova="http://openstack.org/xmlns/libvirt/nova/1.1">
      <nova:package version="27.5.1"/>
      <nova:name>${escape(name)}-server</nova:name>
      <nova:creationTime>2026-01-12 08:15:42</nova:creationTime>
      <nova:flavor name="m1.${shape.vcpus > 2 ? "large" : "medium"}">
        <nova:memory>${memoryMiB}</nova:memory>
        <nova:disk>20</nova:disk>
        <nova:swap>0</nova:swap>
        <nova:ephemeral>0</nova:ephemeral>
        <nova:vcpus>${shape.vcpus}</nova:vcpus>
      </nova:flavor>
      <nova:owner>
        <nova:user uuid="${project.slice(0, 16)}${project.slice(0, 16)}">operator</nova:user>
        <nova:project uuid="${project}">production</nova:project>
      </nova:owner>
    </nova:instance>
  </metadata>
`;
}

function escape(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll("'", "&apos;")
    .replaceAll('"', "&quot;");
}
