import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { endProcess, isAlive, killProcess, nameProcess, type ProcessName, waitFor } from "./processes.ts";

/**
 * What one started part has to be rid of at the end. It is on disk before anything starts, so that
 * what a killed test left behind is found and removed by the next one.
 */
export interface BedRecord {
  readonly name: string;
  /** Who cleans up; null when the part was told to outlive whoever started it. */
  readonly owner: ProcessName | null;
  /** Ended one after another, the last started first. */
  readonly processes: readonly ProcessName[];
  /** Parents of the processes: they end by themselves once they have reaped the last one. */
  readonly reapers?: readonly ProcessName[];
  /** A folder of QEMU's pid files, whose processes are killed before the daemons end. */
  readonly guestPidDirectory?: string;
  /** Files and folders to remove. */
  readonly paths: readonly string[];
}

/** Where records, sockets, logs and temporary files of the bed are while it is up. */
export const stateDirectory = "/run/kvmeter-bed";

const owned = new Set<string>();
let keeping = false;

const fileOf = (name: string) => join(stateDirectory, `${name}.json`);

/** From now on what is started outlives this process, until `cli.ts down`. */
export function keepWhatIsStarted(): void {
  keeping = true;
}

/** Begins a record; fails when a part of this name is up, unless what is up is left over. */
export async function beginRecord(record: Omit<BedRecord, "owner">): Promise<void> {
  const present = readRecord(record.name);
  if (present !== undefined) {
    const ownerLives = present.owner !== null && isAlive(present.owner);
    const kept = present.owner === null && process.env["CI"] === undefined;
    if (ownerLives || kept) {
      const holder = present.owner === null ? "kept by cli.ts up" : `of process ${present.owner.pid}`;
      throw new Error(
        `Cannot start ${record.name}: one is up (${holder}); take it down: node test/real/bed/cli.ts down`,
      );
    }
    await takeDown(record.name);
  }
  mkdirSync(stateDirectory, { recursive: true });
  write({ ...record, owner: keeping ? null : (nameProcess(process.pid) ?? null) });
  if (!keeping) {
    owned.add(record.name);
    catchTheEnd();
  }
}

/** Changes a record that was begun. */
export function updateRecord(name: string, change: (record: BedRecord) => Partial<BedRecord>): void {
  const record = readRecord(name);
  if (record === undefined) throw new Error(`no record of ${name}`);
  write({ ...record, ...change(record) });
}

/** Adds a process to a record. */
export function recordProcess(name: string, started: ProcessName): void {
  updateRecord(name, (record) => ({ processes: [...record.processes.filter(isAlive), started] }));
}

/** Adds a process that ends by itself when the others have. */
export function recordReaper(name: string, started: ProcessName): void {
  updateRecord(name, (record) => ({ reapers: [...(record.reapers ?? []).filter(isAlive), started] }));
}

/** Adds files or folders that are to be removed. */
export function recordPaths(name: string, added: readonly string[]): void {
  updateRecord(name, (record) => ({ paths: [...new Set([...record.paths, ...added])] }));
}

/** The record of that name, if such a part is up or left over. */
export function readRecord(name: string): BedRecord | undefined {
  try {
    return JSON.parse(readFileSync(fileOf(name), "utf8")) as BedRecord;
  } catch {
    return undefined;
  }
}

/** The names of all parts that are up or left over. */
export function recordNames(): string[] {
  try {
    return readdirSync(stateDirectory)
      .filter((file) => file.endsWith(".json"))
      .map((file) => file.slice(0, -".json".length));
  } catch {
    return [];
  }
}

function write(record: BedRecord): void {
  // Written aside and renamed: a kill in between must not leave half a record.
  writeFileSync(`${fileOf(record.name)}.new`, JSON.stringify(record, undefined, 2));
  renameSync(`${fileOf(record.name)}.new`, fileOf(record.name));
}

/** Ends a part's processes and removes its files; does nothing when there is no such part. */
export async function takeDown(name: string): Promise<void> {
  const record = readRecord(name);
  owned.delete(name);
  if (record === undefined) return;
  const guests = guestsOf(record);
  await Promise.all(guests.map(killProcess));
  if (guests.length > 0 && record.processes.some(isAlive)) {
    // The daemon tidies up after each guest (taps, cgroups, sockets) when it sees its end.
    await waitFor(async () => pidFiles(record).length === 0, {
      what: "the daemon to see its guests' end",
      timeoutMs: 10_000,
    }).catch(() => {});
  }
  for (const started of record.processes.toReversed()) await endProcess(started);
  const reapers = record.reapers ?? [];
  // Ended too early they would leave a zombie to process 1.
  const reaped = async () => !reapers.some(isAlive);
  await waitFor(reaped, { what: "the last process to be reaped", timeoutMs: 3000, everyMs: 10 }).catch(
    () => {},
  );
  await Promise.all(reapers.map((reaper) => endProcess(reaper)));
  for (const path of record.paths) rmSync(path, { recursive: true, force: true });
  rmSync(fileOf(name), { force: true });
  if (recordNames().length === 0) rmSync(stateDirectory, { recursive: true, force: true });
}

function pidFiles(record: BedRecord): string[] {
  if (record.guestPidDirectory === undefined) return [];
  try {
    // driver.pid holds the daemon's own number.
    return readdirSync(record.guestPidDirectory).filter(
      (file) => file.endsWith(".pid") && file !== "driver.pid",
    );
  } catch {
    return [];
  }
}

function guestsOf(record: BedRecord): ProcessName[] {
  const guests = pidFiles(record).map((file) => {
    const pid = Number(readFileSync(join(record.guestPidDirectory ?? "", file), "utf8"));
    const isQemu = readCommand(pid).includes("qemu");
    return isQemu ? nameProcess(pid) : undefined;
  });
  return guests.filter((guest) => guest !== undefined);
}

function readCommand(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

/** Takes down everything that this process started and still has. */
export async function takeDownOwned(): Promise<void> {
  for (const name of [...owned].toReversed()) await takeDown(name);
}

let catching = false;

function catchTheEnd(): void {
  if (catching) return;
  catching = true;
  for (const kind of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(kind, () => {
      void takeDownOwned().finally(() => process.kill(process.pid, kind));
    });
  }
  // Nothing asynchronous happens after "exit": another process does the rest.
  process.on("exit", () => {
    if (owned.size === 0) return;
    spawnSync(process.execPath, [join(import.meta.dirname, "cli.ts"), "down", ...owned], {
      stdio: "inherit",
    });
  });
}
