import { type Translation, translationTable } from "./names.ts";

const NS = "ns there, s here";
const MB = "MB there, bytes here";

const NAMES: readonly Translation[] = [
  { theirs: "cpu", ours: "libvirt.domain.cpu.time", note: NS },
  {
    theirs: "cpu_util",
    ours: "libvirt.domain.cpu.utilization",
    note: "only in older releases; percent there, a share here",
  },
  { theirs: "vcpus", ours: "libvirt.domain.vcpu.count" },
  { theirs: "cpu_l3_cache", ours: "libvirt.domain.perf.value", where: "(`libvirt.perf.event` cmt)" },
  { theirs: "memory", ours: "libvirt.domain.memory.limit", note: MB },
  {
    theirs: "memory.usage",
    ours: "libvirt.domain.memory.guest.usage",
    note: "MB there, bytes here; the same definition: what the guest has less what it does not use",
  },
  { theirs: "memory.resident", ours: "libvirt.domain.memory.rss", note: MB },
  {
    theirs: "memory.swap.in",
    ours: "libvirt.domain.paging.io",
    where: "(`system.paging.direction` in)",
    note: MB,
  },
  {
    theirs: "memory.swap.out",
    ours: "libvirt.domain.paging.io",
    where: "(`system.paging.direction` out)",
    note: MB,
  },
  {
    theirs: "memory.bandwidth.total, memory.bandwidth.local",
    ours: "libvirt.domain.perf.value",
    where: "(`libvirt.perf.event` mbmt, mbml)",
  },
  {
    theirs: "perf.cpu.cycles",
    ours: "libvirt.domain.perf.events",
    where: "(`libvirt.perf.event` cpu_cycles)",
  },
  {
    theirs: "perf.instructions",
    ours: "libvirt.domain.perf.events",
    where: "(`libvirt.perf.event` instructions)",
  },
  {
    theirs: "perf.cache.references, perf.cache.misses",
    ours: "libvirt.domain.perf.events",
    where: "(`libvirt.perf.event` cache_references, cache_misses)",
  },
  { theirs: "disk.device.read.bytes", ours: "libvirt.domain.disk.io", where: "(`disk.io.direction` read)" },
  { theirs: "disk.device.write.bytes", ours: "libvirt.domain.disk.io", where: "(`disk.io.direction` write)" },
  {
    theirs: "disk.device.read.requests",
    ours: "libvirt.domain.disk.operations",
    where: "(`disk.io.direction` read)",
  },
  {
    theirs: "disk.device.write.requests",
    ours: "libvirt.domain.disk.operations",
    where: "(`disk.io.direction` write)",
  },
  {
    theirs: "disk.device.read.latency",
    ours: "libvirt.domain.disk.operation_time",
    where: "(`disk.io.direction` read)",
    note: "ns there; the sum of all reads, in spite of its name",
  },
  {
    theirs: "disk.device.write.latency",
    ours: "libvirt.domain.disk.operation_time",
    where: "(`disk.io.direction` write)",
    note: "the mean of one is `libvirt.domain.disk.latency`",
  },
  { theirs: "disk.device.capacity", ours: "libvirt.domain.disk.limit" },
  { theirs: "disk.device.allocation", ours: "libvirt.domain.disk.allocation" },
  { theirs: "disk.device.usage", ours: "libvirt.domain.disk.physical" },
  {
    theirs: "disk.root.size, disk.ephemeral.size",
    note: "from nova; `libvirt.domain.disk.limit` is libvirt's",
  },
  {
    theirs: "network.incoming.bytes",
    ours: "libvirt.domain.network.io",
    where: "(`network.io.direction` receive)",
  },
  {
    theirs: "network.outgoing.bytes",
    ours: "libvirt.domain.network.io",
    where: "(`network.io.direction` transmit)",
  },
  { theirs: "network.*.packets", ours: "libvirt.domain.network.packet.count" },
  { theirs: "network.*.packets.drop", ours: "libvirt.domain.network.packet.dropped" },
  { theirs: "network.*.packets.error", ours: "libvirt.domain.network.errors" },
];

/** docs/migration/ceilometer.md */
export function renderCeilometerDoc(): string {
  return `# Coming from Ceilometer

<!-- Generated from scripts/generate/migration/ by npm run generate. -->

For those who run Ceilometer's compute agent with the libvirt inspector; names are those of the Telemetry administrator
guide, Mitaka to Queens and later.

What changes:

- kvmeter needs no message queue, no Gnocchi and no nova credentials. Instances are told apart by
  \`libvirt.domain.uuid\`, which is nova's instance uuid. From the metadata that nova writes into the domain's XML come
  \`openstack.project.id\`, \`openstack.project.name\`, \`openstack.user.id\`, \`openstack.flavor.name\` and
  \`openstack.instance.name\`, so nothing has to be joined afterwards.
- All instances are read with a few bulk calls; Ceilometer makes about fourteen for each.
- Every 10 seconds, not every 300.
- It meters; it does not bill. What comes from notifications (images, volumes, instances that were created) is not
  there, so keep Ceilometer's notification agent if you charge for it.

## Names

${translationTable(NAMES)}
A resource id like \`<uuid>-vda\` is the resource attribute \`libvirt.domain.uuid\` and the attribute \`system.device\`;
\`<instance>-<uuid>-tap…\` is \`network.interface.name\`.

## The way over

1. Install kvmeter on the compute nodes, beside the compute agent.
2. Point it at your backend: [destinations](../destinations/README.md).
3. Take the meters of the table out of \`polling.yaml\`; Aodh's alarms on them become rules: [alerts](../alerts.md).
`;
}
