import { mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";

import { messageOf } from "../../errors.ts";
import type { Logger } from "../../log.ts";
import type { Batch } from "./batch.ts";
import { type DirectoryLock, lockDirectory } from "./directory-lock.ts";
import { parseMoment, type QueueMoment } from "./queue-time.ts";
import { salvage, type Salvaged } from "./salvage.ts";
import { isDamaged } from "./sqlite-errors.ts";
import { StateFile } from "./state-file.ts";

const FILE_NAME = "kvmeter.db";

/** The key under which the queue's time is stored. */
export const TIME_KEY = "kvmeter/time";

/** Damaged files that are kept; older ones make room. */
const KEPT_DAMAGED_FILES = 2;

/** A file with what is queued in it: by destination, the oldest first. */
export interface OpenedFile {
  readonly file: StateFile;
  readonly batches: Map<string, Batch[]>;
  /** Where the process that wrote it left off. */
  readonly moment: QueueMoment | undefined;
}

/** A directory for the state of one agent. */
export class StateDirectory {
  readonly path: string;
  readonly log: Pick<Logger, "info" | "warn">;
  #lock: DirectoryLock | undefined;

  constructor(path: string, log: Pick<Logger, "info" | "warn">) {
    this.path = path;
    this.log = log;
  }

  get filePath(): string {
    return join(this.path, FILE_NAME);
  }

  /**
   * Takes the directory, made where it is missing, and opens its file; a damaged one is set aside first.
   *
   * @throws KvmeterError STATE_IN_USE; what the system says where the directory cannot be used
   */
  open(): OpenedFile {
    mkdirSync(this.path, { recursive: true, mode: 0o700 });
    this.#lock ??= lockDirectory(this.path);
    try {
      return listed(new StateFile(this.filePath));
    } catch (error) {
      if (!isDamaged(error)) throw error;
      return replaceDamagedFile(this, error);
    }
  }

  release(): void {
    this.#lock?.release();
    this.#lock = undefined;
  }
}

/**
 * Renames the damaged file and makes a new one with everything that can still be read in it.
 *
 * @throws what the system says where that cannot be done now; the damaged file is then where it was
 */
export function replaceDamagedFile(directory: StateDirectory, damage: unknown): OpenedFile {
  const { filePath, log } = directory;
  const asidePath = `${filePath}.corrupt-${new Date().toISOString().replaceAll(/[-:.]/g, "")}`;
  // The log first: left behind alone, it would be applied to the new file.
  for (const suffix of ["-wal", ""]) rename(filePath + suffix, asidePath + suffix);
  removeOldDamagedFiles(directory);
  try {
    const { file, kept, lost } = salvaged(asidePath, filePath);
    log.warn(
      { file: asidePath, kept, lost },
      `The queue's file was damaged (${messageOf(damage)}) and is set aside; ${kept} batches could be read and are kept`,
    );
    return listed(file);
  } catch (error) {
    rmSync(`${filePath}-wal`, { force: true });
    for (const suffix of ["", "-wal"]) rename(asidePath + suffix, filePath + suffix);
    throw error;
  }
}

/** A new file with what can be read of a damaged one. */
function salvaged(asidePath: string, filePath: string): Salvaged & { readonly file: StateFile } {
  const file = new StateFile(filePath);
  try {
    return { file, ...salvage(asidePath, file) };
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Nothing where there is none. */
function rename(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

function listed(file: StateFile): OpenedFile {
  try {
    const batches = file.list();
    return { file, batches, moment: parseMoment(file.value(TIME_KEY)) ?? lastMomentOf(batches) };
  } catch (error) {
    file.close();
    throw error;
  }
}

/** The least that can be said where the damage took the time: none of the batches is from later. */
function lastMomentOf(batches: OpenedFile["batches"]): QueueMoment | undefined {
  const last = [...batches.values()]
    .flat()
    .reduce((newest, { createdMs }) => Math.max(newest, createdMs), -Infinity);
  return Number.isFinite(last) ? { queueMs: last, uptimeMs: 0, bootId: "" } : undefined;
}

function removeOldDamagedFiles({ path }: StateDirectory): void {
  const aside = readdirSync(path)
    .filter((name) => name.startsWith(`${FILE_NAME}.corrupt-`) && !name.endsWith("-wal"))
    .toSorted();
  for (const name of aside.slice(0, -KEPT_DAMAGED_FILES)) {
    rmSync(join(path, name), { force: true });
    rmSync(join(path, `${name}-wal`), { force: true });
  }
}
