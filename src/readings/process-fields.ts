/**
 * What the kernel tells of a domain's QEMU process and of its control groups, on the hypervisor's own host. Nanoseconds
 * are those of the kernel's clock ticks and microseconds too: whole, so nothing is lost.
 */
export const PROCESS_SCOPES = {
  process: {
    group: "process",
    fields: {
      userNs: { pattern: "/proc/PID/stat utime", unit: "ns" },
      systemNs: { pattern: "/proc/PID/stat stime", unit: "ns" },
      minorFaults: { pattern: "/proc/PID/stat minflt", unit: "count" },
      majorFaults: { pattern: "/proc/PID/stat majflt", unit: "count" },
      threads: { pattern: "/proc/PID/stat num_threads", unit: "count" },
      /** Of all vCPUs together, in the same coarse unit as the process's: the two are compared. */
      vcpuNs: { pattern: "/proc/PID/task/TID/stat utime + stime of the vCPUs", unit: "ns" },
      residentBytes: { pattern: "/proc/PID/status VmRSS", unit: "By" },
      virtualBytes: { pattern: "/proc/PID/status VmSize", unit: "By" },
      swapBytes: { pattern: "/proc/PID/status VmSwap", unit: "By" },
      sharedBytes: { pattern: "/proc/PID/status RssFile + RssShmem", unit: "By" },
      voluntarySwitches: { pattern: "/proc/PID/status voluntary_ctxt_switches", unit: "count" },
      involuntarySwitches: { pattern: "/proc/PID/status nonvoluntary_ctxt_switches", unit: "count" },
      fileDescriptors: { pattern: "/proc/PID/fd", unit: "count" },
      readBytes: { pattern: "/proc/PID/io read_bytes", unit: "By" },
      writtenBytes: { pattern: "/proc/PID/io write_bytes", unit: "By" },
    },
  },
  processThread: {
    group: "process",
    fields: { waitNs: { pattern: "/proc/PID/task/TID/schedstat, second number", unit: "ns" } },
  },
  processMemory: {
    group: "process-memory",
    fields: {
      localShare: { pattern: "/proc/PID/numa_maps, /proc/PID/task/TID/stat processor", unit: "ratio" },
    },
  },
  processNode: {
    group: "process-memory",
    fields: { usedBytes: { pattern: "/proc/PID/numa_maps", unit: "By" } },
  },
  cgroup: {
    group: "cgroup",
    fields: {
      userNs: { pattern: "cpu.stat user_usec; v1 cpuacct.stat user", unit: "ns" },
      systemNs: { pattern: "cpu.stat system_usec; v1 cpuacct.stat system", unit: "ns" },
      periods: { pattern: "cpu.stat nr_periods", unit: "count" },
      throttledPeriods: { pattern: "cpu.stat nr_throttled", unit: "count" },
      throttledNs: { pattern: "cpu.stat throttled_usec; v1 throttled_time", unit: "ns" },
      usedBytes: { pattern: "memory.current; v1 memory.usage_in_bytes", unit: "By" },
      limitBytes: { pattern: "memory.max; v1 memory.limit_in_bytes", unit: "By" },
      workingSetBytes: { pattern: "memory.current - memory.stat inactive_file; v1 likewise", unit: "By" },
      swapBytes: { pattern: "memory.swap.current; v1 memory.stat total_swap", unit: "By" },
      lowEvents: { pattern: "memory.events low", unit: "count" },
      highEvents: { pattern: "memory.events high", unit: "count" },
      maxEvents: { pattern: "memory.events max; v1 memory.failcnt", unit: "count" },
      oomEvents: { pattern: "memory.events oom", unit: "count" },
      oomKillEvents: { pattern: "memory.events oom_kill; v1 memory.oom_control oom_kill", unit: "count" },
      tasks: { pattern: "pids.current", unit: "count" },
      cpuSomeNs: { pattern: "cpu.pressure some total", unit: "ns" },
      cpuFullNs: { pattern: "cpu.pressure full total", unit: "ns" },
      memorySomeNs: { pattern: "memory.pressure some total", unit: "ns" },
      memoryFullNs: { pattern: "memory.pressure full total", unit: "ns" },
      ioSomeNs: { pattern: "io.pressure some total", unit: "ns" },
      ioFullNs: { pattern: "io.pressure full total", unit: "ns" },
    },
  },
  cgroupDevice: {
    group: "cgroup",
    fields: {
      readBytes: { pattern: "io.stat rbytes; v1 blkio.throttle.io_service_bytes Read", unit: "By" },
      writtenBytes: { pattern: "io.stat wbytes; v1 blkio.throttle.io_service_bytes Write", unit: "By" },
      readOperations: { pattern: "io.stat rios; v1 blkio.throttle.io_serviced Read", unit: "count" },
      writeOperations: { pattern: "io.stat wios; v1 blkio.throttle.io_serviced Write", unit: "count" },
    },
  },
  diskSource: {
    group: "disk-source",
    fields: {
      /** Always 1: all that there is to say stands in the attributes. */
      present: { pattern: "XML, /proc/self/mountinfo, /sys/dev/block", unit: "count" },
      target: { pattern: "XML target", unit: "text" },
      type: { pattern: "XML disk type", unit: "text" },
      device: { pattern: "/proc/self/mountinfo, /sys/dev/block", unit: "text" },
    },
  },
} as const;
