import { statSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { crc32 } from "node:zlib";

import type { Batch, StoredBatch } from "./batch.ts";
import type { Change, SetAside } from "./change.ts";
import { batchOf, checksumOf, READ_BATCH, READ_VALUE, storedBatchOf, textOf, valueOf } from "./rows.ts";
import { DamagedFile, isDamaged } from "./sqlite-errors.ts";

const SCHEMA_VERSION = 1;

/** `body` is last, so that listing the batches reads no body. Ids only grow: the order of the table is that of age. */
const SCHEMA = `
  CREATE TABLE batch (
    id INTEGER PRIMARY KEY, destination TEXT NOT NULL, signal TEXT NOT NULL, created_ms INTEGER NOT NULL,
    point_count INTEGER NOT NULL, codec TEXT NOT NULL, raw_bytes INTEGER NOT NULL, checksum INTEGER NOT NULL,
    body BLOB NOT NULL
  ) STRICT;
  CREATE TABLE set_aside (
    id INTEGER PRIMARY KEY, destination TEXT NOT NULL, signal TEXT NOT NULL, at_unix_ms INTEGER NOT NULL,
    words TEXT NOT NULL, point_count INTEGER NOT NULL, codec TEXT NOT NULL, body BLOB NOT NULL
  ) STRICT;
  CREATE TABLE value (
    key TEXT PRIMARY KEY, checksum INTEGER NOT NULL, value BLOB NOT NULL
  ) STRICT;
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

/**
 * NORMAL syncs at checkpoints only: a commit survives the end of the process, a loss of power costs what came after
 * the last checkpoint. The log is checkpointed at 1 MiB and cut back to that, since it counts as space taken. With
 * the lock taken for good SQLite needs no shared-memory file.
 */
const SETTINGS = `
  PRAGMA locking_mode = EXCLUSIVE;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  PRAGMA wal_autocheckpoint = 256;
  PRAGMA journal_size_limit = 1048576;
  PRAGMA temp_store = MEMORY;
  PRAGMA cache_size = -1024;
`;

/** Free pages are used again; so many of them (16 MiB) are given back once nothing is queued. */
const FREE_PAGES_LIMIT = 4096;

/** Pages that are in use with an empty queue and little state: compacting then costs next to nothing. */
const SMALL_FILE_PAGES = 512;

const STATEMENTS = {
  list: `SELECT id, destination, signal, created_ms, point_count, codec, raw_bytes, length(body) AS stored_bytes
         FROM batch ORDER BY id`,
  insert: "INSERT INTO batch VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
  read: READ_BATCH,
  delete: "DELETE FROM batch WHERE id = ?",
  setAside: `INSERT INTO set_aside (destination, signal, at_unix_ms, words, point_count, codec, body)
             SELECT destination, signal, ?, ?, point_count, codec, body FROM batch WHERE id = ?`,
  trimAside: `DELETE FROM set_aside WHERE destination = ?1 AND id <= (
                SELECT max(id) FROM (
                  SELECT id, row_number() OVER newest AS number, sum(length(body)) OVER newest AS bytes
                  FROM set_aside WHERE destination = ?1 WINDOW newest AS (ORDER BY id DESC)
                ) WHERE number > ?2 OR bytes > ?3)`,
  value: READ_VALUE,
  putValue: "INSERT OR REPLACE INTO value VALUES (?, ?, ?)",
  deleteValue: "DELETE FROM value WHERE key = ?",
  freePages: "PRAGMA freelist_count",
  pages: "PRAGMA page_count",
} as const;

/** The SQLite file with the batches of all destinations, what was set aside, and values by key. */
export class StateFile {
  readonly #path: string;
  readonly #inode: string | undefined;
  readonly #database: DatabaseSync;
  readonly #statements: Readonly<Record<keyof typeof STATEMENTS, StatementSync>>;

  /**
   * Opens the file, or makes it. Nobody else may have it open.
   *
   * @throws what SQLite says, or DamagedFile
   */
  constructor(path: string) {
    this.#path = path;
    this.#database = new DatabaseSync(path, { timeout: 0 });
    try {
      this.#database.exec(SETTINGS);
      this.#prepareSchema();
      this.#check(path);
      this.#inode = inodeOf(path);
      this.#statements = Object.fromEntries(
        Object.entries(STATEMENTS).map(([name, sql]) => [name, this.#database.prepare(sql)]),
      ) as Record<keyof typeof STATEMENTS, StatementSync>;
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  /** Is it still what is at its path? Not after the directory was removed, or another file system mounted over it. */
  get isInPlace(): boolean {
    try {
      return inodeOf(this.#path) === this.#inode;
    } catch {
      // Where nobody may look it can still be.
      return true;
    }
  }

  /** Every batch that is queued, the oldest first, by destination. Bodies are not read. */
  list(): Map<string, Batch[]> {
    const batches = new Map<string, Batch[]>();
    for (const row of this.#statements.list.iterate()) {
      const destination = textOf(row, "destination");
      const known = batches.get(destination);
      if (known === undefined) batches.set(destination, [batchOf(row)]);
      else known.push(batchOf(row));
    }
    return batches;
  }

  /** A batch's body; undefined where it is gone or its bytes are not those that were written. */
  read(id: number): Uint8Array | undefined {
    const row = this.#statements.read.get(id);
    return row === undefined ? undefined : storedBatchOf(row)?.body;
  }

  /** What was last put under a key; undefined without it, or where its bytes are not those that were written. */
  value(key: string): Uint8Array | undefined {
    const row = this.#statements.value.get(key);
    return row === undefined ? undefined : valueOf(row);
  }

  /** Does all of it or nothing. What goes is deleted first, so that what comes takes its place in the file. */
  commit(change: Change): void {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      for (const id of change.deleted) this.#statements.delete.run(id);
      for (const [id, aside] of change.setAside) this.#setAside(id, aside);
      for (const batch of change.inserted.values()) this.#insert(batch);
      for (const [key, value] of change.values) this.#put(key, value);
      this.#database.exec("COMMIT");
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
    if (change.deleted.size > 0) this.#compact();
  }

  /** Checkpoints the log and lets go of the file. */
  close(): void {
    this.#database.close();
  }

  #prepareSchema(): void {
    const { user_version: version } = this.#database.prepare("PRAGMA user_version").get() ?? {};
    const { tables } = this.#database.prepare("SELECT count(*) AS tables FROM sqlite_schema").get() ?? {};
    if (version === SCHEMA_VERSION) return;
    if (version !== 0 || tables !== 0) throw new DamagedFile(`it has the unknown format ${String(version)}`);
    this.#database.exec(`BEGIN; ${SCHEMA} COMMIT`);
  }

  /** SQLite opens a file that was cut short or scribbled over, and fails at any time later. */
  #check(path: string): void {
    // With pages that are in the log alone, the file is rightly shorter than it says.
    if (this.#checkpoint() && statSync(path).size < this.#sizeBytes())
      throw new DamagedFile("it was cut short");
    const { quick_check: verdict } = this.#database.prepare("PRAGMA quick_check(1)").get() ?? {};
    if (verdict !== "ok") throw new DamagedFile(String(verdict));
  }

  /** False where it cannot be done, as on a full disk: what is queued can be read and sent all the same. */
  #checkpoint(): boolean {
    try {
      this.#database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
      return true;
    } catch (error) {
      if (isDamaged(error)) throw error;
      return false;
    }
  }

  #sizeBytes(): number {
    const { page_count: pages } = this.#database.prepare("PRAGMA page_count").get() ?? {};
    const { page_size: pageBytes } = this.#database.prepare("PRAGMA page_size").get() ?? {};
    return Number(pages) * Number(pageBytes);
  }

  #insert(batch: StoredBatch): void {
    this.#statements.insert.run(
      batch.id,
      batch.destination,
      batch.signal,
      batch.createdMs,
      batch.pointCount,
      batch.codec,
      batch.rawBytes,
      checksumOf(batch),
      batch.body,
    );
  }

  #setAside(id: number, { destination, words, keep }: SetAside): void {
    this.#statements.setAside.run(Date.now(), words, id);
    this.#statements.delete.run(id);
    this.#statements.trimAside.run(destination, keep.count, keep.bytes);
  }

  #put(key: string, value: Uint8Array | undefined): void {
    if (value === undefined) this.#statements.deleteValue.run(key);
    else this.#statements.putValue.run(key, crc32(value), value);
  }

  /** Gives space back where it can: what was committed before stays so. */
  #compact(): void {
    try {
      const { freelist_count: free } = this.#statements.freePages.get() ?? {};
      if (Number(free) < FREE_PAGES_LIMIT) return;
      const { page_count: pages } = this.#statements.pages.get() ?? {};
      if (Number(pages) - Number(free) < SMALL_FILE_PAGES) this.#database.exec("VACUUM");
    } catch {
      // On a full disk there is no room for it; the next commit tries again.
    }
  }
}

/** Which file is at a path; undefined without any. */
function inodeOf(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  return found && `${found.dev} ${found.ino}`;
}
