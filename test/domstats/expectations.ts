import type { LibvirtUnit } from "./libvirt-units.ts";

export type Attributes = Readonly<Record<string, string | number | boolean>>;

/** One domain as virsh shows it. */
export interface VirshDomain {
  /** What `virsh domstats --raw` printed, as printed. */
  readonly fields: ReadonlyMap<string, string>;
  /** Of its network interfaces, in the order of its XML. */
  readonly macs: readonly string[];
}

/** A field of `virsh domstats` and where its value has to appear. `#` is a number, `*` a name. */
export interface Expectation {
  readonly field: string;
  readonly unit: LibvirtUnit;
  readonly metric: string;
  /** `path` is what stands for # and * in the field's name. */
  readonly naming: (path: readonly string[], domain: VirshDomain) => Attributes;
  /** Attributes that are the same for every item. */
  readonly constants: Attributes;
  /** Only while that field has that value. */
  readonly onlyWhile?: readonly [field: string, value: string];
}

type Naming = Expectation["naming"];

const plain: Naming = () => ({});
const vcpu: Naming = ([number]) => ({ "cpu.logical_number": Number(number) });
const disk: Naming = ([number], { fields }) => ({
  "system.device": fields.get(`block.${number}.name`) ?? "",
});
const nic: Naming = ([number], { fields, macs }) => ({
  "network.interface.name": fields.get(`net.${number}.name`) ?? "",
  "libvirt.interface.mac": macs[Number(number)] ?? "",
});
const kvm: Naming = (path) => ({ "kvm.event": path.at(-1) ?? "" });
const vcpuKvm: Naming = (path, domain) => ({ ...vcpu(path, domain), ...kvm(path, domain) });

const OPERATIONS: Readonly<Record<string, string>> = { rd: "read", wr: "write" };

const interval: Naming = ([number, group, operation = ""], domain) => ({
  ...disk([number ?? ""], domain),
  "libvirt.interval": `${domain.fields.get(`block.${number}.timed_group.${group}.interval`)}s`,
  "libvirt.disk.operation": OPERATIONS[operation] ?? operation,
});

const monitor =
  (prefix: string, item: string, attribute: string): Naming =>
  ([number, node], { fields }) => ({
    "libvirt.monitor.name": fields.get(`${prefix}.${number}.name`) ?? "",
    [attribute]: Number(fields.get(`${prefix}.${number}.${item}.${node}.id`)),
  });
const bank = monitor("cpu.cache.monitor", "bank", "libvirt.cache.bank.id");
const energyPackage = monitor("cpu.energy.monitor", "pkg", "libvirt.cpu.package.id");
const node = monitor("memory.bandwidth.monitor", "node", "libvirt.memory.node.id");

const expect = (
  field: string,
  unit: LibvirtUnit,
  [metric, naming = plain, constants = {}]: readonly [string, Naming?, Attributes?],
): Expectation => ({ field, unit, metric: `libvirt.domain.${metric}`, naming, constants });

const mode = (name: string) => ({ "cpu.mode": name });
const outcome = (name: string) => ({ "libvirt.haltpoll.outcome": name });
const paging = (name: string) => ({ "system.paging.direction": name });
const fault = (name: string) => ({ "system.paging.fault.type": name });
const huge = (name: string) => ({ "libvirt.hugetlb.outcome": name });
const net = (name: string) => ({ "network.io.direction": name });
const io = (name: string) => ({ "disk.io.direction": name });
const scope = (name: string) => ({ "libvirt.memory.scope": name });
const statistic = (name: string) => ({ "libvirt.statistic": name });
const kvmStatistic = (name: string) => ({ "kvm.statistic": name });

