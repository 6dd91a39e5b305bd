/**
 * /proc/<pid>/mountinfo, what is mounted where.
 * https://docs.kernel.org/filesystems/proc.html#proc-pid-mountinfo-information-about-mounts
 *
 *     36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
 *     31 22 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
 *
 * 3 device, 4 the folder of the file system that is mounted, 5 where; after the dash the type, the source and the
 * options of the file system. Space, tab, line feed and backslash are octal: `\040`. The later mount hides the earlier.
 */
import { readKernelFile } from "./kernel-file.ts";

/** A host with a thousand containers has some thousand mounts. */
const LIMIT_BYTES = 4_194_304;

export interface Mount {
  /** `8:1`; 0 and a number for a file system without a device. */
  readonly device: string;
  /** The folder of the file system that is mounted; for a cgroup as the reader's namespace has it. */
  readonly root: string;
  readonly point: string;
  readonly type: string;
  /** /dev/sda1, server:/export, or a mere name. */
  readonly source: string;
  /** Of the file system: a cgroup's controllers are among them. */
  readonly options: readonly string[];
}

/** Reads a mountinfo; empty when there is none. */
export async function readMountinfo(path = "/proc/self/mountinfo"): Promise<readonly Mount[]> {
  return parseMountinfo((await readKernelFile(path, LIMIT_BYTES)) ?? "");
}

/** Parses a mountinfo. A line of another form is left out, and so is one that was cut off. */
export function parseMountinfo(text: string): readonly Mount[] {
  const lines = text.split("\n").slice(0, -1);
  return lines.flatMap((line): Mount[] => {
    const dash = line.indexOf(" - ");
    const [, , device, root, point] = line.slice(0, dash).split(" ");
    const [type, source, options, ...more] = line.slice(dash + 3).split(" ");
    const isWhole = dash > 0 && options !== undefined && more.length === 0;
    if (!isWhole || type === undefined || source === undefined) return [];
    if (device === undefined || root === undefined || !point?.startsWith("/")) return [];
    return [
      {
        device,
        root: unescapeMount(root),
        point: unescapeMount(point),
        type,
        source: unescapeMount(source),
        options: options.split(","),
      },
    ];
  });
}

/** A name as it is, of one in a table of mounts: mangle_path() of the kernel makes octal numbers of what would part it. */
export function unescapeMount(text: string): string {
  if (!text.includes("\\")) return text;
  return text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}
