import type { DomainRow } from "../rows.ts";

/** Gauges among the perf events: Intel's cache and memory bandwidth monitoring. */
const PERF_VALUES = ["cmt", "mbmt", "mbml"];

/** KVM says in a statistic's name that it counts nanoseconds. */
const NANOSECONDS = ["*_ns"];

/** KVM's own statistics, under the names that KVM gives them. */
export const KVM_METRICS = [
  {
    name: "libvirt.domain.vcpu.kvm.events",
    kind: "counter",
    unit: "{event}",
    description: "What KVM counts for the vCPU: exits, interrupts, page faults and others.",
    on: false,
    scope: "vcpuKvm",
    from: "fields",
    sources: [{ field: "sum", names: { except: NANOSECONDS } }],
  },
  {
    name: "libvirt.domain.vcpu.kvm.time",
    kind: "counter",
    unit: "s",
    description: "Time that KVM sums up for the vCPU, such as that of halt polling.",
    on: false,
    scope: "vcpuKvm",
    from: "fields",
    sources: [{ field: "sum", names: { only: NANOSECONDS }, fieldUnit: "ns" }],
  },
  {
    name: "libvirt.domain.vcpu.kvm.value",
    kind: "gauge",
    unit: "1",
    description: "Current and highest values that KVM keeps for the vCPU, as it gives them.",
    on: false,
    scope: "vcpuKvm",
    from: "fields",
    sources: [
      { field: "current", attributes: { "kvm.statistic": "cur" } },
      { field: "peak", attributes: { "kvm.statistic": "max" } },
    ],
  },
  {
    name: "libvirt.domain.vm.kvm.events",
    kind: "counter",
    unit: "{event}",
    description: "What KVM counts for the domain as a whole, such as TLB flushes of its memory.",
    on: false,
    scope: "vmKvm",
    from: "fields",
    sources: [{ field: "sum" }],
  },
  {
    name: "libvirt.domain.vm.kvm.value",
    kind: "gauge",
    unit: "1",
    description: "Current and highest values that KVM keeps for the domain as a whole, as it gives them.",
    on: false,
    scope: "vmKvm",
    from: "fields",
    sources: [
      { field: "current", attributes: { "kvm.statistic": "cur" } },
      { field: "peak", attributes: { "kvm.statistic": "max" } },
    ],
  },
] as const satisfies readonly DomainRow[];

/** I/O threads and perf events. */
export const THREAD_AND_PERF_METRICS = [
  {
    name: "libvirt.domain.iothread.count",
    kind: "updowncounter",
    unit: "{thread}",
    description: "I/O threads of the domain.",
    on: false,
    scope: "iothreadCount",
    from: "fields",
    sources: [{ field: "iothreads" }],
  },
  {
    name: "libvirt.domain.iothread.poll.limit",
    kind: "gauge",
    unit: "s",
    description: "How long the I/O thread polls for work at most before it sleeps.",
    on: false,
    scope: "iothread",
    from: "fields",
    sources: [{ field: "pollMaxNs" }],
  },
  {
    name: "libvirt.domain.perf.events",
    kind: "counter",
    unit: "{event}",
    description: "Perf events of the domain, for those that are enabled in its XML.",
    on: true,
    scope: "perf",
    from: "fields",
    sources: [{ field: "value", names: { except: PERF_VALUES } }],
  },
  {
    name: "libvirt.domain.perf.value",
    kind: "gauge",
    unit: "1",
    description: "Cache usage (cmt) and memory bandwidth (mbmt, mbml) of the domain, as libvirt gives them.",
    on: true,
    scope: "perf",
    from: "fields",
    sources: [{ field: "value", names: { only: PERF_VALUES } }],
  },
] as const satisfies readonly DomainRow[];
