import { growthWithin } from "../promql/growth.ts";
import { DOMAIN, HOST, type RecordingRule } from "./rule.ts";

const DISK = `${DOMAIN}, "system.device", "disk.io.direction"`;
const INTERFACE = `${DOMAIN}, "network.interface.name", "network.io.direction"`;

/** What alerts compare. Denominators are never zero: an idle disk has no latency rather than one that is no number. */
export const RECORDING_RULES: readonly RecordingRule[] = [
  {
    record: "domain:cpu_utilization:avg5m",
    query: `avg by (${DOMAIN}) (avg_over_time({"libvirt.domain.cpu.utilization"}[5m]))`,
    meaning: "Share of a domain's vCPUs in use.",
  },
  {
    record: "domain:cpu_steal:avg5m",
    query: `avg by (${DOMAIN}) (rate({"libvirt.domain.vcpu.delay_time"}[5m]))`,
    meaning: "Share of time in which a vCPU wanted to run and did not get a CPU, on average over the vCPUs.",
  },
  {
    record: "domain:guest_memory_available:ratio",
    query: `max by (${DOMAIN}) ({"libvirt.domain.memory.guest.available"})
  / max by (${DOMAIN}) ({"libvirt.domain.memory.guest.limit"})
  and on (${DOMAIN}) {"libvirt.domain.memory.stats.age"} < 300`,
    meaning: "Share of its memory that a guest can have without swapping, while its driver tells it.",
  },
  {
    record: "domain_disk:latency:mean5m",
    query: `sum by (${DISK}) (rate({"libvirt.domain.disk.operation_time"}[5m]))
  / (sum by (${DISK}) (rate({"libvirt.domain.disk.operations"}[5m])) > 0)`,
    meaning: "Seconds that a read or write of a disk took on average.",
  },
  {
    record: "domain_interface:errors:ratio5m",
    query: `sum by (${INTERFACE}) (rate({"libvirt.domain.network.errors"}[5m]))
  / (
    sum by (${INTERFACE}) (rate({"libvirt.domain.network.packet.count"}[5m]))
    + sum by (${INTERFACE}) (rate({"libvirt.domain.network.errors"}[5m]))
    > 0
  )`,
    meaning: "Errors of an interface as a share of all packets, good and bad.",
  },
  {
    record: "host:vcpu_overcommit:ratio",
    query: `sum by (${HOST}) ({"libvirt.host.vcpu.allocated"})
  / max by (${HOST}) ({"system.cpu.logical.count"})`,
    meaning: "vCPUs of all domains that are started for each CPU of the host.",
  },
  {
    record: "host:memory_overcommit:ratio",
    query: `sum by (${HOST}) ({"libvirt.host.memory.allocated"}) / max by (${HOST}) ({"system.memory.limit"})`,
    meaning: "Memory of all domains that are started over the memory of the host.",
  },
  {
    record: "host:migrations:last1h",
    query: `sum by (${HOST}, "libvirt.migration.outcome") (${growthWithin('{"libvirt.domain.migrations"}', "1h")})`,
    meaning: "Migrations away from a host that ended within the last hour, by how they ended.",
  },
];
