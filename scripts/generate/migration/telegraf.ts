import { type Translation, translationTable } from "./names.ts";

const READ = "(`disk.io.direction` read)";
const WRITE = "(`disk.io.direction` write)";
const RECEIVE = "(`network.io.direction` receive)";
const TRANSMIT = "(`network.io.direction` transmit)";
const NS = "ns there, s here";
const KIB = "KiB there, bytes here";

/** Measurement and field. */
const NAMES: readonly Translation[] = [
  {
    theirs: "libvirt_state state",
    ours: "libvirt.domain.status",
    note: "a number there; here 1 for the state that is named by `libvirt.domain.state`",
  },
  { theirs: "libvirt_state reason", ours: "libvirt.domain.state.reason", note: "a name here" },
  { theirs: "libvirt_cpu time", ours: "libvirt.domain.cpu.time", note: NS },
  { theirs: "libvirt_cpu user", ours: "libvirt.domain.cpu.mode_time", where: "(`cpu.mode` user)", note: NS },
  {
    theirs: "libvirt_cpu system",
    ours: "libvirt.domain.cpu.mode_time",
    where: "(`cpu.mode` system)",
    note: NS,
  },
  {
    theirs: "libvirt_cpu haltpoll_success_time, haltpoll_fail_time",
    ours: "libvirt.domain.cpu.haltpoll.time",
    note: NS,
  },
  { theirs: "libvirt_cpu_cache_monitor_bank bytes", ours: "libvirt.domain.cpu.cache.usage" },
  { theirs: "libvirt_cpu_energy_monitor_pkg core_energy", ours: "libvirt.domain.cpu.energy" },
  { theirs: "libvirt_balloon current", ours: "libvirt.domain.memory.balloon.size", note: KIB },
  { theirs: "libvirt_balloon maximum", ours: "libvirt.domain.memory.limit", note: KIB },
  { theirs: "libvirt_balloon swap_in, swap_out", ours: "libvirt.domain.paging.io", note: KIB },
  { theirs: "libvirt_balloon major_fault, minor_fault", ours: "libvirt.domain.paging.faults" },
  { theirs: "libvirt_balloon unused", ours: "libvirt.domain.memory.guest.free", note: KIB },
  { theirs: "libvirt_balloon available", ours: "libvirt.domain.memory.guest.limit", note: KIB },
  { theirs: "libvirt_balloon usable", ours: "libvirt.domain.memory.guest.available", note: KIB },
  { theirs: "libvirt_balloon rss", ours: "libvirt.domain.memory.rss", note: KIB },
  { theirs: "libvirt_balloon disk_caches", ours: "libvirt.domain.memory.guest.cached", note: KIB },
  {
    theirs: "libvirt_balloon last_update",
    ours: "libvirt.domain.memory.stats.age",
    note: "a time there, an age here",
  },
  {
    theirs: "libvirt_balloon hugetlb_pgalloc, hugetlb_pgfail",
    ours: "libvirt.domain.memory.hugetlb.allocations",
  },
  { theirs: "libvirt_vcpu_total current", ours: "libvirt.domain.vcpu.count" },
  { theirs: "libvirt_vcpu_total maximum", ours: "libvirt.domain.vcpu.limit" },
  {
    theirs: "libvirt_vcpu time",
    ours: "libvirt.domain.vcpu.time",
    note: "ns there, although its table says µs",
  },
  {
    theirs: "libvirt_vcpu wait",
    ours: "libvirt.domain.vcpu.wait_time",
    note: "ns there; it is the wait for a CPU, not for I/O",
  },
  { theirs: "libvirt_vcpu delay", ours: "libvirt.domain.vcpu.delay_time", note: NS },
  { theirs: "libvirt_vcpu state", ours: "libvirt.domain.vcpu.status", note: "if enabled" },
  { theirs: "libvirt_vcpu halted_i", ours: "libvirt.domain.vcpu.halted", note: "if enabled" },
  { theirs: "libvirt_vcpu cpu_id, libvirt_cpu_affinity" },
  { theirs: "libvirt_net rx_bytes", ours: "libvirt.domain.network.io", where: RECEIVE },
  { theirs: "libvirt_net tx_bytes", ours: "libvirt.domain.network.io", where: TRANSMIT },
  { theirs: "libvirt_net rx_pkts, tx_pkts", ours: "libvirt.domain.network.packet.count" },
  { theirs: "libvirt_net rx_errs, tx_errs", ours: "libvirt.domain.network.errors" },
  { theirs: "libvirt_net rx_drop, tx_drop", ours: "libvirt.domain.network.packet.dropped" },
  { theirs: "libvirt_block rd_bytes", ours: "libvirt.domain.disk.io", where: READ },
  { theirs: "libvirt_block wr_bytes", ours: "libvirt.domain.disk.io", where: WRITE },
  { theirs: "libvirt_block rd_reqs, wr_reqs", ours: "libvirt.domain.disk.operations" },
  { theirs: "libvirt_block rd_times, wr_times", ours: "libvirt.domain.disk.operation_time", note: NS },
  { theirs: "libvirt_block fl_reqs", ours: "libvirt.domain.disk.flush.operations" },
  { theirs: "libvirt_block fl_times", ours: "libvirt.domain.disk.flush.time", note: NS },
  { theirs: "libvirt_block capacity", ours: "libvirt.domain.disk.limit" },
  { theirs: "libvirt_block allocation", ours: "libvirt.domain.disk.allocation" },
  { theirs: "libvirt_block physical", ours: "libvirt.domain.disk.physical" },
  { theirs: "libvirt_block threshold", ours: "libvirt.domain.disk.threshold" },
  { theirs: "libvirt_block errors", ours: "libvirt.domain.disk.errors" },
  {
    theirs: "libvirt_perf *",
    ours: "libvirt.domain.perf.events",
    note: "the field's name is `libvirt.perf.event`",
  },
  { theirs: "libvirt_perf cmt, mbmt, mbml", ours: "libvirt.domain.perf.value" },
  { theirs: "libvirt_iothread_total count", ours: "libvirt.domain.iothread.count", note: "if enabled" },
  { theirs: "libvirt_iothread poll_max_ns", ours: "libvirt.domain.iothread.poll.limit", note: "if enabled" },
  {
    theirs: "libvirt_memory_bandwidth_monitor_node bytes_local, bytes_total",
    ours: "libvirt.domain.memory.io",
  },
  {
    theirs: "libvirt_dirtyrate megabytes_per_second",
    ours: "libvirt.domain.memory.dirty_rate",
    note: "MiB/s there, bytes/s here; if enabled",
  },
];

