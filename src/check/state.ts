import { accessSync, constants, existsSync, readdirSync, realpathSync, statfsSync, statSync } from "node:fs";
import { readlink } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

import { formatBytes } from "../cli/quantity.ts";
import type { Configuration } from "../config/configuration.ts";
import { isAbsence } from "../host/kernel-file.ts";
import { readLockHolders } from "../host/proc-locks.ts";
import { readProcPidCmdline } from "../host/proc-pid-cmdline.ts";
import { LOCK_FILE, lockDirectory } from "../otlp/queue/directory-lock.ts";
import { failed, type Finding, shellWord, unwell, well } from "./finding.ts";

export interface StateCheckOptions {
  readonly configuration: Pick<Configuration, "stateDirectory" | "destinations">;
  /** The configuration's file, as it was given. */
  readonly file: string | undefined;
}

/** Less than this is none: SQLite's log needs some megabytes before anything is queued. */
const LEAST_BYTES = 16 * 1024 * 1024;

/** Looks at the state directory without changing anything in it. */
export async function checkState({ configuration, file }: StateCheckOptions): Promise<Finding[]> {
  const { stateDirectory: directory } = configuration;
  if (directory === undefined) return [unwell("state-none", "memory")];
  const obstacle = obstacleTo(directory);
  if (obstacle !== undefined) return [obstacle];
  const isThere = existsSync(directory);
  return [
    well("state-unusable", directory, isThere ? "it can be written" : "it can be made"),
    ...(isThere ? await checkHolder(directory, file) : []),
    checkRoom(directory, queueLimitOf(configuration)),
  ];
}

/** Why it cannot be used, as far as that can be told without writing. */
function obstacleTo(directory: string): Finding | undefined {
  const place = nearestExisting(directory);
  const problem = problemOf(place);
  if (problem !== undefined) return unusable(directory, { place, ...problem });
  if (place !== directory) return undefined;
  for (const name of readdirSync(directory).filter((entry) => /^kvmeter\.(?:db|lock)/.test(entry))) {
    const path = join(directory, name);
    const inside = problemOf(path);
    if (inside !== undefined) return unusable(directory, { place: path, ...inside });
  }
  return undefined;
}

function unusable(
  directory: string,
  { place, problem, mend }: { readonly place: string; readonly problem: string; readonly mend: string },
): Finding {
  const says = `Cannot write to ${place}: ${problem}; what waits for a destination is kept in memory alone`;
  return { ...unwell("state-unusable", directory, { says }), mend };
}

function problemOf(path: string): { readonly problem: string; readonly mend: string } | undefined {
  const user = process.geteuid?.() ?? 0;
  const word = shellWord(path);
  try {
    const isDirectory = statSync(path).isDirectory();
    if (!isDirectory && !/\/kvmeter\.(?:db|lock)[^/]*$/.test(path)) {
      return { problem: "it is no directory", mend: "give another state_directory" };
    }
    accessSync(path, isDirectory ? constants.W_OK | constants.X_OK : constants.W_OK);
    return undefined;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    if (code === "EROFS") {
      return {
        problem: "its file system is mounted read-only",
        mend: `mount -o remount,rw $(findmnt -n -o TARGET -T ${word})`,
      };
    }
    if (code === "EPERM") return { problem: "it is immutable", mend: `chattr -i ${word}` };
    return {
      problem: `user ${user} may not (${code}), if that is whom the agent runs as`,
      mend: `chown -R ${user} ${word} && chmod u+rwX ${word}`,
    };
  }
}

/** The directory, or what there is of the way to it. */
function nearestExisting(path: string): string {
  for (let place = path; ; place = dirname(place)) {
    if (existsSync(place) || dirname(place) === place) return place;
  }
}

/** Takes the lock for a moment, where its file is there and as empty as the agent leaves it; any other nobody holds. */
async function checkHolder(directory: string, file: string | undefined): Promise<Finding[]> {
  const lockFile = join(directory, LOCK_FILE);
  if (statSync(lockFile, { throwIfNoEntry: false })?.size !== 0) {
    return [well("state-in-use", directory, "no agent uses it")];
  }
  try {
    lockDirectory(directory).release();
    return [well("state-in-use", directory, "no agent uses it now")];
  } catch (error) {
    const [pid] = await readLockHolders("/proc", statSync(lockFile, { bigint: true }).ino);
    if (pid !== undefined && (await configurationOf(pid)) === realOf(file)) {
      return [well("state-in-use", directory, `the agent with this configuration uses it, process ${pid}`)];
    }
    return [failed("state-in-use", directory, { error })];
  }
}

/** The configuration's file that a running agent was given; empty without one. */
async function configurationOf(pid: number): Promise<string | undefined> {
  const args = (await readProcPidCmdline("/proc", pid)) ?? [];
  const at = args.findIndex((arg) => /^(?:-c|--config)(?:=|$)/.test(arg) || /^-c./.test(arg));
  const value = /^(?:-c|--config)=?(.+)$/s.exec(args[at] ?? "")?.[1] ?? (at < 0 ? undefined : args[at + 1]);
  if (value === undefined) return "";
  try {
    return realOf(resolve(await readlink(`/proc/${pid}/cwd`), value));
  } catch (error) {
    if (!isAbsence(error)) throw error;
    return value.startsWith("/") ? realOf(value) : undefined;
  }
}

function realOf(file: string | undefined): string {
  if (file === undefined) return "";
  try {
    return realpathSync(file);
  } catch {
    return resolve(file);
  }
}

function queueLimitOf({ destinations }: StateCheckOptions["configuration"]): number {
  const queues = destinations.flatMap(({ queue, logs }) => [
    queue,
    ...(logs === undefined ? [] : [logs.queue]),
  ]);
  return queues.reduce((sum, { maxBytes }) => sum + maxBytes, 0);
}

function checkRoom(directory: string, limitBytes: number): Finding {
  const place = nearestExisting(directory);
  const { bavail, bsize, files, ffree } = statfsSync(place);
  const free = bavail * bsize;
  const room = files > 0 && ffree === 0 ? "no inode is" : `${formatBytes(free)} are`;
  const values = { room, limit: formatBytes(limitBytes), mount: shellWord(place) };
  if (free < LEAST_BYTES || (files > 0 && ffree === 0)) return unwell("state-full", directory, { values });
  if (free + usedBytes(directory) < limitBytes) return unwell("state-room", directory, { values });
  return well("state-full", directory, `${room} left in its file system, queues may take ${values.limit}`);
}

/** What queues have taken already is no longer needed. */
function usedBytes(directory: string): number {
  const database = statSync(join(directory, "kvmeter.db"), { throwIfNoEntry: false });
  return database?.size ?? 0;
}