/** Where each field has to appear; of several that fit a name the first counts. */
export const EXPECTATIONS: readonly Expectation[] = [
  expect("cpu.time", "ns", ["cpu.time"]),
  expect("cpu.user", "ns", ["cpu.mode_time", plain, mode("user")]),
  expect("cpu.system", "ns", ["cpu.mode_time", plain, mode("system")]),
  expect("cpu.haltpoll.success.time", "ns", ["cpu.haltpoll.time", plain, outcome("success")]),
  expect("cpu.haltpoll.fail.time", "ns", ["cpu.haltpoll.time", plain, outcome("fail")]),
  expect("cpu.cache.monitor.#.bank.#.bytes", "bytes", ["cpu.cache.usage", bank]),
  expect("cpu.energy.monitor.#.pkg.#.core_energy", "J", ["cpu.energy", energyPackage]),
  expect("vcpu.current", "count", ["vcpu.count"]),
  expect("vcpu.maximum", "count", ["vcpu.limit"]),
  expect("vcpu.#.time", "ns", ["vcpu.time", vcpu]),
  expect("vcpu.#.wait", "ns", ["vcpu.wait_time", vcpu]),
  expect("vcpu.#.delay", "ns", ["vcpu.delay_time", vcpu]),
  expect("vcpu.#.halted", "yes or no", ["vcpu.halted", vcpu]),
  expect("vcpu.#.*_ns.sum", "ns", ["vcpu.kvm.time", vcpuKvm]),
  expect("vcpu.#.*.sum", "count or yes or no", ["vcpu.kvm.events", vcpuKvm]),
  expect("vcpu.#.*.cur", "count or yes or no", ["vcpu.kvm.value", vcpuKvm, kvmStatistic("cur")]),
  expect("vcpu.#.*.max", "count or yes or no", ["vcpu.kvm.value", vcpuKvm, kvmStatistic("max")]),
  expect("vm.*.sum", "count or yes or no", ["vm.kvm.events", kvm]),
  expect("vm.*.cur", "count or yes or no", ["vm.kvm.value", kvm, kvmStatistic("cur")]),
  expect("vm.*.max", "count or yes or no", ["vm.kvm.value", kvm, kvmStatistic("max")]),
  expect("balloon.maximum", "KiB", ["memory.limit"]),
  expect("balloon.current", "KiB", ["memory.balloon.size"]),
  expect("balloon.rss", "KiB", ["memory.rss"]),
  expect("balloon.available", "KiB", ["memory.guest.limit"]),
  expect("balloon.unused", "KiB", ["memory.guest.free"]),
  expect("balloon.usable", "KiB", ["memory.guest.available"]),
  expect("balloon.disk_caches", "KiB", ["memory.guest.cached"]),
  expect("balloon.swap_in", "KiB", ["paging.io", plain, paging("in")]),
  expect("balloon.swap_out", "KiB", ["paging.io", plain, paging("out")]),
  expect("balloon.major_fault", "count", ["paging.faults", plain, fault("major")]),
  expect("balloon.minor_fault", "count", ["paging.faults", plain, fault("minor")]),
  expect("balloon.hugetlb_pgalloc", "count", ["memory.hugetlb.allocations", plain, huge("success")]),
  expect("balloon.hugetlb_pgfail", "count", ["memory.hugetlb.allocations", plain, huge("failure")]),
  expect("memory.bandwidth.monitor.#.node.#.bytes.local", "bytes", ["memory.io", node, scope("local")]),
  expect("memory.bandwidth.monitor.#.node.#.bytes.total", "bytes", ["memory.io", node, scope("total")]),
  {
    ...expect("dirtyrate.megabytes_per_second", "MiB/s", ["memory.dirty_rate"]),
    onlyWhile: ["dirtyrate.calc_status", "2"],
  },
  expect("net.#.rx.bytes", "bytes", ["network.io", nic, net("receive")]),
  expect("net.#.tx.bytes", "bytes", ["network.io", nic, net("transmit")]),
  expect("net.#.rx.pkts", "count", ["network.packet.count", nic, net("receive")]),
  expect("net.#.tx.pkts", "count", ["network.packet.count", nic, net("transmit")]),
  expect("net.#.rx.errs", "count", ["network.errors", nic, net("receive")]),
  expect("net.#.tx.errs", "count", ["network.errors", nic, net("transmit")]),
  expect("net.#.rx.drop", "count", ["network.packet.dropped", nic, net("receive")]),
  expect("net.#.tx.drop", "count", ["network.packet.dropped", nic, net("transmit")]),
  expect("block.#.rd.bytes", "bytes", ["disk.io", disk, io("read")]),
  expect("block.#.wr.bytes", "bytes", ["disk.io", disk, io("write")]),
  expect("block.#.rd.reqs", "count", ["disk.operations", disk, io("read")]),
  expect("block.#.wr.reqs", "count", ["disk.operations", disk, io("write")]),
  expect("block.#.rd.times", "ns", ["disk.operation_time", disk, io("read")]),
  expect("block.#.wr.times", "ns", ["disk.operation_time", disk, io("write")]),
  expect("block.#.fl.reqs", "count", ["disk.flush.operations", disk]),
  expect("block.#.fl.times", "ns", ["disk.flush.time", disk]),
  expect("block.#.errors", "count", ["disk.errors", disk]),
  expect("block.#.capacity", "bytes", ["disk.limit", disk]),
  expect("block.#.allocation", "bytes", ["disk.allocation", disk]),
  expect("block.#.physical", "bytes", ["disk.physical", disk]),
  expect("block.#.threshold", "bytes", ["disk.threshold", disk]),
  expect("block.#.timed_group.#.*_latency_min", "ns", ["disk.interval.latency", interval, statistic("min")]),
  expect("block.#.timed_group.#.*_latency_max", "ns", ["disk.interval.latency", interval, statistic("max")]),
  expect("block.#.timed_group.#.*_latency_avg", "ns", ["disk.interval.latency", interval, statistic("avg")]),
  expect("block.#.timed_group.#.*_queue_depth_avg", "average", ["disk.interval.queue_depth", interval]),
  expect("block.#.limits.*", "count", [
    "disk.constraint",
    ([number = "", name = ""], domain) => ({ ...disk([number], domain), "libvirt.disk.constraint": name }),
  ]),
  expect("iothread.count", "count", ["iothread.count"]),
  expect("iothread.#.poll-max-ns", "ns", [
    "iothread.poll.limit",
    ([number]) => ({ "libvirt.iothread.id": Number(number) }),
  ]),
  expect("perf.cmt", "count", ["perf.value", () => ({ "libvirt.perf.event": "cmt" })]),
  expect("perf.mbmt", "count", ["perf.value", () => ({ "libvirt.perf.event": "mbmt" })]),
  expect("perf.mbml", "count", ["perf.value", () => ({ "libvirt.perf.event": "mbml" })]),
  expect("perf.*", "count", ["perf.events", ([name = ""]) => ({ "libvirt.perf.event": name })]),
];

