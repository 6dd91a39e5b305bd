import { CGROUP_METRICS } from "./definitions/cgroup.ts";
import { CONTROL_METRICS } from "./definitions/control.ts";
import { DISK_METRICS, NETWORK_METRICS } from "./definitions/devices.ts";
import { DOMAIN_METRICS } from "./definitions/domain.ts";
import { KVM_METRICS, THREAD_AND_PERF_METRICS } from "./definitions/hypervisor-specific.ts";
import { HYPERVISOR_METRICS } from "./definitions/hypervisor.ts";
import { MEMORY_METRICS } from "./definitions/memory.ts";
import { AGENT_METRICS } from "./definitions/own.ts";
import { PROCESS_METRICS } from "./definitions/process.ts";
import type { DomainRow, MetricRow } from "./rows.ts";

export { AGENT_METRICS, HYPERVISOR_METRICS };

/** Everything about a domain, in the order in which it is printed and exported. */
export const DOMAIN_ROWS: readonly DomainRow[] = [
  ...DOMAIN_METRICS,
  ...CONTROL_METRICS,
  ...KVM_METRICS,
  ...MEMORY_METRICS,
  ...NETWORK_METRICS,
  ...DISK_METRICS,
  ...THREAD_AND_PERF_METRICS,
  ...PROCESS_METRICS,
  ...CGROUP_METRICS,
];

/** THE TABLE: every metric that kvmeter exports. The names are the product's interface. */
export const METRIC_ROWS: readonly MetricRow[] = [...DOMAIN_ROWS, ...HYPERVISOR_METRICS, ...AGENT_METRICS];
