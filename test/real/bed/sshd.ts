import { existsSync, readFileSync } from "node:fs";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";

import { freePorts, isAlive, run, startDaemon, waitFor } from "./processes.ts";
import { beginRecord, recordProcess, stateDirectory, takeDown } from "./records.ts";

/** How an sshd is to be started. */
export interface SshdOptions {
  /** The only programs that a session finds on its PATH; the system's without it. */
  readonly programs?: readonly string[];
  /** What the key runs, whatever the client asks for. */
  readonly forcedCommand?: string;
}

/** A real OpenSSH server on the loopback, for root by one key. */
export interface Sshd {
  readonly port: number;
  /** The key that it accepts, one that it does not, and where its own is known. */
  readonly key: string;
  readonly strangeKey: string;
  readonly knownHosts: string;
  /** A known_hosts that knows nobody. */
  readonly noKnownHosts: string;
  /** The processes of its sessions. */
  sessions(): number[];
  readLog(): Promise<string>;
  stop(): Promise<void>;
}

// Without it sshd does not start; on a machine with systemd its service makes it.
const PRIVILEGE_SEPARATION_FOLDER = "/run/sshd";

let started = 0;

/** Starts an sshd with keys and configuration of its own; the machine's are not looked at. */
export async function startSshd({ programs, forcedCommand }: SshdOptions = {}): Promise<Sshd> {
  started += 1;
  const name = `sshd-${process.pid}-${started}`;
  const folder = join(stateDirectory, name);
  const at = (file: string) => join(folder, file);
  const added = existsSync(PRIVILEGE_SEPARATION_FOLDER) ? [] : [PRIVILEGE_SEPARATION_FOLDER];
  await beginRecord({ name, processes: [], paths: [folder, ...added] });
  try {
    for (const made of [PRIVILEGE_SEPARATION_FOLDER, at("bin")])
      await mkdir(made, { recursive: true, mode: 0o755 });
    for (const program of programs ?? []) await symlink(join("/usr/bin", program), join(at("bin"), program));
    for (const key of ["host", "user", "stranger"]) {
      await run("/usr/bin/ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", key, "-f", at(key)]);
    }
    const [port = 0] = await freePorts(1);
    const force = forcedCommand === undefined ? "" : `restrict,command="${forcedCommand}" `;
    await writeFile(at("authorized"), `${force}${await readFile(at("user.pub"), "utf8")}`);
    await writeFile(at("known"), `[127.0.0.1]:${port} ${await readFile(at("host.pub"), "utf8")}`);
    await writeFile(at("unknown"), "");
    await writeFile(
      at("sshd_config"),
      [
        `ListenAddress 127.0.0.1:${port}`,
        `HostKey ${at("host")}`,
        `AuthorizedKeysFile ${at("authorized")}`,
        // The folder's parents may be writable for others; the key in it is of this test alone.
        "StrictModes no",
        "AuthenticationMethods publickey",
        "PermitRootLogin prohibit-password",
        "PidFile none",
        "UsePAM no",
        ...(programs === undefined ? [] : [`SetEnv PATH=${at("bin")}`]),
        "",
      ].join("\n"),
    );
    const args = ["-D", "-e", "-f", at("sshd_config")];
    const daemon = await startDaemon({ command: "/usr/sbin/sshd", args, logPath: at("sshd.log") });
    recordProcess(name, daemon);
    await waitFor(async () => !isAlive(daemon) || (await answers(port)), {
      what: "sshd to listen",
      everyMs: 20,
    });
    if (!isAlive(daemon)) throw new Error(`sshd ended: ${await readFile(at("sshd.log"), "utf8")}`);
    return {
      port,
      key: at("user"),
      strangeKey: at("stranger"),
      knownHosts: at("known"),
      noKnownHosts: at("unknown"),
      sessions: () =>
        readFileSync(`/proc/${daemon.pid}/task/${daemon.pid}/children`, "utf8")
          .split(" ")
          .filter((pid) => pid !== "")
          .map(Number),
      readLog: () => readFile(at("sshd.log"), "utf8"),
      stop: () => takeDown(name),
    };
  } catch (error) {
    await takeDown(name);
    throw error;
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.on("error", () => resolve(false));
    socket.on("data", () => {
      socket.destroy();
      resolve(true);
    });
  });
}
