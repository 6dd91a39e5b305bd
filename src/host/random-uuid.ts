/**
 * /proc/sys/kernel/random/uuid, a new random UUID at each reading.
 * https://docs.kernel.org/admin-guide/sysctl/kernel.html#random
 *
 *     0d1c5a3e-8f0b-4b43-9d5c-8a0a2f4f8a11
 *
 * Node's own would load all that it has of OpenSSL for one number: 3 MB that an agent keeps for life.
 */
import { readFileSync } from "node:fs";

/** A random UUID of the kernel's; undefined where there is none to be had. */
export function readRandomUuid(procfs = "/proc"): string | undefined {
  try {
    const text = readFileSync(`${procfs}/sys/kernel/random/uuid`, "utf8").trim();
    return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text) ? text : undefined;
  } catch {
    return undefined;
  }
}