/** docs/migration/telegraf.md */
export function renderTelegrafDoc(): string {
  return `# Coming from Telegraf

<!-- Generated from scripts/generate/migration/ by npm run generate. -->

For those who run Telegraf's \`inputs.libvirt\` (1.25 and newer).

What changes:

- One program does it all: no input, processor and output to be put together. The destination is
  [OTLP](../destinations/README.md), which InfluxDB takes through a Collector or Telegraf's own \`inputs.opentelemetry\`.
- Values have base units: seconds and bytes, not nanoseconds and KiB.
- Disks, interfaces and vCPUs go by their names (\`system.device\`, \`network.interface.name\`, \`cpu.logical_number\`), not by an
  index that shifts when one is unplugged.
- \`statistics_groups\` is \`metrics.disable\`: a group that no metric needs is not asked for.
- \`domains\` is \`domains.include\`, with \`*\` and \`?\` as patterns; see [config.md](../config.md).
- The connection is read-only, always.

## Names

Measurement and field there; the tag \`domain_name\` is the resource attribute \`libvirt.domain.name\`.

${translationTable(NAMES)}
## The way over

1. Install kvmeter beside Telegraf; both read the same libvirt.
2. If you stay with Telegraf's outputs, let it receive:

       [[inputs.opentelemetry]]
         service_address = "127.0.0.1:4317"

   which is where kvmeter sends by default. Otherwise point kvmeter at [your backend](../destinations/README.md).
3. Compare for a day, then take \`[[inputs.libvirt]]\` out.
`;
}
