import * as v from "valibot";

import { duration, flag, object } from "./option-types.ts";

/** The section of the file on QEMU's processes. */
export const processesSchema = object(
  {
    process: v.optional(flag("CPU time, memory, I/O, faults and open files of each QEMU."), true),
    threads: v.optional(flag("How long its threads waited for a CPU."), true),
    cgroups: v.optional(flag("Its control groups: throttling, memory, I/O and pressure."), true),
    disks: v.optional(flag("Which block devices of the host are behind its disks."), true),
    numa: v.optional(flag("On which NUMA nodes its memory lies. It costs the most."), true),
    instead_of_libvirt: v.optional(
      flag(
        "CPU time, vCPUs' times, resident memory and vNICs, which libvirt reads there as well, instead of asking libvirt, " +
          "which asks QEMU, or reads the file of all interfaces for each vNIC.",
      ),
      true,
    ),
    numa_interval: v.optional(
      duration({
        min: 1000,
        max: 86_400_000,
        description:
          "From one reading of a QEMU's NUMA nodes to the next. A backend that looks back five minutes needs less than that.",
      }),
      "4m",
    ),
  },
  "What to read of QEMU's processes, where the hypervisor is on this machine. See operations.md for the rights that it takes.",
);
