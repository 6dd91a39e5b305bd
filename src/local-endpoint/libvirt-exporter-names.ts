import { DOMAIN_STATES, VCPU_STATES } from "../metrics/libvirt-names.ts";
import type { Attributes } from "../metrics/points.ts";

/** A metric of Tinkoff's libvirt-exporter, and what of the table it is. */
export interface ExporterMetric {
  readonly name: string;
  readonly kind: "counter" | "gauge";
  /** The row of the table. */
  readonly from: string;
  /** Attributes of the row's points that are meant. */
  readonly where?: Attributes;
  /** Its labels, and the attributes of ours, of the point or of its resource, that they are. */
  readonly labels: Readonly<Record<string, string>>;
  /** How its value comes from ours; the same unless given. */
  readonly value?: ExporterValue;
}

type ExporterValue =
  | "percent"
  /** 1 for each point whose value is 1. */
  | "presence"
  /** The number, in libvirt's enum, of the state whose point has the value 1. */
  | { readonly states: readonly string[]; readonly attribute: string };

const DOMAIN = { domain: "libvirt.domain.name" };
const VCPU = { ...DOMAIN, vcpu: "cpu.logical_number" };
const DISK = { ...DOMAIN, target_device: "system.device" };
const NIC = { ...DOMAIN, target_device: "network.interface.name" };
const POOL = { pool: "libvirt.storage_pool.name" };

const READ = { "disk.io.direction": "read" };
const WRITE = { "disk.io.direction": "write" };
const RECEIVE = { "network.io.direction": "receive" };
const TRANSMIT = { "network.io.direction": "transmit" };

const metricOf =
  (kind: ExporterMetric["kind"]) =>
  (name: string, from: string, rest: Omit<ExporterMetric, "name" | "kind" | "from">): ExporterMetric => ({
    name: `libvirt_${name}`,
    kind,
    from,
    ...rest,
  });
const counter = metricOf("counter");
const gauge = metricOf("gauge");

/**
 * Names and labels of https://github.com/Tinkoff/libvirt-exporter (2.2.0, and the seconds of later versions), as far as
 * the table has what they mean. Left out: the metadata of interfaces and most of the disks', the I/O limits, the CPU on which a
 * vCPU runs.
 */
