import * as v from "valibot";

import { duration, libvirtUri, object } from "./option-types.ts";

const SECOND_MS = 1000;
const DAY_MS = 86_400_000;

/** One entry of `libvirt`. */
export const libvirtSchema = object(
  {
    uri: v.optional(
      libvirtUri(
        "The hypervisor, as `virsh -c` takes it. kvmeter opens the read-only socket, so it needs no root: " +
          "the default is the system's hypervisor for every user. One on another machine is `qemu+tls://host/system` or " +
          "`qemu+ssh://user@host/system`: see libvirt-client.md. `*` in the path of `?socket=` finds all daemons whose " +
          "sockets fit, anew in each cycle, and reads them as one hypervisor: see install-kubernetes.md.",
      ),
      "qemu:///system",
    ),
    timeout: v.optional(
      duration({
        min: 100,
        max: 600 * SECOND_MS,
        description: "How long the daemon may take to answer one call.",
      }),
      "5s",
    ),
  },
  "One hypervisor.",
);

/** What is read beside domains. */
export const hypervisorSchema = object(
  {
    interval: v.optional(
      duration({
        min: SECOND_MS,
        max: DAY_MS,
        description: "Time from one reading to the next. No cycle waits for one.",
      }),
      "1m",
    ),
  },
  "What a hypervisor has beside its domains: storage pools, networks, their leases, its hardware.",
);
