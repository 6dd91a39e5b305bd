import type { Instant } from "../clock.ts";
import type { Integer } from "../integer.ts";
import type { LibvirtConnection } from "../libvirt/connection.ts";
import { getLibVersion } from "../libvirt/procedures/get-lib-version.ts";
import { getType } from "../libvirt/procedures/get-type.ts";
import { getVersion } from "../libvirt/procedures/get-version.ts";
import { nodeGetInfo } from "../libvirt/procedures/node-get-info.ts";
import type { HypervisorIdentity } from "./domain.ts";

/** What does not change while a daemon runs. */
export interface HypervisorFacts {
  /** libvirt's version: 12.8.0. */
  readonly libvirtVersion: string;
  /** Its driver for the hypervisor, in its own spelling: QEMU. */
  readonly driver: string;
  /** The hypervisor's version: 11.1.0. */
  readonly driverVersion: string;
  /** The CPU's architecture as the kernel calls it: x86_64. */
  readonly architecture: string;
  /** CPUs that are online. */
  readonly cpus: number;
  readonly memoryKiB: Integer;
}

/** How things stand with a hypervisor at the end of a cycle, whether it could be read or not. */
export interface ConnectionReading {
  /** As it was configured. */
  readonly uri: string;
  readonly at: Instant;
  readonly connected: boolean;
  /** What was true before it went away, or what a local hypervisor is taken for before it was ever reached. */
  readonly identity: HypervisorIdentity;
  /** Of the last connection; undefined before the first. */
  readonly facts: HypervisorFacts | undefined;
}

/**
 * Asks a daemon what it is; four calls that it answers from memory.
 * @throws what call() throws
 */
export async function readHypervisorFacts(
  connection: LibvirtConnection,
  signal: AbortSignal,
): Promise<HypervisorFacts> {
  const [libvirt, driver, hypervisor, node] = await Promise.all([
    connection.call(getLibVersion, undefined, { signal }),
    connection.call(getType, undefined, { signal }),
    connection.call(getVersion, undefined, { signal }),
    connection.call(nodeGetInfo, undefined, { signal }),
  ]);
  return {
    libvirtVersion: versionText(libvirt),
    driver,
    driverVersion: versionText(hypervisor),
    architecture: node.model,
    cpus: node.cpus,
    memoryKiB: node.memoryKiB,
  };
}

/** libvirt's versions are major * 1,000,000 + minor * 1,000 + release. */
function versionText(version: Integer): string {
  const number = Number(version);
  return [Math.floor(number / 1e6), Math.floor(number / 1e3) % 1e3, number % 1e3].join(".");
}

/**
 * Does the daemon need fewer monitor commands for a single disk than for the group? With 12.8 a single disk takes the
 * three of the group, with 9.0 two; the limits of disks came with 11.10.
 */
export function singleDisksPay({ libvirtVersion }: HypervisorFacts): boolean {
  const [major = 0, minor = 0] = libvirtVersion.split(".").map(Number);
  return major < 11 || (major === 11 && minor < 10);
}