/** Fields that become points by rules of their own, see special-points.ts. */
export const SPECIAL: readonly string[] = [
  "state.state",
  "state.reason",
  "vcpu.#.state",
  "block.#.latency_histogram.*.bin.count",
  "block.#.latency_histogram.*.bin.#.start",
  "block.#.latency_histogram.*.bin.#.value",
];

/** Fields that no point shows: they name or count what others tell, or something is derived from them. */
export const UNMAPPED: readonly string[] = [
  "cpu.cache.monitor.count",
  "cpu.cache.monitor.#.name",
  "cpu.cache.monitor.#.vcpus",
  "cpu.cache.monitor.#.bank.count",
  "cpu.cache.monitor.#.bank.#.id",
  "cpu.energy.monitor.count",
  "cpu.energy.monitor.#.name",
  "cpu.energy.monitor.#.vcpus",
  "cpu.energy.monitor.#.pkg.count",
  "cpu.energy.monitor.#.pkg.#.id",
  "cpu.energy.monitor.#.pkg.#.activity",
  "balloon.last-update",
  "memory.bandwidth.monitor.count",
  "memory.bandwidth.monitor.#.name",
  "memory.bandwidth.monitor.#.vcpus",
  "memory.bandwidth.monitor.#.node.count",
  "memory.bandwidth.monitor.#.node.#.id",
  "dirtyrate.calc_status",
  "dirtyrate.calc_start_time",
  "dirtyrate.calc_period",
  "dirtyrate.calc_mode",
  "dirtyrate.vcpu.#.megabytes_per_second",
  "net.count",
  "net.#.name",
  "block.count",
  "block.#.name",
  "block.#.path",
  "block.#.backingIndex",
  "block.#.timed_group.count",
  "block.#.timed_group.#.interval",
  "iothread.#.poll-grow",
  "iothread.#.poll-shrink",
  "iothread.#.poll-weight",
];
