import type { SQLOutputValue } from "node:sqlite";
import { crc32 } from "node:zlib";

import type { Batch, StoredBatch } from "./batch.ts";
import { DamagedFile } from "./sqlite-errors.ts";

/** A row as SQLite gives it. Nothing in it is believed: the disk may have changed it. */
export type Row = Readonly<Record<string, SQLOutputValue>>;

/** What {@link storedBatchOf} takes. */
export const READ_BATCH = `SELECT id, destination, signal, created_ms, point_count, codec, raw_bytes,
  length(body) AS stored_bytes, checksum, body FROM batch WHERE id = ?`;

/** What {@link valueOf} takes. */
export const READ_VALUE = "SELECT checksum, value FROM value WHERE key = ?";

/** A batch without its body. */
export function batchOf(row: Row): Batch {
  const signal = textOf(row, "signal");
  const codec = textOf(row, "codec");
  if (signal !== "metrics" && signal !== "logs") throw new DamagedFile("it has an unknown signal");
  if (codec !== "none" && codec !== "gzip" && codec !== "zstd") {
    throw new DamagedFile("it has an unknown compression");
  }
  return {
    id: countOf(row, "id"),
    signal,
    createdMs: wholeOf(row, "created_ms"),
    pointCount: countOf(row, "point_count"),
    codec,
    rawBytes: countOf(row, "raw_bytes"),
    storedBytes: countOf(row, "stored_bytes"),
  };
}

/** A whole batch; undefined where it is not the one that was written. */
export function storedBatchOf(row: Row): StoredBatch | undefined {
  const batch = { ...batchOf(row), destination: textOf(row, "destination"), body: bytesOf(row, "body") };
  return checksumOf(batch) === row["checksum"] ? batch : undefined;
}

/** A value; undefined where it is not the one that was written. */
export function valueOf(row: Row): Uint8Array | undefined {
  const value = bytesOf(row, "value");
  return crc32(value) === row["checksum"] ? value : undefined;
}

/** Over all that is stored of the batch. */
export function checksumOf(batch: StoredBatch): number {
  const { id, destination, signal, createdMs, pointCount, codec, rawBytes, body } = batch;
  const head = JSON.stringify([id, destination, signal, createdMs, pointCount, codec, rawBytes]);
  return crc32(body, crc32(head));
}

function countOf(row: Row, column: string): number {
  const value = wholeOf(row, column);
  if (value >= 0) return value;
  throw new DamagedFile(`it has no valid ${column}`);
}

function wholeOf(row: Row, column: string): number {
  const value = row[column];
  if (typeof value === "number" && Number.isSafeInteger(value)) return value;
  throw new DamagedFile(`it has no valid ${column}`);
}

/** A column of text. */
export function textOf(row: Row, column: string): string {
  const value = row[column];
  if (typeof value === "string") return value;
  throw new DamagedFile(`it has no valid ${column}`);
}

function bytesOf(row: Row, column: string): Uint8Array {
  const value = row[column];
  if (value instanceof Uint8Array) return value;
  throw new DamagedFile(`it has no valid ${column}`);
}
