/** A disk of a test domain. */
export interface DiskSpec {
  /** As the daemon sees it; none for an empty CD-ROM drive. */
  readonly path?: string;
  readonly format: "raw" | "qcow2";
  /** As "vda". */
  readonly target: string;
  /** Latency histograms and timed statistics, for libvirt 12.1 and newer. */
  readonly statistics?: boolean;
  /** Where the bins of the histograms start; every one has a first that starts at 0. */
  readonly binsNs?: readonly number[];
}

/** What a test domain is made of. */
export interface DomainSpec {
  readonly name: string;
  readonly uuid: string;
  readonly memoryMib: number;
  readonly vcpus: number;
  readonly disks: readonly DiskSpec[];
  /** MAC addresses, one a card. */
  readonly nics: readonly string[];
  readonly iothreads?: number;
  /** By KVM instead of emulated; the daemon must have been started for it. */
  readonly kvm?: boolean;
  /** With them it boots the test guest. */
  readonly boot?: { readonly kernel: string; readonly initrd: string };
  /** Metadata as OpenStack's nova writes them. */
  readonly openstack?: boolean;
}

/** Makes a text safe inside an element or a quoted attribute. */
export function escapeXml(text: string): string {
  const entities: Record<string, string> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&apos;",
  };
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

/** The domain's XML. It is emulated unless it is to have KVM, and its statistics period is 2 s. */
export function domainXml(spec: DomainSpec): string {
  // "pc" has 31 slots without any bridge: enough for 12 disks and 12 cards, and QEMU stays small.
  return `<domain type='${spec.kvm ? "kvm" : "qemu"}'>
  <name>${escapeXml(spec.name)}</name>
  <uuid>${spec.uuid}</uuid>${spec.openstack ? openstackMetadata(spec) : ""}
  <memory unit='MiB'>${spec.memoryMib}</memory>
  <vcpu>${spec.vcpus}</vcpu>${spec.iothreads ? `\n  <iothreads>${spec.iothreads}</iothreads>` : ""}
  <os><type arch='x86_64' machine='pc'>hvm</type>${spec.boot ? bootXml(spec.boot) : ""}</os>
  <features><acpi/></features>
  <devices>
${spec.disks.map(diskXml).join("")}${spec.nics.map(nicXml).join("")}    <controller type='usb' model='none'/>
    <memballoon model='virtio'><stats period='2'/></memballoon>
  </devices>
</domain>
`;
}

function bootXml(boot: { readonly kernel: string; readonly initrd: string }): string {
  return `<kernel>${boot.kernel}</kernel><initrd>${boot.initrd}</initrd><cmdline>console=ttyS0 quiet rdinit=/init</cmdline>`;
}

function diskXml(disk: DiskSpec): string {
  if (disk.path === undefined) {
    return `    <disk type='file' device='cdrom'><target dev='${disk.target}' bus='ide'/><readonly/></disk>\n`;
  }
  const driver = disk.statistics
    ? `<driver name='qemu' type='${disk.format}'>${statisticsXml(disk.binsNs)}</driver>`
    : `<driver name='qemu' type='${disk.format}'/>`;
  const source = `<source file='${escapeXml(disk.path)}'/><target dev='${disk.target}' bus='virtio'/>`;
  return `    <disk type='file' device='disk'>${driver}${source}</disk>\n`;
}

function statisticsXml(binsNs: readonly number[] = [10_000, 100_000, 1_000_000]): string {
  const bins = [0, ...binsNs].map((start) => `<bin start='${start}'/>`).join("");
  return `<statistics><statistic interval='10'/><latency-histogram>${bins}</latency-histogram></statistics>`;
}

function nicXml(mac: string): string {
  return `    <interface type='ethernet'><mac address='${mac}'/><model type='virtio'/></interface>\n`;
}

function openstackMetadata(spec: DomainSpec): string {
  return `
  <metadata>
    <nova:instance xmlns:nova="http://openstack.org/xmlns/libvirt/nova/1.1">
      <nova:package version="27.5.1"/>
      <nova:name>${escapeXml(`${spec.name} (display name)`)}</nova:name>
      <nova:creationTime>2026-01-02 03:04:05</nova:creationTime>
      <nova:flavor name="m1.tiny">
        <nova:memory>${spec.memoryMib}</nova:memory><nova:disk>1</nova:disk><nova:swap>0</nova:swap>
        <nova:ephemeral>0</nova:ephemeral><nova:vcpus>${spec.vcpus}</nova:vcpus>
      </nova:flavor>
      <nova:owner>
        <nova:user uuid="0c1d7b1f5a2e4c6b8d9e0f1a2b3c4d5e">demo-user</nova:user>
        <nova:project uuid="6f70656e737461636b70726f6a656374">demo-project</nova:project>
      </nova:owner>
      <nova:root type="image" uuid="5f2a1f0e-7c1b-4a53-9d0e-2b8a6d6f4c11"/>
    </nova:instance>
  </metadata>`;
}