export const EXPORTER_METRICS: readonly ExporterMetric[] = [
  gauge("up", "libvirt.connection.status", {
    where: { "libvirt.connection.state": "connected" },
    labels: {},
  }),
  gauge("versions_info", "libvirt.host.info", {
    labels: { hypervisor_running: "libvirt.driver.version", libvirtd_running: "libvirt.version" },
  }),
  gauge("domain_info_meta", "libvirt.domain.status", {
    value: "presence",
    labels: {
      ...DOMAIN,
      uuid: "libvirt.domain.uuid",
      instance_name: "openstack.instance.name",
      flavor: "openstack.flavor.name",
      user_uuid: "openstack.user.id",
      project_name: "openstack.project.name",
      project_uuid: "openstack.project.id",
    },
  }),
  gauge("domain_info_maximum_memory_bytes", "libvirt.domain.memory.limit", { labels: DOMAIN }),
  gauge("domain_info_memory_usage_bytes", "libvirt.domain.memory.balloon.size", { labels: DOMAIN }),
  gauge("domain_info_virtual_cpus", "libvirt.domain.vcpu.count", { labels: DOMAIN }),
  counter("domain_info_cpu_time_seconds_total", "libvirt.domain.cpu.time", { labels: DOMAIN }),
  gauge("domain_info_vstate", "libvirt.domain.status", {
    value: { states: DOMAIN_STATES, attribute: "libvirt.domain.state" },
    labels: DOMAIN,
  }),
  counter("domain_vcpu_time_seconds_total", "libvirt.domain.vcpu.time", { labels: VCPU }),
  counter("domain_vcpu_delay_seconds_total", "libvirt.domain.vcpu.delay_time", { labels: VCPU }),
  counter("domain_vcpu_wait_seconds_total", "libvirt.domain.vcpu.wait_time", { labels: VCPU }),
  gauge("domain_vcpu_state", "libvirt.domain.vcpu.status", {
    value: { states: VCPU_STATES, attribute: "libvirt.vcpu.state" },
    labels: VCPU,
  }),
  gauge("domain_block_meta", "libvirt.domain.disk.info", {
    labels: { ...DISK, disk_type: "libvirt.disk.source.type" },
  }),
  counter("domain_block_stats_read_bytes_total", "libvirt.domain.disk.io", { where: READ, labels: DISK }),
  counter("domain_block_stats_read_requests_total", "libvirt.domain.disk.operations", {
    where: READ,
    labels: DISK,
  }),
  counter("domain_block_stats_read_time_seconds_total", "libvirt.domain.disk.operation_time", {
    where: READ,
    labels: DISK,
  }),
  counter("domain_block_stats_write_bytes_total", "libvirt.domain.disk.io", { where: WRITE, labels: DISK }),
  counter("domain_block_stats_write_requests_total", "libvirt.domain.disk.operations", {
    where: WRITE,
    labels: DISK,
  }),
  counter("domain_block_stats_write_time_seconds_total", "libvirt.domain.disk.operation_time", {
    where: WRITE,
    labels: DISK,
  }),
  counter("domain_block_stats_flush_requests_total", "libvirt.domain.disk.flush.operations", {
    labels: DISK,
  }),
  counter("domain_block_stats_flush_time_seconds_total", "libvirt.domain.disk.flush.time", { labels: DISK }),
  gauge("domain_block_stats_allocation", "libvirt.domain.disk.allocation", { labels: DISK }),
  gauge("domain_block_stats_capacity_bytes", "libvirt.domain.disk.limit", { labels: DISK }),
  gauge("domain_block_stats_physicalsize_bytes", "libvirt.domain.disk.physical", { labels: DISK }),
  ...(["receive", "transmit"] as const).flatMap((direction) => {
    const rest = { where: direction === "receive" ? RECEIVE : TRANSMIT, labels: NIC };
    const name = `domain_interface_stats_${direction}`;
    return [
      counter(`${name}_bytes_total`, "libvirt.domain.network.io", rest),
      counter(`${name}_packets_total`, "libvirt.domain.network.packet.count", rest),
      counter(`${name}_errors_total`, "libvirt.domain.network.errors", rest),
      counter(`${name}_drops_total`, "libvirt.domain.network.packet.dropped", rest),
    ];
  }),
  counter("domain_memory_stats_major_fault_total", "libvirt.domain.paging.faults", {
    where: { "system.paging.fault.type": "major" },
    labels: DOMAIN,
  }),
  counter("domain_memory_stats_minor_fault_total", "libvirt.domain.paging.faults", {
    where: { "system.paging.fault.type": "minor" },
    labels: DOMAIN,
  }),
  gauge("domain_memory_stats_unused_bytes", "libvirt.domain.memory.guest.free", { labels: DOMAIN }),
  gauge("domain_memory_stats_available_bytes", "libvirt.domain.memory.guest.limit", { labels: DOMAIN }),
  gauge("domain_memory_stats_actual_balloon_bytes", "libvirt.domain.memory.balloon.size", { labels: DOMAIN }),
  gauge("domain_memory_stats_rss_bytes", "libvirt.domain.memory.rss", { labels: DOMAIN }),
  gauge("domain_memory_stats_usable_bytes", "libvirt.domain.memory.guest.available", { labels: DOMAIN }),
  gauge("domain_memory_stats_disk_cache_bytes", "libvirt.domain.memory.guest.cached", { labels: DOMAIN }),
  gauge("domain_memory_stats_used_percent", "libvirt.domain.memory.guest.utilization", {
    value: "percent",
    labels: DOMAIN,
  }),
  gauge("storage_pool_info_capacity_bytes", "libvirt.storage_pool.limit", { labels: POOL }),
  gauge("storage_pool_info_allocation_bytes", "libvirt.storage_pool.usage", { labels: POOL }),
  gauge("storage_pool_info_available_bytes", "libvirt.storage_pool.available", { labels: POOL }),
];
