/**
 * The file systems that are mounted, and how full each of them is: /proc/<pid>/mounts and statfs(2).
 * https://man7.org/linux/man-pages/man5/proc_pid_mounts.5.html, https://man7.org/linux/man-pages/man2/statfs.2.html
 *
 *     /dev/vda1 / ext4 rw,relatime,discard 0 0
 *     server:/images /var/lib/libvirt/images\040a nfs4 rw,relatime,vers=4.2 0 0
 *
 * Device, mount point, type, options. Space, tab, line feed and backslash stand as octal numbers. statfs waits for the
 * server of a network file system, for ever where it is dead and mounted hard.
 */
import { statfs } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

import { multiply, subtract } from "../integer.ts";
import { field, type HostItem, type HostReader, item } from "./host-reader.ts";
import { isAbsence } from "./kernel-file.ts";
import { readLines } from "./lines.ts";

const LIMIT_BYTES = 4_194_304;
/** Mounts that are looked at; a host with containers has hundreds, nearly all of no disk. */
const MOUNT_LIMIT = 512;
/** How long one file system may take, before it is set aside. */
const STATFS_WAIT_MS = 500;

/** Of these nothing is kept anywhere, or all of it is some other file system's. */
const NO_DISK =
  /^(?:autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|efivarfs|fuse\.lxcfs|fuse\.portal|fusectl|hugetlbfs|iso9660|mqueue|nsfs|nfsd|overlay|proc|pstore|ramfs|rpc_pipefs|securityfs|selinuxfs|squashfs|sysfs|tracefs|tmpfs)$/;
/** What another machine answers for. */
const REMOTE =
  /^(?:9p|afs|beegfs|ceph|cifs|fuse(?:\..*)?|gfs2?|glusterfs|lustre|ncpfs|nfs4?|ocfs2|smb3|smbfs|virtiofs)$/;

/** How full the host's file systems are. */
export const filesystems = createFilesystemReader();

interface FilesystemOptions {
  readonly waitMs?: number;
  /** statfs; tests have file systems of their own that do not answer. */
  readonly ask?: (path: string, options: { readonly bigint: true }) => Promise<Space>;
}

interface Mount {
  readonly device: string;
  readonly mountPoint: string;
  readonly type: string;
  readonly mode: string;
}

/**
 * A reader of file systems. One that does not answer is set aside until it does: meanwhile no other remote one is asked,
 * and at most one local one more may get stuck, so that half of Node's four threads for files remain.
 */
export function createFilesystemReader({ waitMs = STATFS_WAIT_MS, ask = statfs }: FilesystemOptions = {}) {
  const stuck = new Map<string, Mount>();

  const askWithin = async (path: string, mount: Mount): Promise<Space | undefined> => {
    stuck.set(mount.mountPoint, mount);
    const timer = new AbortController();
    const answer = ask(path, { bigint: true })
      .catch((error: unknown) => {
        // A server that forgot the client (ESTALE) or a disk that fails tells as little as one that is gone.
        if (isAbsence(error) || error instanceof Error) return undefined;
        throw error;
      })
      .finally(() => stuck.delete(mount.mountPoint));
    const tooLate = sleep(waitMs, undefined, { signal: timer.signal }).catch(() => undefined);
    const space = await Promise.race([answer, tooLate]);
    timer.abort();
    return space;
  };

  return {
    name: "filesystems",
    file: "{procfs}/1/mounts",
    needs: "it is always there",
    intervalMs: 30_000,
    scopes: {
      hostFilesystem: {
        group: "filesystems",
        fields: {
          usedBytes: field("statfs f_blocks - f_bfree", "By"),
          freeBytes: field("statfs f_bavail", "By"),
          reservedBytes: field("statfs f_bfree - f_bavail", "By"),
          sizeBytes: field("statfs f_blocks", "By"),
        },
      },
    },
    async read({ procfs, onFault }) {
      // Process 1 sees the host's mounts, and where we may, we look at them from its root.
      const root = `${procfs}/1/root`;
      const isInit = await ask(root, { bigint: true }).then(
        () => true,
        () => false,
      );
      const mounts = new Map<string, Mount>();
      const file = {
        path: isInit ? `${procfs}/1/mounts` : `${procfs}/self/mounts`,
        limitBytes: LIMIT_BYTES,
      };
      const isThere = await readLines(file, { onFault }, (line) => {
        const mount = parseMount(line);
        if (mount === undefined) return "not a mount";
        // What is mounted over another hides it.
        mounts.delete(mount.mountPoint);
        if (!NO_DISK.test(mount.type) && mounts.size < MOUNT_LIMIT) mounts.set(mount.mountPoint, mount);
        return undefined;
      });
      if (!isThere) return undefined;
      const items: HostItem[] = [];
      const devices = new Set<string>();
      // Local ones first: they are answered from memory.
      for (const mount of [...mounts.values()].toSorted(
        (a, b) => Number(isRemote(a)) - Number(isRemote(b)),
      )) {
        const { device, mountPoint, type, mode } = mount;
        // Bind mounts and namespaces show one file system many times over.
        if (devices.has(`${device} ${type}`)) continue;
        const isHeldUp = isRemote(mount) ? stuck.size > 0 : [...stuck.values()].some((one) => !isRemote(one));
        if (isHeldUp) continue;
        const space = await askWithin(isInit ? `${root}${mountPoint}` : mountPoint, mount);
        if (stuck.has(mountPoint)) {
          const what = `${mountPoint} (${type}) did not answer within ${waitMs} ms and is left out until it does`;
          onFault({ file: file.path, line: undefined, what });
        }
        if (space === undefined || space.blocks === 0n) continue;
        devices.add(`${device} ${type}`);
        items.push(item([device, mountPoint, type, mode], valuesOf(space)));
      }
      return { hostFilesystem: items };
    },
  } as const satisfies HostReader;
}

/** What statfs tells of a file system's space, in blocks of bsize bytes. */
interface Space {
  readonly bsize: bigint;
  readonly blocks: bigint;
  readonly bfree: bigint;
  readonly bavail: bigint;
}

function valuesOf({ bsize, blocks, bfree, bavail }: Space): HostItem["values"] {
  const bytes = (count: bigint) => (count < 0n ? undefined : multiply(subtract(count, 0), Number(bsize)));
  return {
    usedBytes: bytes(blocks - bfree),
    freeBytes: bytes(bavail),
    reservedBytes: bytes(bfree - bavail),
    sizeBytes: bytes(blocks),
  };
}

function isRemote({ type }: Mount): boolean {
  return REMOTE.test(type);
}

function parseMount(line: string): Mount | undefined {
  const [device = "", mountPoint = "", type = "", options = ""] = line.split(" ").map(unescape);
  if (!mountPoint.startsWith("/") || type === "" || options === "") return undefined;
  const mode = options.split(",", 1)[0] === "ro" ? "ro" : "rw";
  return { device, mountPoint, type, mode };
}

function unescape(text: string): string {
  return text.includes("\\")
    ? text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
    : text;
}
