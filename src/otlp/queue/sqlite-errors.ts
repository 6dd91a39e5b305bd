/** Primary result codes (https://www.sqlite.org/rescode.html). */
const BUSY = 5;

/** Those that tell of the system around the file: no permission, lock, memory, space or device. */
const UNAVAILABLE: ReadonlySet<number> = new Set([3, BUSY, 6, 7, 8, 10, 13, 14, 22, 23]);

/** Damage that SQLite itself does not notice. */
export class DamagedFile extends Error {}

/** Another connection has the lock. */
export function isBusy(error: unknown): boolean {
  return primaryCodeOf(error) === BUSY;
}

/** What the file holds is not what was written: no waiting mends that. */
export function isDamaged(error: unknown): boolean {
  const code = primaryCodeOf(error);
  // A RangeError is a number in the file that is larger than any that was ever written.
  if (code === undefined) return error instanceof DamagedFile || error instanceof RangeError;
  return !UNAVAILABLE.has(code);
}

function primaryCodeOf(error: unknown): number | undefined {
  const code = error instanceof Error && "errcode" in error ? error.errcode : undefined;
  return typeof code === "number" ? code & 0xff : undefined;
}
