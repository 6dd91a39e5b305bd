import { type Translation, translationTable } from "./names.ts";

/** Type and type instance, as in `virt_vcpu-0`. */
const NAMES: readonly Translation[] = [
  { theirs: "virt_cpu_total", ours: "libvirt.domain.cpu.time", note: "ns there, s here" },
  {
    theirs: "percent-virt_cpu_total",
    ours: "libvirt.domain.cpu.utilization",
    note: "percent of the host there; here a share of the VM's own vCPUs",
  },
  { theirs: "ps_cputime", ours: "libvirt.domain.cpu.mode_time", note: "ns there, s here" },
  { theirs: "virt_vcpu-N", ours: "libvirt.domain.vcpu.time", note: "ns there, s here" },
  { theirs: "cpu_affinity-vcpu_N-cpu_M" },
  { theirs: "memory-total", ours: "libvirt.domain.memory.balloon.size" },
  { theirs: "memory-actual_balloon", ours: "libvirt.domain.memory.balloon.size" },
  { theirs: "memory-rss", ours: "libvirt.domain.memory.rss" },
  { theirs: "memory-available", ours: "libvirt.domain.memory.guest.limit" },
  { theirs: "memory-unused", ours: "libvirt.domain.memory.guest.free" },
  { theirs: "memory-usable", ours: "libvirt.domain.memory.guest.available" },
  { theirs: "memory-disk_caches", ours: "libvirt.domain.memory.guest.cached" },
  { theirs: "memory-swap_in, memory-swap_out", ours: "libvirt.domain.paging.io" },
  {
    theirs: "memory-major_fault, memory-minor_fault",
    ours: "libvirt.domain.paging.faults",
    note: "5.8 multiplies them by 1024",
  },
  {
    theirs: "memory-last_update",
    ours: "libvirt.domain.memory.stats.age",
    note: "a time there (in 5.8 times 1024), an age here",
  },
  {
    theirs: "disk_octets-DEV",
    ours: "libvirt.domain.disk.io",
    note: "read and write are `disk.io.direction`",
  },
  { theirs: "disk_ops-DEV", ours: "libvirt.domain.disk.operations" },
  { theirs: "disk_time-DEV", ours: "libvirt.domain.disk.operation_time", note: "ns there, s here" },
  { theirs: "total_requests-flush-DEV", ours: "libvirt.domain.disk.flush.operations" },
  {
    theirs: "total_time_in_ms-flush-DEV",
    ours: "libvirt.domain.disk.flush.time",
    note: "in 5.8 µs in spite of its name, s here",
  },
  { theirs: "disk_allocation-DEV", ours: "libvirt.domain.disk.allocation" },
  { theirs: "disk_capacity-DEV", ours: "libvirt.domain.disk.limit" },
  { theirs: "disk_physical-DEV", ours: "libvirt.domain.disk.physical" },
  {
    theirs: "disk_error-DEV",
    ours: "libvirt.domain.disk.status",
    note: "names here: ok, unspecified, no_space",
  },
  { theirs: "if_octets-IF", ours: "libvirt.domain.network.io", note: "rx and tx are `network.io.direction`" },
  { theirs: "if_packets-IF", ours: "libvirt.domain.network.packet.count" },
  { theirs: "if_errors-IF", ours: "libvirt.domain.network.errors" },
  { theirs: "if_dropped-IF", ours: "libvirt.domain.network.packet.dropped" },
  {
    theirs: "domain_state",
    ours: "libvirt.domain.status",
    note: "names here; the reason is `libvirt.domain.state.reason`",
  },
  { theirs: "job_stats-*", ours: "libvirt.domain.job.progress" },
  { theirs: "perf-*", ours: "libvirt.domain.perf.events" },
];

/** docs/migration/collectd.md */
export function renderCollectdDoc(): string {
  return `# Coming from collectd

<!-- Generated from scripts/generate/migration/ by npm run generate. -->

For those who run collectd's \`virt\` plugin (names are those of its source since 5.8).

What changes:

- What \`ExtraStats\` switches on is there from the start; what costs something is off, see [metrics.md](../metrics.md).
- \`Instances\` is not needed: all VMs are read with a few bulk calls, and one that hangs does not hold up the others.
- \`HostnameFormat\` and \`PluginInstanceFormat\` are not needed: a VM's name and uuid are attributes of its resource, and so
  are nova's project, user and flavor, for which \`metadata\` with XPath was used.
- Notifications about a domain's state are log records; see [config.md](../config.md#log-records).

## Names

Type and type instance there; the plugin instance is \`libvirt.domain.name\`.

${translationTable(NAMES)}
| option of the plugin | kvmeter |
|---|---|
| \`Connection\` | \`libvirt[].uri\` |
| \`RefreshInterval\` | none: libvirt's events say when something has changed |
| \`Domain\`, \`IgnoreSelected\` | \`domains.include\`, \`domains.exclude\` |
| \`ExtraStats\` | \`metrics.enable\`, \`metrics.disable\` |

## The way over

1. Install kvmeter beside collectd; both read the same libvirt.
2. Point it at your backend: [destinations](../destinations/README.md). collectd's \`network\` protocol is not spoken; if your
   store is Graphite or RRD, put an OpenTelemetry Collector between.
3. Compare for a day, then take \`LoadPlugin virt\` out.
`;
}
