import { DatabaseSync, type SQLOutputValue } from "node:sqlite";

import { Change } from "./change.ts";
import { READ_BATCH, READ_VALUE, storedBatchOf, valueOf } from "./rows.ts";
import type { StateFile } from "./state-file.ts";

/** So much is read before it is written to the new file. */
const CHUNK_BYTES = 4 * 1024 * 1024;

/**
 * Without the first SQLite reads nothing of a file that is shorter than it says itself, without the second it makes a
 * shared-memory file, which stays.
 */
const SETTINGS = "PRAGMA writable_schema = ON; PRAGMA locking_mode = EXCLUSIVE";

/** What became of the batches that were seen in a damaged file. */
export interface Salvaged {
  readonly kept: number;
  readonly lost: number;
}

/**
 * Copies what can still be read of a damaged file: it is scanned from both ends up to the damage, and everything
 * whose checksum is right is taken.
 *
 * @throws what SQLite says where the new file cannot be written
 */
export function salvage(damagedPath: string, file: StateFile): Salvaged {
  const damaged = attempt(() => new DatabaseSync(damagedPath, { timeout: 0, defensive: false }));
  if (damaged === undefined) return { kept: 0, lost: 0 };
  try {
    attempt(() => damaged.exec(SETTINGS));
    copyValues(damaged, file);
    return copyBatches(damaged, file);
  } finally {
    attempt(() => damaged.close());
  }
}

function copyBatches(damaged: DatabaseSync, file: StateFile): Salvaged {
  const ids = scan(damaged, "SELECT id AS key FROM batch ORDER BY id");
  const statement = attempt(() => damaged.prepare(READ_BATCH));
  let change = new Change();
  let bytes = 0;
  let kept = 0;
  for (const id of ids) {
    const batch = attempt(() => storedBatchOf(statement?.get(id) ?? {}));
    if (batch === undefined) continue;
    change.insert(batch);
    bytes += batch.storedBytes;
    kept += 1;
    if (bytes >= CHUNK_BYTES) {
      file.commit(change);
      change = new Change();
      bytes = 0;
    }
  }
  file.commit(change);
  return { kept, lost: ids.size - kept };
}

function copyValues(damaged: DatabaseSync, file: StateFile): void {
  const change = new Change();
  const statement = attempt(() => damaged.prepare(READ_VALUE));
  for (const key of scan(damaged, "SELECT key FROM value ORDER BY key")) {
    const value = attempt(() => valueOf(statement?.get(key) ?? {}));
    if (value !== undefined && typeof key === "string") change.values.set(key, value);
  }
  file.commit(change);
}

/** The keys from either end up to where the file cannot be read. */
function scan(damaged: DatabaseSync, sql: string): Set<SQLOutputValue> {
  const keys = new Set<SQLOutputValue>();
  for (const direction of ["", " DESC"]) {
    attempt(() => {
      for (const { key } of damaged.prepare(sql + direction).iterate()) if (key !== undefined) keys.add(key);
    });
  }
  return keys;
}

function attempt<Result>(action: () => Result): Result | undefined {
  try {
    return action();
  } catch {
    // Whatever it is that cannot be read is lost.
    return undefined;
  }
}
