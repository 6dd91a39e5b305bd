import { truncateSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

import { KvmeterError } from "../../errors.ts";
import { isBusy, isDamaged } from "./sqlite-errors.ts";

/** In the directory. Empty for ever: only its lock matters. */
export const LOCK_FILE = "kvmeter.lock";

/** A state directory that is this process's own. */
export interface DirectoryLock {
  release(): void;
}

/**
 * Takes the directory for this process. The lock is the kernel's, on an empty file, by way of SQLite, since Node has
 * no call for it: it ends with the process however that ends, and nothing that a dead one left stands in the way.
 *
 * @throws KvmeterError STATE_IN_USE while another process has it; what SQLite says where the file cannot be made
 */
export function lockDirectory(directory: string): DirectoryLock {
  const file = join(directory, LOCK_FILE);
  try {
    return takeLock(file);
  } catch (error) {
    if (isBusy(error)) {
      throw new KvmeterError(
        "STATE_IN_USE",
        `Cannot use the state directory ${directory}: another agent uses it ("fuser ${file}" names the process): ` +
          `stop that one, or give this one a state_directory of its own`,
        { cause: error },
      );
    }
    if (!isDamaged(error)) throw error;
    // Only the holder of the lock gets as far as reading: nobody else has it.
    truncateSync(file);
    return takeLock(file);
  }
}

function takeLock(file: string): DirectoryLock {
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    // Without the pragma SQLite leaves a journal file beside it.
    database.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    throw error;
  }
  return { release: () => database.close() };
}
