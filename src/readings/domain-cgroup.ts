/**
 * Where a domain's control groups are, as libvirt lays them out (src/util/vircgroup.c, src/qemu/qemu_cgroup.c):
 *
 *     /machine.slice/machine-qemu\x2d1\x2dweb1.scope/libvirt/{emulator,vcpu0,iothread1}     with systemd-machined, since 7.1
 *     /machine.slice/machine-qemu\x2d1\x2dweb1.scope/{emulator,vcpu0,iothread1}             before
 *     /machine/qemu-1-web1.libvirt-qemu/{emulator,vcpu0,iothread1}                          without
 *
 * Limits of memory, I/O and systemd's own are the scope's; CPU time, quotas and what they throttle are of the group that
 * is nested in it, and of those below.
 */
import type { Mount } from "../host/mountinfo.ts";
import type { CgroupMembership } from "../host/proc-pid-cgroup.ts";

/** One group of a domain, in one hierarchy. */
export interface OwnGroup {
  /** The path of the domain's group. */
  readonly top: string;
  /** The group in which libvirt keeps the CPU's; the same where there is no nested one. */
  readonly nested: string;
  /** The last group below: emulator, vcpu0 …; empty when the thread is in the domain's group itself. */
  readonly part: string;
}

/** The folders of a group. */
export interface GroupFolder {
  readonly top: string;
  readonly nested: string;
}

/** A domain's groups in all hierarchies. */
export interface DomainCgroup {
  /** Undefined where there is no unified hierarchy, or it is not mounted here. */
  readonly unified: GroupFolder | undefined;
  /** By controller, in the hierarchies of v1. */
  readonly legacy: ReadonlyMap<string, GroupFolder>;
  /** Does the domain have a group in the unified hierarchy, whether or not it can be seen from here? */
  readonly isUnified: boolean;
  /** Does it have one of its own in any? Without, libvirt takes its figures from the process. */
  readonly isOwn: boolean;
}

/** Machined's scope of a QEMU, or the group that libvirt makes itself. */
const OWN = /^machine-qemu\\x2d.*\.scope$|\.libvirt-qemu$/;

/** Finds the domain's group in a path of its process or thread; undefined where it is in none of its own. */
export function findOwnGroup(path: string): OwnGroup | undefined {
  const names = path.split("/");
  const at = names.findIndex((name) => OWN.test(name));
  if (at < 0) return undefined;
  const top = names.slice(0, at + 1).join("/");
  const nested = names[at + 1] === "libvirt" ? `${top}/libvirt` : top;
  const part = path.slice(nested.length + 1);
  return part.includes("/") ? undefined : { top, nested, part };
}

/** Finds the folders of the groups that a domain's process is in. */
export function findDomainCgroup(
  memberships: readonly CgroupMembership[],
  mounts: readonly Mount[],
): DomainCgroup {
  let unified: GroupFolder | undefined;
  let isUnified = false;
  let isOwn = false;
  const legacy = new Map<string, GroupFolder>();
  for (const { controllers, path } of memberships) {
    const group = findOwnGroup(path);
    if (group === undefined) continue;
    isOwn = true;
    if (controllers.length === 0) {
      isUnified = true;
      unified = folderOf(group, (mount) => mount.type === "cgroup2", mounts);
      continue;
    }
    for (const controller of controllers) {
      const holds = (mount: Mount) => mount.type === "cgroup" && mount.options.includes(controller);
      const folder = folderOf(group, holds, mounts);
      if (folder !== undefined) legacy.set(controller, folder);
    }
  }
  return { unified, legacy, isUnified, isOwn };
}

/** The folder under the last mount that shows the group: a container can have several, with different roots. */
function folderOf(
  { top, nested }: OwnGroup,
  holds: (mount: Mount) => boolean,
  mounts: readonly Mount[],
): GroupFolder | undefined {
  for (const mount of mounts.toReversed()) {
    const root = mount.root === "/" ? "" : mount.root;
    if (!holds(mount) || !top.startsWith(`${root}/`)) continue;
    const rest = top.slice(root.length);
    // Above the root of this process's cgroup namespace, to which this mount does not reach.
    if (rest.startsWith("/../")) continue;
    const folder = mount.point === "/" ? rest : mount.point + rest;
    return { top: folder, nested: folder + nested.slice(top.length) };
  }
  return undefined;
}
