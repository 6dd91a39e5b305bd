import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { paths, repositoryRoot } from "./parts.ts";
import { childOf, type ProcessName, run, startDaemon, waitFor } from "./processes.ts";
import { beginRecord, recordProcess, takeDown } from "./records.ts";

/**
 * A mount namespace in which the Debian's folder can be written to: what is written lies in memory and goes with the
 * namespace. Processes, network and kernel are the machine's own, as they would be for somebody who logs in on a
 * hypervisor. npm's settings and the certificates it trusts are this machine's: how a registry is reached is no part of
 * a repository.
 */
const SET_UP = `
base=$1 work=$2 sockets=$3 repository=$4 collector=$5 npmrc=$6 certificates=/etc/ssl/certs/ca-certificates.crt
mount -t tmpfs tmpfs "$work" && cd "$work" && mkdir upper overlay root
mount -t overlay overlay -o "lowerdir=$base,upperdir=$work/upper,workdir=$work/overlay" root
cd root
mount --rbind /proc proc && mount --rbind /sys sys && mount --rbind /dev dev && mount -t tmpfs tmpfs run
mkdir run/libvirt && mount --bind "$sockets" run/libvirt
touch usr/local/bin/otelcol && mount --bind "$collector" usr/local/bin/otelcol
cp -L /etc/resolv.conf etc/resolv.conf && printf '127.0.0.1 localhost collector\\n' >etc/hosts
if [ -e "$certificates" ]; then cp -L "$certificates" ".$certificates"; fi
if [ -e "$npmrc" ]; then install -m 644 "$npmrc" etc/npmrc; fi
chroot . useradd --create-home --shell /bin/bash --uid 1000 somebody
git clone --quiet --depth 1 "file://$repository" home/somebody/kvmeter
chroot . chown -R somebody: /home/somebody/kvmeter
exec sleep infinity
`;

/** A network of one machine, where every port is free. */
const LOOPBACK = "ip link set lo up && exec sleep infinity";

/** How a command ended. */
export interface ShellEnd {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that runs. */
export interface ShellCommand {
  readonly ended: Promise<ShellEnd>;
  /** What it wrote so far. */
  stdout(): string;
  /** To it and to all that it started, as a terminal's keys go. */
  signal(kind: NodeJS.Signals): void;
}

/** A Debian on which nobody has done anything, and somebody without any rights who has cloned this repository there. */
export interface CleanDebian {
  /** Starts a command of bash in the clone; with `alone` all it can reach is other such commands. */
  start(command: string, options?: { readonly alone?: boolean }): ShellCommand;
  /** Runs one to its end. */
  run(command: string): Promise<ShellEnd>;
  stop(): Promise<void>;
}

/** Needs root. libvirt's sockets are where they are on a hypervisor. What is not committed is not in the clone. */
export async function enterCleanDebian({ sockets }: { readonly sockets: string }): Promise<CleanDebian> {
  const name = `clean-debian-${process.pid}`;
  const work = mkdtempSync(join(tmpdir(), "kvmeter-clean-"));
  const logPath = `${work}.log`;
  await beginRecord({ name, processes: [], paths: [work, logPath] });
  const [npmrc = "", registry = ""] = await Promise.all(["userconfig", "registry"].map(npmSetting));
  const given = [paths.cleanRoot, work, sockets, repositoryRoot, paths.collector, npmrc];
  const own = ["--fork", "--kill-child", "--mount", "--propagation", "private"];
  const outer = await startDaemon({
    command: "unshare",
    args: [...own, "sh", "-euc", SET_UP, "sh", ...given],
    logPath,
  });
  recordProcess(name, outer);
  const loopback = await startDaemon({ command: "unshare", args: ["--net", "sh", "-c", LOOPBACK], logPath });
  recordProcess(name, loopback);
  const inside = await setUp(outer, loopback).catch(async (cause: unknown) => {
    const log = readFileSync(logPath, "utf8");
    await takeDown(name);
    throw new Error(`Cannot set up a clean Debian: ${log}`, { cause });
  });
  const environment = [...ENVIRONMENT, `npm_config_registry=${registry}`, ...proxies()];
  const shell = [
    "chroot",
    "--userspec=1000:1000",
    "--groups=",
    join(work, "root"),
    "env",
    "-i",
    ...environment,
  ];
  const running = new Set<ShellCommand>();
  const start: CleanDebian["start"] = (command, { alone = false } = {}) => {
    const network = alone ? [`--net=/proc/${loopback.pid}/ns/net`] : [];
    const started = startShell([`--mount=/proc/${inside.pid}/ns/mnt`, ...network, ...shell], command);
    running.add(started);
    void started.ended.then(() => running.delete(started));
    return started;
  };
  return {
    start,
    run: (command) => start(command).ended,
    stop: async () => {
      for (const one of running) one.signal("SIGKILL");
      await Promise.all([...running].map(({ ended }) => ended));
      await takeDown(name);
    },
  };
}

/** Waits until all is there, and gives the process whose mounts are those of the Debian. */
async function setUp(outer: ProcessName, loopback: ProcessName): Promise<ProcessName> {
  const isUp = async (): Promise<boolean> =>
    readFileSync(`/proc/${loopback.pid}/cmdline`, "utf8").startsWith("sleep\0");
  await waitFor(isUp, { what: "a loopback" });
  return childOf(outer, "sleep");
}

const ENVIRONMENT = [
  "HOME=/home/somebody",
  "USER=somebody",
  "PATH=/usr/local/bin:/usr/bin:/bin",
  "LANG=C.UTF-8",
  "npm_config_globalconfig=/etc/npmrc",
];

function startShell(enter: readonly string[], command: string): ShellCommand {
  const child = spawn("nsenter", [...enter, "bash", "-c", `cd ~/kvmeter && ${command}`], {
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const ended = once(child, "close").then(([code]) => ({ code: code as number | null, stdout, stderr }));
  return {
    ended,
    stdout: () => stdout,
    signal: (kind) => {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, kind);
    },
  };
}

function proxies(): string[] {
  return Object.entries(process.env)
    .filter(([name]) => /^(https?_proxy|no_proxy)$/i.test(name))
    .map(([name, value = ""]) => `${name}=${value}`);
}

async function npmSetting(name: string): Promise<string> {
  return (await run("npm", ["config", "get", name])).trim();
}
