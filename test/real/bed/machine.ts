import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";

import { childOf, isAlive, killProcess, type ProcessName, startDaemon, waitFor } from "./processes.ts";

/**
 * Its namespaces are its own, but for the network. What it writes lies in memory, above a Debian that stays as it is;
 * everything goes with its last process. Its control groups are a branch of their own, since systemd wants to be at
 * the root of one, and its mounts are shared among its own namespaces, through which it hands secrets to services.
 *
 * Its systemd would do to this machine what it does to its own, such as cleaning up. So this machine's file systems are
 * unmounted there before it starts, or it does not start; the kernel's settings are read-only; and it has no right to
 * touch the network, the clock or the kernel's modules. Each step is a line of its own, because a shell does not stop at
 * a failure before an "and". Every process is replaced by the next.
 */
const BOOT = `
base=$1 work=$2 name=$3
mount -t tmpfs tmpfs "$work"
cd "$work"
mkdir groups upper overlay root
mount -t cgroup2 cgroup2 groups
mkdir "groups/$name"
echo $$ >"groups/$name/cgroup.procs"
umount groups
mount -t overlay overlay -o "lowerdir=$base,upperdir=$work/upper,workdir=$work/overlay" root
cd root
mkdir outside
rm -f usr/sbin/policy-rc.d
ln -s /dev/null etc/systemd/system/systemd-tmpfiles-clean.timer
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t tmpfs tmpfs sys/fs/cgroup
mount -t tmpfs tmpfs run
mount -t tmpfs -o mode=755 tmpfs dev
mkdir dev/net dev/pts dev/shm
for device in null zero full random urandom tty net/tun; do
  touch "dev/$device"
  mount --bind "/dev/$device" "dev/$device"
done
mount -t tmpfs tmpfs dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
exec unshare --cgroup sh -ec '
mount -t cgroup2 cgroup2 sys/fs/cgroup
pivot_root . outside
cd /
umount --lazy /outside
rmdir /outside
if grep -q "^/dev/" /proc/self/mounts; then echo "this machine is in reach"; exit 1; fi
mount --make-rshared /
exec env -i container=bed "PATH=$PATH" \
  setpriv --bounding-set=-net_admin,-sys_boot,-sys_module,-sys_rawio,-sys_time,-syslog \
  /lib/systemd/systemd --system --unit=multi-user.target'
`;

const NAMESPACES = ["--mount", "--pid", "--uts", "--ipc"] as const;

/** A Debian that runs, with systemd as its first process. */
export interface Machine {
  /** Its root folder, as this process reaches it. */
  readonly root: string;
  /** Runs a command of its shell to its end and gives its standard output, without the last newline. */
  run(script: string): Promise<string>;
  stop(): Promise<void>;
}

/** Boots the Debian of a folder, which stays as it is. Needs root, and Linux with overlay and cgroup2. */
export async function bootMachine(base: string): Promise<Machine> {
  const work = mkdtempSync(join(tmpdir(), "kvmeter-machine-"));
  const name = basename(work);
  const logPath = join(tmpdir(), `${name}.log`);
  const outer = await startDaemon({
    command: "unshare",
    args: [...NAMESPACES, "--fork", "--kill-child", "--propagation", "private", "sh", "-ec", BOOT].concat([
      "sh",
      base,
      work,
      name,
    ]),
    logPath,
  });
  const kill = () => process.kill(outer.pid, "SIGKILL");
  process.once("exit", kill);
  const stop = async (): Promise<void> => {
    process.off("exit", kill);
    await killProcess(outer);
    await removeGroups(name);
    rmSync(work, { recursive: true });
    rmSync(logPath);
  };
  try {
    const first = await childOf(outer, "/lib/systemd/systemd");
    const machine = machineOf(first);
    await waitFor(async () => (await machine.run("systemctl is-system-running || true")) === "running", {
      what: `systemd of ${base} to have started everything`,
      timeoutMs: 60_000,
    });
    return { ...machine, stop };
  } catch (cause) {
    const log = readFileSync(logPath, "utf8");
    if (isAlive(outer)) await stop();
    throw new Error(`Cannot boot ${base}: ${log}`, { cause });
  }
}

function machineOf(first: ProcessName): Omit<Machine, "stop"> {
  const enter = ["--target", String(first.pid), ...NAMESPACES, "--cgroup"];
  const run = async (script: string): Promise<string> => {
    const { stdout } = await promisify(execFile)(
      "nsenter",
      [...enter, "--root", "--wd", "sh", "-euc", script],
      {
        env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C.UTF-8", DEBIAN_FRONTEND: "noninteractive" },
        maxBuffer: 64 * 1024 * 1024,
        timeout: 120_000,
      },
    );
    return stdout.trimEnd();
  };
  return {
    root: `/proc/${first.pid}/root`,
    run,
  };
}

/** The branch of control groups that its processes were in, now empty. */
async function removeGroups(name: string): Promise<void> {
  const mounted = mkdtempSync(join(tmpdir(), "kvmeter-groups-"));
  const script = 'mount -t cgroup2 cgroup2 "$1" && find "$1/$2" -depth -type d -exec rmdir {} +';
  await waitFor(() => promisify(execFile)("unshare", ["--mount", "sh", "-ec", script, "sh", mounted, name]), {
    what: "the control groups of a machine to be empty",
  });
  rmSync(mounted, { recursive: true });
}
