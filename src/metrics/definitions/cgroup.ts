import type { DomainRow } from "../rows.ts";

const READ = { "disk.io.direction": "read" } as const;
const WRITE = { "disk.io.direction": "write" } as const;

const pressure = <const Resource extends string, const StallType extends string>(
  resource: Resource,
  stallType: StallType,
) => ({ "linux.pressure.resource": resource, "linux.pressure.stall_type": stallType }) as const;

const event = <const Name extends string>(name: Name) => ({ "linux.cgroup.memory.event": name }) as const;

/** A domain's control groups: the whole of it, helper processes included. Only of a hypervisor on this machine. */
export const CGROUP_METRICS = [
  {
    name: "libvirt.domain.cgroup.cpu.time",
    kind: "counter",
    unit: "s",
    description: "CPU time of all processes in the domain's control group.",
    on: true,
    scope: "cgroup",
    from: "fields",
    sources: [
      { field: "userNs", attributes: { "cpu.mode": "user" } },
      { field: "systemNs", attributes: { "cpu.mode": "system" } },
    ],
  },
  {
    name: "libvirt.domain.cgroup.cpu.throttled_time",
    kind: "counter",
    unit: "s",
    description:
      "Time that the domain's vCPUs and other parts were kept from running since their quota of CPU time was used up, all added up.",
    on: true,
    scope: "cgroup",
    from: "fields",
    sources: [{ field: "throttledNs" }],
  },
  {
    name: "libvirt.domain.cgroup.cpu.throttled_periods",
    kind: "counter",
    unit: "{period}",
    description: "Periods in which a part of the domain used up its quota of CPU time.",
    on: true,
    scope: "cgroup",
    from: "fields",
    sources: [{ field: "throttledPeriods" }],
  },
  {
    name: "libvirt.domain.cgroup.cpu.periods",
    kind: "counter",
    unit: "{period}",
    description: "Periods in which a part of the domain that has a quota of CPU time ran.",
    on: true,
    scope: "cgroup",
    from: "fields",
    sources: [{ field: "periods" }],
  },
  {
    name: "libvirt.domain.cgroup.memory.usage",
    kind: "updowncounter",
    unit: "By",
    description: "Memory that is charged to the domain's control group, its file cache included.",
    on: true,
    scope: "cgroup",
    from: "fields",
    sources: [{ field: "usedBytes" }],
  },
  {
    name: "libvirt.domain.cgroup.memory.limit",
    kind: "updowncounter",
    unit: "By",
    description: "Limit of the control group's memory; absent without one.",
    on: true,
    scope: "cgroup",
    from: "fields",
    sources: [{ field: "limitBytes" }],
  },
  {
    name: "libvirt.domain.cgroup.memory.working_set",
    kind: "updowncounter",
    unit: "By",
    description: "Memory of the control group without the file cache that was not used lately.",
    on: true,
    scope: "cgroup",
    from: "fields",
    sources: [{ field: "workingSetBytes" }],
  },
  {
    name: "libvirt.domain.cgroup.memory.swap.usage",
    kind: "updowncounter",
    unit: "By",
    description: "Memory of the control group that the host has swapped out.",
    on: true,
    scope: "cgroup",
    from: "fields",
    sources: [{ field: "swapBytes" }],
  },
  {
    name: "libvirt.domain.cgroup.memory.events",
    kind: "counter",
    unit: "{event}",
    description:
      "How often the control group's memory met one of its limits, and how often the kernel killed a process for it.",
    on: true,
    scope: "cgroup",
    from: "fields",
    sources: [
      { field: "lowEvents", attributes: event("low") },
      { field: "highEvents", attributes: event("high") },
      { field: "maxEvents", attributes: event("max") },
      { field: "oomEvents", attributes: event("oom") },
      { field: "oomKillEvents", attributes: event("oom_kill") },
    ],
  },
  {
    name: "libvirt.domain.cgroup.disk.io",
    kind: "counter",
    unit: "By",
    description: "Bytes that the control group read from and wrote to a block device of the host.",
    on: true,
    scope: "cgroupDevice",
    from: "fields",
    sources: [
      { field: "readBytes", attributes: READ },
      { field: "writtenBytes", attributes: WRITE },
    ],
  },
  {
    name: "libvirt.domain.cgroup.disk.operations",
    kind: "counter",
    unit: "{operation}",
    description: "Reads and writes of the control group on a block device of the host.",
    on: true,
    scope: "cgroupDevice",
    from: "fields",
    sources: [
      { field: "readOperations", attributes: READ },
      { field: "writeOperations", attributes: WRITE },
    ],
  },
  {
    name: "libvirt.domain.cgroup.process.count",
    kind: "updowncounter",
    unit: "{process}",
    description: "Processes in the domain's control group, as the kernel counts them: each thread is one.",
    on: true,
    scope: "cgroup",
    from: "fields",
    sources: [{ field: "tasks" }],
  },
  {
    name: "libvirt.domain.cgroup.pressure.time",
    kind: "counter",
    unit: "s",
    description:
      "Time that some or all of the control group's work stood still for want of CPU, memory or I/O.",
    on: true,
    scope: "cgroup",
    from: "fields",
    sources: [
      { field: "cpuSomeNs", attributes: pressure("cpu", "some") },
      { field: "cpuFullNs", attributes: pressure("cpu", "full") },
      { field: "memorySomeNs", attributes: pressure("memory", "some") },
      { field: "memoryFullNs", attributes: pressure("memory", "full") },
      { field: "ioSomeNs", attributes: pressure("io", "some") },
      { field: "ioFullNs", attributes: pressure("io", "full") },
    ],
  },
] as const satisfies readonly DomainRow[];
