/**
 * /proc/<pid>/mounts, the file systems that are mounted for a process.
 * https://man7.org/linux/man-pages/man5/proc_pid_mounts.5.html and fstab(5)
 *
 *     /dev/vda1 / ext4 rw,relatime,discard 0 0
 *     server:/images /var/lib/libvirt/images\040a nfs4 rw,relatime,vers=4.2 0 0
 *
 * Device, mount point, type, options. Space, tab, line feed and backslash stand as octal numbers.
 */
import type { HostReadContext } from "./host-reader.ts";
import { readLines } from "./lines.ts";
import { unescapeMount } from "./mountinfo.ts";

const LIMIT_BYTES = 4_194_304;

/** One file system at one place. */
export interface Mount {
  readonly device: string;
  readonly mountPoint: string;
  readonly type: string;
  readonly mode: "ro" | "rw";
}

/** Reads a table of mounts, without those that others hide; undefined when there is no such file. */
export async function readMounts(
  path: string,
  { onFault }: Pick<HostReadContext, "onFault">,
): Promise<readonly Mount[] | undefined> {
  const mounts = new Map<string, Mount>();
  const isThere = await readLines({ path, limitBytes: LIMIT_BYTES, mayWait: true }, { onFault }, (line) => {
    const mount = parseMount(line);
    if (mount === undefined) return "not a mount";
    mounts.delete(mount.mountPoint);
    mounts.set(mount.mountPoint, mount);
    return undefined;
  });
  return isThere ? [...mounts.values()] : undefined;
}

function parseMount(line: string): Mount | undefined {
  const [device = "", mountPoint = "", type = "", options = ""] = line.split(" ").map(unescapeMount);
  if (!mountPoint.startsWith("/") || type === "" || options === "") return undefined;
  return { device, mountPoint, type, mode: options.split(",", 1)[0] === "ro" ? "ro" : "rw" };
}
