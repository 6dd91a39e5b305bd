import { parseLibvirtUri } from "../libvirt/uri.ts";
import type { HostConfiguration, LibvirtConfiguration } from "./configuration.ts";
import type { FileConfiguration } from "./schema.ts";

interface Surroundings {
  readonly hypervisors: readonly LibvirtConfiguration[];
  readonly procfs: string;
  readonly sysfs: string;
}

/** The file's section on the host, with what depends on the hypervisors filled in. */
export function resolveHost(
  { enabled, taps, readers }: FileConfiguration["host"],
  { hypervisors, procfs, sysfs }: Surroundings,
): HostConfiguration {
  const isLocal = hypervisors.some(({ uri }) => parseLibvirtUri(uri).transport === "unix");
  return {
    enabled: enabled ?? isLocal,
    procfs: withoutEnd(procfs),
    sysfs: withoutEnd(sysfs),
    taps,
    readers: Object.fromEntries(
      Object.entries(readers).map(([name, reader]) => [
        name,
        { enabled: reader.enabled, intervalMs: reader.interval },
      ]),
    ),
    note:
      enabled === undefined && !isLocal
        ? "This machine is not read: all hypervisors are remote, and it is not their host. host.enabled: true reads it"
        : undefined,
  };
}

/** /host/proc/ is /host/proc. */
function withoutEnd(path: string): string {
  return path.replace(/(?<=.)\/+$/, "");
}
