/**
 * How full the file systems of the host are, by statfs(2).
 * https://man7.org/linux/man-pages/man2/statfs.2.html
 *
 * Blocks, those that are free, and those that are free for users other than root. It waits for the server of a network
 * file system, for ever where that is dead and the file system mounted hard.
 */
import { statfs } from "node:fs/promises";
import { setImmediate, setTimeout as sleep } from "node:timers/promises";

import { multiply, toInteger } from "../integer.ts";
import { field, type HostItem, type HostReader, type HostReadContext, item } from "./host-reader.ts";
import { type Mount, readMounts } from "./proc-mounts.ts";
import { isRemoteFilesystem } from "./remote-filesystems.ts";

/** File systems that are asked; a host with containers has hundreds of mounts, nearly all of no disk. */
const FILESYSTEM_LIMIT = 512;
/** How long one file system may take, before it is set aside. */
const STATFS_WAIT_MS = 1000;

/** Of these nothing is kept anywhere, or all of it is some other file system's. */
const NO_DISK =
  /^(?:autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|efivarfs|fuse\.lxcfs|fuse\.portal|fusectl|hugetlbfs|iso9660|mqueue|nsfs|nfsd|overlay|proc|pstore|ramfs|rpc_pipefs|securityfs|selinuxfs|squashfs|sysfs|tracefs|tmpfs)$/;

/** What statfs tells of a file system's space, in blocks of bsize bytes. */
interface Space {
  readonly bsize: bigint;
  readonly blocks: bigint;
  readonly bfree: bigint;
  readonly bavail: bigint;
}

interface FilesystemOptions {
  readonly waitMs?: number;
  /** statfs; tests have file systems of their own that do not answer. */
  readonly ask?: (path: string, options: { readonly bigint: true }) => Promise<Space>;
}

/** How full the host's file systems are. */
export const filesystems = createFilesystemReader();

/**
 * A reader of file systems. One that does not answer is set aside until it does: meanwhile no other remote one is asked,
 * and at most one local one more may get stuck, so that half of Node's four threads for files remain.
 */
export function createFilesystemReader({ waitMs = STATFS_WAIT_MS, ask = statfs }: FilesystemOptions = {}) {
  const stuck = new Set<Mount>();

  async function askWithin(path: string, mount: Mount): Promise<Space | undefined> {
    stuck.add(mount);
    const timer = new AbortController();
    const answer = ask(path, { bigint: true })
      // Gone, not ours, a server that forgot us (ESTALE), a disk that fails: of none there is anything to tell.
      .catch(() => undefined)
      .finally(() => stuck.delete(mount));
    // Where this process itself was held up, the answer is there and only has to be taken.
    const tooLate = sleep(waitMs, undefined, { signal: timer.signal }).then(
      () => setImmediate(undefined),
      () => undefined,
    );
    const space = await Promise.race([answer, tooLate]);
    timer.abort();
    return space;
  }

  function mayAsk(mount: Mount): boolean {
    return isRemote(mount) ? stuck.size === 0 : [...stuck].every(isRemote);
  }

  /** Process 1 sees the host's mounts, and where we may, we look at them from its root. */
  async function mountTable({ procfs, onFault }: HostReadContext) {
    const root = `${procfs}/1/root`;
    const isVisible = await ask(root, { bigint: true }).then(
      () => true,
      () => false,
    );
    const path = `${procfs}/1/mounts`;
    const mounts = isVisible ? await readMounts(path, { onFault }) : undefined;
    if (mounts !== undefined) return { path, root, mounts };
    const own = `${procfs}/self/mounts`;
    return { path: own, root: "", mounts: await readMounts(own, { onFault }) };
  }

  return {
    name: "filesystems",
    file: "{procfs}/self/mounts",
    needs: "a mounted /proc",
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
    async read(context) {
      const { path, root, mounts } = await mountTable(context);
      if (mounts === undefined) return undefined;
      const items: HostItem[] = [];
      const known = new Set<string>();
      for (const mount of inOrder(mounts)) {
        const { device, mountPoint, type, mode } = mount;
        // Bind mounts show one file system many times over.
        const identity = `${device} ${type}`;
        if (known.has(identity)) continue;
        const isStuck = [...stuck].some((one) => one.mountPoint === mountPoint);
        const space = isStuck || !mayAsk(mount) ? undefined : await askWithin(`${root}${mountPoint}`, mount);
        if (isStuck || stuck.has(mount)) {
          const what = `${mountPoint} (${type}) does not answer within ${waitMs} ms and is left out until it does`;
          context.onFault({ file: path, line: undefined, what });
        }
        if (space === undefined || space.blocks === 0n) continue;
        known.add(identity);
        items.push(item([device, mountPoint, type, mode], valuesOf(space)));
      }
      return { hostFilesystem: items };
    },
  } as const satisfies HostReader;
}

/** Local ones first: they are answered from memory. */
function inOrder(mounts: readonly Mount[]): readonly Mount[] {
  const kept = mounts.filter(({ type }) => !NO_DISK.test(type)).slice(0, FILESYSTEM_LIMIT);
  return [...kept.filter((mount) => !isRemote(mount)), ...kept.filter(isRemote)];
}

function isRemote({ type }: Mount): boolean {
  return isRemoteFilesystem(type);
}

function valuesOf({ bsize, blocks, bfree, bavail }: Space): HostItem["values"] {
  const bytes = (count: bigint) => (count < 0n ? undefined : multiply(toInteger(count), Number(bsize)));
  return {
    usedBytes: bytes(blocks - bfree),
    freeBytes: bytes(bavail),
    reservedBytes: bytes(bfree - bavail),
    sizeBytes: bytes(blocks),
  };
}
