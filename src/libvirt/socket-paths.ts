import { homedir } from "node:os";

import { KvmeterError } from "../errors.ts";
import type { LibvirtUri } from "./uri.ts";

/** Drivers with a daemon of their own; all others are served by libvirtd or virtproxyd. */
const MODULAR_DRIVERS = new Set(["qemu", "xen", "lxc", "ch", "bhyve", "vz", "vbox"]);

/** The second is for systems where the first is not a link to it. */
const SYSTEM_DIRECTORIES = ["/run/libvirt", "/var/run/libvirt"];

/** Who asks. */
export interface SocketSeeker {
  readonly uid: number;
  readonly home: string;
  readonly runtimeDirectory: string | undefined;
}

/** This process. */
export function currentSeeker(): SocketSeeker {
  return {
    uid: process.geteuid?.() ?? 0,
    home: homedir(),
    runtimeDirectory: process.env["XDG_RUNTIME_DIR"],
  };
}

/**
 * Where a daemon for the URI may listen, in the order to try: the driver's own daemon, then libvirtd. A session
 * daemon has no read-only socket, and root's session is the system's.
 * @throws KvmeterError LIBVIRT_URI when mode=direct asks for a daemon that the driver does not have
 */
export function socketPaths(
  uri: LibvirtUri,
  options: { readOnly: boolean; seeker?: SocketSeeker },
): readonly string[] {
  const { readOnly, seeker = currentSeeker() } = options;
  if (uri.socket !== undefined) return [uri.socket];

  const direct = MODULAR_DRIVERS.has(uri.driver) && uri.mode !== "legacy" ? [`virt${uri.driver}d-sock`] : [];
  const legacy = uri.mode === "direct" ? [] : ["libvirt-sock"];
  const names = [...direct, ...legacy];
  if (names.length === 0) {
    throw new KvmeterError(
      "LIBVIRT_URI",
      `Cannot use the libvirt URI "${uri.text}": driver ${uri.driver} has no daemon of its own, leave out mode=direct`,
    );
  }
  if (uri.path === "/session" && seeker.uid !== 0) {
    const directory = `${seeker.runtimeDirectory ?? `${seeker.home}/.cache`}/libvirt`;
    return names.map((name) => `${directory}/${name}`);
  }
  return SYSTEM_DIRECTORIES.flatMap((directory) =>
    names.map((name) => `${directory}/${name}${readOnly ? "-ro" : ""}`),
  );
}
