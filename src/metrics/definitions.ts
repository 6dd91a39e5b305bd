import { CGROUP_METRICS } from "./definitions/cgroup.ts";
import { CONTROL_METRICS } from "./definitions/control.ts";
import { DISK_METRICS, NETWORK_METRICS } from "./definitions/devices.ts";
import { DOMAIN_METRICS } from "./definitions/domain.ts";
import { EVENT_METRICS } from "./definitions/happenings.ts";
import { HOST_CPU_METRICS } from "./definitions/host-cpu.ts";
import { HOST_DEVICE_METRICS } from "./definitions/host-devices.ts";
import { HOST_MEMORY_METRICS } from "./definitions/host-memory.ts";
import { HOST_PRESSURE_METRICS } from "./definitions/host-pressure.ts";
import { KVM_METRICS, THREAD_AND_PERF_METRICS } from "./definitions/hypervisor-specific.ts";
import { HYPERVISOR_METRICS } from "./definitions/hypervisor.ts";
import { INVENTORY_METRICS } from "./definitions/inventory.ts";
import { MEMORY_METRICS } from "./definitions/memory.ts";
import { AGENT_METRICS } from "./definitions/own.ts";
import { PROCESS_METRICS } from "./definitions/process.ts";
import type { DomainRow, HostRow, MetricRow } from "./rows.ts";

export { AGENT_METRICS, HYPERVISOR_METRICS, INVENTORY_METRICS };

/** Everything about a domain, in the order in which it is printed and exported. */
export const DOMAIN_ROWS: readonly DomainRow[] = [
  ...DOMAIN_METRICS,
  ...CONTROL_METRICS,
  ...EVENT_METRICS,
  ...KVM_METRICS,
  ...MEMORY_METRICS,
  ...NETWORK_METRICS,
  ...DISK_METRICS,
  ...THREAD_AND_PERF_METRICS,
  ...PROCESS_METRICS,
  ...CGROUP_METRICS,
];

/** Everything about the host, in the order in which it is printed and exported. */
export const HOST_ROWS: readonly HostRow[] = [
  ...HOST_CPU_METRICS,
  ...HOST_PRESSURE_METRICS,
  ...HOST_MEMORY_METRICS,
  ...HOST_DEVICE_METRICS,
];

/** THE TABLE: every metric that kvmeter exports. The names are the product's interface. */
export const METRIC_ROWS: readonly MetricRow[] = [
  ...DOMAIN_ROWS,
  ...HYPERVISOR_METRICS,
  ...INVENTORY_METRICS,
  ...HOST_ROWS,
  ...AGENT_METRICS,
];
