import { cpuFrequency } from "../host/cpu-frequency.ts";
import { debugfsKvm } from "../host/debugfs-kvm.ts";
import { createFilesystemReader, filesystems } from "../host/filesystems.ts";
import type { HostReader } from "../host/host-reader.ts";
import { procDiskstats } from "../host/proc-diskstats.ts";
import { procInterrupts } from "../host/proc-interrupts.ts";
import { procLoadavg } from "../host/proc-loadavg.ts";
import { procMeminfo } from "../host/proc-meminfo.ts";
import { createNetDevReader, procNetDev } from "../host/proc-net-dev.ts";
import { procPressure } from "../host/proc-pressure.ts";
import { procProcesses } from "../host/proc-processes.ts";
import { procSchedstat } from "../host/proc-schedstat.ts";
import { procStat } from "../host/proc-stat.ts";
import { procUptime } from "../host/proc-uptime.ts";
import { procVmstat } from "../host/proc-vmstat.ts";
import { sysfsBlock } from "../host/sysfs-block.ts";
import { sysfsCpuTopology } from "../host/sysfs-cpu-topology.ts";
import { sysfsHugepages } from "../host/sysfs-hugepages.ts";
import { sysfsKsm } from "../host/sysfs-ksm.ts";
import { sysfsNodeMeminfo } from "../host/sysfs-node-meminfo.ts";
import { sysfsNodeNumastat } from "../host/sysfs-node-numastat.ts";

/** All readers of the host, in the order in which they are listed. A new one stands here and in HOST_SCOPES. */
export const HOST_READERS = [
  procStat,
  procMeminfo,
  procVmstat,
  procLoadavg,
  procUptime,
  procProcesses,
  procDiskstats,
  sysfsBlock,
  procNetDev,
  filesystems,
  procPressure,
  procSchedstat,
  procInterrupts,
  cpuFrequency,
  sysfsCpuTopology,
  sysfsHugepages,
  sysfsKsm,
  sysfsNodeMeminfo,
  sysfsNodeNumastat,
  debugfsKvm,
] as const satisfies readonly HostReader[];

/** What a reader is called in the configuration. */
export type HostReaderName = (typeof HOST_READERS)[number]["name"];

/** All of them. */
export const HOST_READER_NAMES = HOST_READERS.map(({ name }) => name) as unknown as readonly [
  HostReaderName,
  ...HostReaderName[],
];

/** What the readers' items are, beside the scopes of a domain. */
export const HOST_SCOPES = {
  ...procStat.scopes,
  ...procMeminfo.scopes,
  ...procVmstat.scopes,
  ...procLoadavg.scopes,
  ...procUptime.scopes,
  ...procProcesses.scopes,
  ...procDiskstats.scopes,
  ...sysfsBlock.scopes,
  ...procNetDev.scopes,
  ...filesystems.scopes,
  ...procPressure.scopes,
  ...procSchedstat.scopes,
  ...procInterrupts.scopes,
  ...cpuFrequency.scopes,
  ...sysfsCpuTopology.scopes,
  ...sysfsHugepages.scopes,
  ...sysfsKsm.scopes,
  ...sysfsNodeMeminfo.scopes,
  ...sysfsNodeNumastat.scopes,
  ...debugfsKvm.scopes,
} as const;

/**
 * The readers of one source, of which some remember what they saw; with `taps` those of domains are among the host's
 * interfaces.
 */
export function hostReaders({ taps }: { readonly taps: boolean }): readonly (HostReader & {
  readonly name: HostReaderName;
})[] {
  return HOST_READERS.map((reader) => {
    if (reader === procNetDev) return createNetDevReader({ withTaps: taps });
    return reader === filesystems ? createFilesystemReader() : reader;
  });
}
