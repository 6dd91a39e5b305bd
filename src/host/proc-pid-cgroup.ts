/**
 * /proc/<pid>/cgroup, the control groups that a process or a thread is in.
 * https://man7.org/linux/man-pages/man7/cgroups.7.html
 *
 *     4:memory:/machine/qemu-1-web1.libvirt-qemu
 *     1:cpu,cpuacct:/machine/qemu-1-web1.libvirt-qemu/emulator
 *     0::/machine.slice/machine-qemu\x2d1\x2dweb1.scope/libvirt/emulator
 *
 * Hierarchy, its controllers, path: below the root of the reader's cgroup namespace, `/..` where it is above. Hierarchy
 * 0 without controllers is the unified one (v2). A removed group's path ends in ` (deleted)`.
 */
import { readKernelFileNow } from "./kernel-file.ts";

const LIMIT_BYTES = 16_384;

/** A hierarchy, and the group in it. */
export interface CgroupMembership {
  /** Empty for the unified hierarchy; `name=systemd` and the like for one without controllers. */
  readonly controllers: readonly string[];
  readonly path: string;
}

/** Reads the groups in a process's or thread's folder, at once; undefined when it has ended. */
export function readProcPidCgroup(folder: string): readonly CgroupMembership[] | undefined {
  const text = readKernelFileNow(`${folder}/cgroup`, LIMIT_BYTES);
  return text === undefined ? undefined : parseProcPidCgroup(text);
}

/** Parses the groups. A line of another form is left out, and so is one that was cut off. */
export function parseProcPidCgroup(text: string): readonly CgroupMembership[] {
  const lines = text.split("\n").slice(0, -1);
  return lines.flatMap((line): CgroupMembership[] => {
    const parts = /^\d+:([^:]*):(\/.*)$/.exec(line);
    if (parts === null) return [];
    const [, controllers = "", path = ""] = parts;
    return [{ controllers: controllers === "" ? [] : controllers.split(","), path }];
  });
}
