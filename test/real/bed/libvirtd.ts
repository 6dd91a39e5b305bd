import { access, mkdir, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";

import { hostFlavour, newerFlavour, type Flavour, type Surroundings } from "./libvirtd-flavours.ts";
import {
  childOf,
  endProcess,
  isAlive,
  killProcess,
  type ProcessName,
  startDaemon,
  waitFor,
} from "./processes.ts";
import { beginRecord, recordNames, recordPaths, recordProcess, recordReaper, takeDown } from "./records.ts";
import { type Virsh, virshFor } from "./virsh.ts";

/** How a daemon is to be started. */
export interface LibvirtdOptions {
  /** Who may use the sockets: whoever can open them (default), or whom polkit lets, as on a usual Debian. */
  readonly auth?: "none" | "polkit";
  /** Leaves /dev/kvm to the guests; see whyNoKvm. */
  readonly kvm?: boolean;
  /** Gives the newer one a host name of its own: libvirt migrates between hosts of different names only. */
  readonly otherHostName?: boolean;
  /** Part of libvirtd that is to log all it does, as qemu.qemu_monitor. */
  readonly logs?: string;
  /** Further lines of libvirtd.conf, as they stand there. */
  readonly settings?: readonly string[];
  /** Further arguments of libvirtd, as "--listen". */
  readonly args?: readonly string[];
}

/** A real libvirtd that runs. */
export interface Libvirtd {
  /** Names it among the parts of the bed. */
  readonly name: string;
  /** For `virsh -c` and for kvmeter, read-write; `&mode=…` may be added. */
  readonly uri: string;
  readonly socketPath: string;
  readonly readOnlySocketPath: string;
  /** Where this daemon's sockets are, as seen by this process. */
  readonly runDirectory: string;
  readonly logPath: string;
  /** As "12.8.0". */
  readonly version: string;
  /** Empty, or the folder that is the daemon's root. */
  readonly root: string;
  readonly virsh: Virsh;
  /** The daemon's process now. */
  process(): ProcessName;
  /** Ends the guests and the daemon, and removes all that they left. */
  stop(): Promise<void>;
  /** kill -9; the guests go on. */
  kill(): Promise<void>;
  /** Starts it again, ended politely before that when it runs; the guests go on. */
  restart(): Promise<void>;
}

/** Starts this Debian's libvirtd on the standard sockets, /run/libvirt. */
export function startHostLibvirtd(options: LibvirtdOptions = {}): Promise<Libvirtd> {
  return start(hostFlavour, options);
}

/** Starts the libvirtd of Debian unstable in its chroot, with a run folder of its own. */
export function startNewerLibvirtd(options: LibvirtdOptions = {}): Promise<Libvirtd> {
  return start(newerFlavour, options);
}

async function start(flavour: Flavour, options: LibvirtdOptions): Promise<Libvirtd> {
  if (!recordNames().includes(flavour.name)) await refuseForeignDaemon(flavour);
  const guestPidDirectory = join(flavour.runDirectory, "qemu");
  await beginRecord({ name: flavour.name, processes: [], guestPidDirectory, paths: flavour.paths });
  try {
    await mkdir(flavour.configDirectory, { recursive: true });
    await writeFile(join(flavour.configDirectory, "libvirtd.conf"), configuration(options));
    await writeFile(
      join(flavour.configDirectory, "virtlogd.conf"),
      'log_level = 4\nlog_outputs = "4:stderr"\n',
    );
    const { kvm = false, otherHostName = false, args = [] } = options;
    const virtlogd = await launch(flavour, { program: "virtlogd", kvm, otherHostName });
    await waitForSocket(join(flavour.runDirectory, "virtlogd-sock"), virtlogd);
    let daemon = await launchLibvirtd(flavour, { kvm, otherHostName, args });
    const handle = describe(flavour, await versionOf(flavour.uri));
    return {
      ...handle,
      process: () => daemon,
      stop: () => takeDown(flavour.name),
      kill: () => killProcess(daemon),
      restart: async () => {
        await endProcess(daemon);
        daemon = await launchLibvirtd(flavour, { kvm, otherHostName, args });
      },
    };
  } catch (error) {
    await takeDown(flavour.name);
    throw error;
  }
}

function describe(flavour: Flavour, version: string) {
  const socketPath = join(flavour.runDirectory, "libvirt-sock");
  const { name, uri, runDirectory, root } = flavour;
  return {
    name,
    uri,
    socketPath,
    readOnlySocketPath: `${socketPath}-ro`,
    runDirectory,
    logPath: join(flavour.configDirectory, "libvirtd.log"),
    root,
    version,
    virsh: virshFor(uri),
  };
}

async function refuseForeignDaemon(flavour: Flavour): Promise<void> {
  const answers = await virshFor(flavour.uri)(["uri"]).then(
    () => true,
    () => false,
  );
  if (answers)
    throw new Error(
      `Cannot start ${flavour.name}: a libvirtd that is not of the bed answers at ${flavour.uri}`,
    );
}

/** Quiet logging: verbose logging alone adds 60 % to the daemon's CPU time. */
function configuration(options: LibvirtdOptions): string {
  const auth = options.auth ?? "none";
  return [
    `auth_unix_ro = "${auth}"`,
    `auth_unix_rw = "${auth}"`,
    'unix_sock_group = "libvirt"',
    'unix_sock_ro_perms = "0777"',
    // With polkit everybody may knock and polkit decides, as with the packaged systemd sockets.
    `unix_sock_rw_perms = "${auth === "polkit" ? "0777" : "0770"}"`,
    ...(options.logs === undefined
      ? ["log_level = 4", 'log_outputs = "4:stderr"']
      : [`log_filters = "1:${options.logs}"`, 'log_outputs = "1:stderr"']),
    ...(options.settings ?? []),
    "",
  ].join("\n");
}

async function launch(
  flavour: Flavour,
  what: {
    readonly program: "libvirtd" | "virtlogd";
    readonly args?: readonly string[];
  } & Surroundings,
): Promise<ProcessName> {
  const { program } = what;
  const config = join(flavour.configDirectoryInside, `${program}.conf`);
  const path = `/usr/sbin/${program}`;
  const command = flavour.command(path, ["--config", config, ...(what.args ?? [])], what);
  const args = [join(import.meta.dirname, "subreaper.pl"), ...command];
  const logPath = join(flavour.configDirectory, `${program}.log`);
  const reaper = await startDaemon({ command: "/usr/bin/perl", args, logPath });
  recordReaper(flavour.name, reaper);
  const daemon = await childOf(reaper, path);
  recordProcess(flavour.name, daemon);
  return daemon;
}

async function launchLibvirtd(
  flavour: Flavour,
  how: Surroundings & { readonly args: readonly string[] },
): Promise<ProcessName> {
  // A killed daemon leaves its sockets, and the new one must not be taken for ready by them.
  const sockets = ["libvirt-sock", "libvirt-sock-ro", "libvirt-admin-sock"];
  await Promise.all(sockets.map((socket) => rm(join(flavour.runDirectory, socket), { force: true })));
  const daemon = await launch(flavour, { program: "libvirtd", ...how });
  await waitForSocket(join(flavour.runDirectory, "libvirt-sock-ro"), daemon);
  await waitFor(() => virshFor(flavour.uri)(["uri"]), { what: `${flavour.name} to answer` });
  return daemon;
}

async function waitForSocket(path: string, daemon: ProcessName): Promise<void> {
  const outcome = await waitFor(
    async () => {
      if (!isAlive(daemon)) return "ended";
      await access(path);
      return "ready";
    },
    { what: basename(path), everyMs: 20 },
  );
  if (outcome === "ended") throw new Error(`the daemon that should make ${path} ended; see its log`);
}

async function versionOf(uri: string): Promise<string> {
  const text = await virshFor(uri)(["version", "--daemon"]);
  return /Running against daemon: ([\d.]+)/.exec(text)?.[1] ?? "unknown";
}

/** A running daemon that another process started and keeps, for use by hand. */
export async function findLibvirtd(
  which: "host" | "newer",
): Promise<Omit<Libvirtd, "process" | "kill" | "restart">> {
  const flavour = which === "host" ? hostFlavour : newerFlavour;
  const handle = describe(flavour, await versionOf(flavour.uri));
  return { ...handle, stop: () => takeDown(flavour.name) };
}

/** Has files and folders removed when the daemon is stopped. */
export function removeAtStop(daemon: Pick<Libvirtd, "name">, paths: readonly string[]): void {
  recordPaths(daemon.name, paths);
}
