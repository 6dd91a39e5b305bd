/**
 * cgroup.threads of a cgroup (v2), tasks (v1): the threads in it, the kernel's own included.
 * https://docs.kernel.org/admin-guide/cgroup-v2.html#core-interface-files
 *
 *     98
 *     100
 */
import { readKernelFileNow } from "./kernel-file.ts";

const LIMIT_BYTES = 65_536;

/** Reads the numbers of the threads in a group's folder, at once; empty when there is no such group. */
export function listCgroupThreads(folder: string): readonly number[] {
  const text =
    readKernelFileNow(`${folder}/cgroup.threads`, LIMIT_BYTES) ??
    readKernelFileNow(`${folder}/tasks`, LIMIT_BYTES) ??
    "";
  return text
    .split("\n")
    .slice(0, -1)
    .filter((line) => /^[1-9]\d{0,8}$/.test(line))
    .map(Number);
}
