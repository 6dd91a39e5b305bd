import type { CgroupMembership } from "../host/proc-pid-cgroup.ts";
import { findOwnGroup } from "./domain-cgroup.ts";

/** What a thread of QEMU does; emulator is all that does not work for one vCPU, iothread or vhost queue alone. */
export type ThreadRole = "vcpu" | "iothread" | "emulator" | "vhost";

/** Which threads of the emulator QEMU starts and ends as it needs them, by their names (util/thread-pool.c). */
export const POOL_THREAD = "worker";

export interface ThreadKind {
  readonly role: ThreadRole;
  /** Which vCPU, as libvirt counts them. */
  readonly vcpu: number | undefined;
}

const EMULATOR: ThreadKind = { role: "emulator", vcpu: undefined };

/**
 * Tells a thread's kind by the group that libvirt put it into (src/qemu/qemu_cgroup.c), else by the name that QEMU gave
 * it (`-name debug-threads=on`, which libvirt asks for): `CPU 0/KVM`, `CPU 0/TCG`, `IO iothread1`, `vhost-98`. Name and
 * number of a vCPU that was plugged in later can differ, so the group is asked first. `IO mon_iothread` serves the
 * monitor, and `ALL CPUs/TCG` all vCPUs at once, for which libvirt has no figures of vCPUs either: both are emulator.
 */
export function threadKind(name: string, groups: readonly CgroupMembership[]): ThreadKind {
  if (/^vhost-\d+$/.test(name)) return { role: "vhost", vcpu: undefined };
  for (const { path } of groups) {
    const [, role, number] = /^(vcpu|iothread|emulator)(\d{0,5})$/.exec(findOwnGroup(path)?.part ?? "") ?? [];
    if (role === "vcpu") return { role, vcpu: Number(number) };
    if (role === "iothread") return { role, vcpu: undefined };
    if (role === "emulator") return EMULATOR;
  }
  const vcpu = /^CPU (\d{1,5})\//.exec(name)?.[1];
  if (vcpu !== undefined) return { role: "vcpu", vcpu: Number(vcpu) };
  return /^IO iothread\d/.test(name) ? { role: "iothread", vcpu: undefined } : EMULATOR;
}
