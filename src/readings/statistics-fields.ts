import { HOST_SCOPES } from "./host-scopes.ts";
/**
 * Every field of libvirt's bulk domain statistics (include/libvirt/libvirt-domain.h, VIR_DOMAIN_STATS_*, 12.8),
 * and the only place that knows their names. A field belongs to a scope: the thing that it describes. In a
 * pattern `#` is a number, `{…}` one of the names listed, `*` any name, dots included; together, in their order,
 * they are the path that tells one vCPU, disk or monitor from another. Adding a field is adding its row.
 */
import { PROCESS_SCOPES } from "./process-fields.ts";
import type { FieldUnit, ScopeRow } from "./scope-row.ts";

export type { FieldRow, FieldUnit, ScopeRow, StatisticsGroup } from "./scope-row.ts";

const field = <const Unit extends FieldUnit>(pattern: string, unit: Unit) => ({ pattern, unit });

const OPERATION = "{rd,wr,zone_append,flush}";

export const STATISTICS_SCOPES = {
  state: {
    group: "state",
    fields: { state: field("state.state", "enum"), reason: field("state.reason", "enum") },
  },
  cpu: {
    group: "cpu",
    regrouped: {
      haltpollSuccessNs: "haltpoll",
      haltpollFailNs: "haltpoll",
      cacheMonitors: "cpu-monitor",
      energyMonitors: "cpu-monitor",
    },
    fields: {
      timeNs: field("cpu.time", "ns"),
      userNs: field("cpu.user", "ns"),
      systemNs: field("cpu.system", "ns"),
      haltpollSuccessNs: field("cpu.haltpoll.success.time", "ns"),
      haltpollFailNs: field("cpu.haltpoll.fail.time", "ns"),
      cacheMonitors: field("cpu.cache.monitor.count", "count"),
      energyMonitors: field("cpu.energy.monitor.count", "count"),
    },
  },
  cacheMonitor: {
    group: "cpu-monitor",
    fields: {
      name: field("cpu.cache.monitor.#.name", "text"),
      vcpus: field("cpu.cache.monitor.#.vcpus", "text"),
      banks: field("cpu.cache.monitor.#.bank.count", "count"),
    },
  },
  cacheBank: {
    parent: "cacheMonitor",
    group: "cpu-monitor",
    fields: {
      id: field("cpu.cache.monitor.#.bank.#.id", "count"),
      usedBytes: field("cpu.cache.monitor.#.bank.#.bytes", "By"),
    },
  },
  energyMonitor: {
    group: "cpu-monitor",
    fields: {
      name: field("cpu.energy.monitor.#.name", "text"),
      vcpus: field("cpu.energy.monitor.#.vcpus", "text"),
      packages: field("cpu.energy.monitor.#.pkg.count", "count"),
    },
  },
  energyPackage: {
    parent: "energyMonitor",
    group: "cpu-monitor",
    fields: {
      id: field("cpu.energy.monitor.#.pkg.#.id", "count"),
      coreEnergyJ: field("cpu.energy.monitor.#.pkg.#.core_energy", "J"),
      activityF: field("cpu.energy.monitor.#.pkg.#.activity", "F"),
    },
  },
  balloon: {
    group: "balloon",
    regrouped: { rssKiB: "rss" },
    fields: {
      currentKiB: field("balloon.current", "KiB"),
      maximumKiB: field("balloon.maximum", "KiB"),
      rssKiB: field("balloon.rss", "KiB"),
      unusedKiB: field("balloon.unused", "KiB"),
      availableKiB: field("balloon.available", "KiB"),
      usableKiB: field("balloon.usable", "KiB"),
      diskCachesKiB: field("balloon.disk_caches", "KiB"),
      swapInKiB: field("balloon.swap_in", "KiB"),
      swapOutKiB: field("balloon.swap_out", "KiB"),
      majorFaults: field("balloon.major_fault", "count"),
      minorFaults: field("balloon.minor_fault", "count"),
      hugetlbSuccesses: field("balloon.hugetlb_pgalloc", "count"),
      hugetlbFailures: field("balloon.hugetlb_pgfail", "count"),
      lastUpdateS: field("balloon.last-update", "s"),
    },
  },
  vcpuCount: {
    group: "vcpu-count",
    fields: { current: field("vcpu.current", "count"), maximum: field("vcpu.maximum", "count") },
  },
  vcpu: {
    group: "vcpu",
    regrouped: { state: "vcpu-state", halted: "vcpu-state" },
    fields: {
      state: field("vcpu.#.state", "enum"),
      timeNs: field("vcpu.#.time", "ns"),
      waitNs: field("vcpu.#.wait", "ns"),
      delayNs: field("vcpu.#.delay", "ns"),
      halted: field("vcpu.#.halted", "flag"),
    },
  },
  vcpuKvm: {
    parent: "vcpu",
    group: "vcpu-kvm",
    fields: {
      sum: field("vcpu.#.*.sum", "count"),
      current: field("vcpu.#.*.cur", "count"),
      peak: field("vcpu.#.*.max", "count"),
    },
  },
  vmKvm: {
    group: "vm",
    fields: {
      sum: field("vm.*.sum", "count"),
      current: field("vm.*.cur", "count"),
      peak: field("vm.*.max", "count"),
    },
  },
  nicCount: { group: "interface", fields: { nics: field("net.count", "count") } },
  nic: {
    group: "interface",
    fields: {
      name: field("net.#.name", "text"),
      receivedBytes: field("net.#.rx.bytes", "By"),
      receivedPackets: field("net.#.rx.pkts", "count"),
      receiveErrors: field("net.#.rx.errs", "count"),
      receiveDrops: field("net.#.rx.drop", "count"),
      transmittedBytes: field("net.#.tx.bytes", "By"),
      transmittedPackets: field("net.#.tx.pkts", "count"),
      transmitErrors: field("net.#.tx.errs", "count"),
      transmitDrops: field("net.#.tx.drop", "count"),
    },
  },
  diskCount: { group: "block", fields: { disks: field("block.count", "count") } },
  // With the flag BACKING a disk's images follow one another under the same name, its top image first.
  disk: {
    group: "block",
    regrouped: {
      allocationBytes: "block-size",
      capacityBytes: "block-size",
      physicalBytes: "block-size",
      thresholdBytes: "block-size",
      timedGroups: "block-detail",
    },
    fields: {
      name: field("block.#.name", "text"),
      backingIndex: field("block.#.backingIndex", "count"),
      path: field("block.#.path", "text"),
      readOperations: field("block.#.rd.reqs", "count"),
      readBytes: field("block.#.rd.bytes", "By"),
      readTimeNs: field("block.#.rd.times", "ns"),
      writeOperations: field("block.#.wr.reqs", "count"),
      writtenBytes: field("block.#.wr.bytes", "By"),
      writeTimeNs: field("block.#.wr.times", "ns"),
      flushOperations: field("block.#.fl.reqs", "count"),
      flushTimeNs: field("block.#.fl.times", "ns"),
      errors: field("block.#.errors", "count"),
      allocationBytes: field("block.#.allocation", "By"),
      capacityBytes: field("block.#.capacity", "By"),
      physicalBytes: field("block.#.physical", "By"),
      thresholdBytes: field("block.#.threshold", "By"),
      timedGroups: field("block.#.timed_group.count", "count"),
    },
  },
  diskLimit: {
    parent: "disk",
    group: "block-detail",
    fields: { value: field("block.#.limits.*", "count") },
  },
  diskInterval: {
    parent: "disk",
    group: "block-detail",
    fields: { lengthS: field("block.#.timed_group.#.interval", "s") },
  },
  diskIntervalOperation: {
    parent: "diskInterval",
    group: "block-detail",
    fields: {
      latencyMinNs: field(`block.#.timed_group.#.${OPERATION}_latency_min`, "ns"),
      latencyMaxNs: field(`block.#.timed_group.#.${OPERATION}_latency_max`, "ns"),
      latencyAvgNs: field(`block.#.timed_group.#.${OPERATION}_latency_avg`, "ns"),
      queueDepthAvg: field(`block.#.timed_group.#.${OPERATION}_queue_depth_avg`, "ratio"),
    },
  },
  diskHistogram: {
    parent: "disk",
    group: "block-detail",
    fields: { bins: field("block.#.latency_histogram.{read,write,zone_append,flush}.bin.count", "count") },
  },
  diskHistogramBin: {
    parent: "diskHistogram",
    group: "block-detail",
    fields: {
      startNs: field("block.#.latency_histogram.{read,write,zone_append,flush}.bin.#.start", "ns"),
      operations: field("block.#.latency_histogram.{read,write,zone_append,flush}.bin.#.value", "count"),
    },
  },
  iothreadCount: { group: "iothread", fields: { iothreads: field("iothread.count", "count") } },
  iothread: {
    group: "iothread",
    fields: {
      pollMaxNs: field("iothread.#.poll-max-ns", "ns"),
      pollGrow: field("iothread.#.poll-grow", "count"),
      pollShrink: field("iothread.#.poll-shrink", "count"),
      pollWeight: field("iothread.#.poll-weight", "count"),
    },
  },
  perf: { group: "perf", fields: { value: field("perf.*", "count") } },
  memoryMonitorCount: {
    group: "memory",
    fields: { monitors: field("memory.bandwidth.monitor.count", "count") },
  },
  memoryMonitor: {
    group: "memory",
    fields: {
      name: field("memory.bandwidth.monitor.#.name", "text"),
      vcpus: field("memory.bandwidth.monitor.#.vcpus", "text"),
      nodes: field("memory.bandwidth.monitor.#.node.count", "count"),
    },
  },
  memoryNode: {
    parent: "memoryMonitor",
    group: "memory",
    fields: {
      id: field("memory.bandwidth.monitor.#.node.#.id", "count"),
      localBytes: field("memory.bandwidth.monitor.#.node.#.bytes.local", "By"),
      totalBytes: field("memory.bandwidth.monitor.#.node.#.bytes.total", "By"),
    },
  },
  dirtyRate: {
    group: "dirtyrate",
    fields: {
      status: field("dirtyrate.calc_status", "enum"),
      startS: field("dirtyrate.calc_start_time", "s"),
      periodS: field("dirtyrate.calc_period", "s"),
      mode: field("dirtyrate.calc_mode", "text"),
      rateMiBPerS: field("dirtyrate.megabytes_per_second", "MiB/s"),
    },
  },
  dirtyRateVcpu: {
    group: "dirtyrate",
    fields: { rateMiBPerS: field("dirtyrate.vcpu.#.megabytes_per_second", "MiB/s") },
  },
} as const satisfies Record<string, ScopeRow>;

