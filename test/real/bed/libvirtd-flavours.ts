import { join } from "node:path";

import { paths } from "./parts.ts";
import { stateDirectory } from "./records.ts";

/** What a libvirtd is to find around it. */
export interface Surroundings {
  readonly kvm: boolean;
  /** A host name that is not this machine's; only the newer one can have it. */
  readonly otherHostName: boolean;
}

/** Where a libvirtd lives and how its programs are started. */
export interface Flavour {
  readonly name: string;
  readonly uri: string;
  /** Empty, or the folder that is its root. */
  readonly root: string;
  /** As this process sees it. */
  readonly runDirectory: string;
  /** Its configuration and logs, as this process sees them and as the daemon does. */
  readonly configDirectory: string;
  readonly configDirectoryInside: string;
  /** What it leaves. */
  readonly paths: readonly string[];
  readonly command: (program: string, args: readonly string[], how: Surroundings) => [string, ...string[]];
}

/** Disks of the bed's domains, as the daemon sees them. */
export const imageDirectory = "/var/lib/libvirt/images/kvmeter-bed";
/** Kernel and initramfs of the bed's guests, as the daemon sees them. */
export const bootDirectory = "/var/lib/libvirt/boot/kvmeter-bed";

const hostConfig = join(stateDirectory, "libvirtd-host");
const newerState = join(stateDirectory, "libvirtd-newer");
const newerRun = join(newerState, "libvirt");

/**
 * Both daemons run in a mount namespace of their own, whose mounts go with the last process in it,
 * however that ends. Every step replaces the process, so the pid that is known is the daemon's.
 *
 * Unless a test wants it, /dev/kvm is hidden there, so that guests are emulated everywhere alike. It is needed: where the
 * device is there but not for QEMU's user, libvirt takes its cached knowledge of QEMU for outdated
 * and asks QEMU anew, ten times for each domain (measured: 7 s instead of 0.3 s).
 */
const hideKvm =
  'if [ -e /dev/kvm ]; then : >"$1/no-kvm" && chmod 0 "$1/no-kvm" && mount --bind "$1/no-kvm" /dev/kvm; fi';

/** QEMU's user may not open the device on most machines, so a QEMU that is to use it runs as root. */
const asRoot = `echo 'user = "root"'; echo 'group = "root"'; echo 'remember_owner = 0';`;

/** libvirt's own mount namespace for each QEMU cannot take the hidden device along, so it is switched off. */
const enterNamespace = ({ kvm }: Surroundings) =>
  [
    ...(kvm ? [] : [hideKvm]),
    `{ cat /etc/libvirt/qemu.conf; echo "namespaces = []"; ${kvm ? asRoot : ""} } >"$1/qemu.conf"`,
    'mount --bind "$1/qemu.conf" /etc/libvirt/qemu.conf && shift && exec "$@"',
  ].join(" && ");

/** Its run folder is one of this machine's, so that the sockets are reachable from outside the chroot. */
const enterChroot = ({ kvm, otherHostName }: Surroundings) =>
  [
    ...(kvm ? [] : [hideKvm]),
    // Migration is refused between daemons of one name.
    ...(otherHostName ? ['hostname "$(hostname)-newer"'] : []),
    'run=$1 root=$2 && shift 2 && mount -t proc proc "$root/proc" && mount --rbind /sys "$root/sys"',
    'mount --rbind /dev "$root/dev" && mount --bind "$run" "$root/run" && exec chroot "$root" "$@"',
  ].join(" && ");

const unshare = ["/usr/bin/unshare", "--mount", "--uts", "--propagation", "private", "sh", "-c"] as const;

/** This Debian's own, on the standard sockets. */
export const hostFlavour: Flavour = {
  name: "libvirtd-host",
  uri: "qemu:///system?socket=/run/libvirt/libvirt-sock",
  root: "",
  runDirectory: "/run/libvirt",
  configDirectory: hostConfig,
  configDirectoryInside: hostConfig,
  paths: [
    hostConfig,
    "/run/libvirt",
    "/run/libvirtd.pid",
    "/run/virtlogd.pid",
    imageDirectory,
    bootDirectory,
  ],
  command: (program, args, how) => [...unshare, enterNamespace(how), "sh", hostConfig, program, ...args],
};

/** Debian unstable's, in a chroot. */
export const newerFlavour: Flavour = {
  name: "libvirtd-newer",
  uri: `qemu:///system?socket=${join(newerRun, "libvirt-sock")}`,
  root: paths.newerRoot,
  runDirectory: newerRun,
  configDirectory: join(newerState, "config"),
  configDirectoryInside: "/run/config",
  paths: [
    newerState,
    ...[imageDirectory, bootDirectory, "/var/log/libvirt", "/etc/libvirt/qemu"].map((path) =>
      join(paths.newerRoot, path),
    ),
  ],
  command: (program, args, how) => [
    ...unshare,
    enterChroot(how),
    "sh",
    newerState,
    paths.newerRoot,
    program,
    ...args,
  ],
};