/**
 * All that a reading can have: of a domain bulk statistics, what other calls tell, by those calls' names, and what the
 * kernel does for it; of the host what its kernel's files have.
 */
export const READING_SCOPES = {
  ...STATISTICS_SCOPES,
  ...HOST_SCOPES,
  control: {
    group: "control",
    fields: {
      state: field("CONTROL_INFO state", "enum"),
      stateTimeMs: field("CONTROL_INFO stateTime", "ms"),
    },
  },
  diskError: { group: "disk-error", fields: { state: field("GET_DISK_ERRORS error", "enum") } },
  ...PROCESS_SCOPES,
  job: {
    group: "job",
    fields: {
      totalBytes: field("JOB_STATS data_total", "By"),
      processedBytes: field("JOB_STATS data_processed", "By"),
      remainingBytes: field("JOB_STATS data_remaining", "By"),
      downtimeMs: field("JOB_STATS downtime", "ms"),
    },
  },
  guestAgent: {
    group: "agent",
    fields: {
      // 0 connected, 1 disconnected; libvirt counts them from 1.
      state: field("state of the channel in the XML, event AGENT_LIFECYCLE", "enum"),
    },
  },
  eventType: { group: "event", lasting: true, fields: {} },
  event: {
    parent: "eventType",
    group: "event",
    lasting: true,
    fields: { count: field("every event", "count") },
  },
  migration: {
    group: "event",
    lasting: true,
    fields: { count: field("events LIFECYCLE and JOB_COMPLETED, JOB_STATS", "count") },
  },
} as const satisfies Record<string, ScopeRow>;
