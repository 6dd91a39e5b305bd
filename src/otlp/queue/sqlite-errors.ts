/** Result codes (https://www.sqlite.org/rescode.html): a primary one in the lowest byte, the rest tells more. */
const BUSY = 5;
/** The file is shorter than it says itself. */
const SHORT_READ = 522;

/** Primary ones that tell of the system around the file: no permission, lock, memory, space or device. */
const UNAVAILABLE: ReadonlySet<number> = new Set([3, BUSY, 6, 7, 8, 10, 13, 14, 22, 23]);

/** Damage that SQLite itself does not notice. */
export class DamagedFile extends Error {}

/** Another connection has the lock. */
export function isBusy(error: unknown): boolean {
  return primaryOf(codeOf(error)) === BUSY;
}

/** What the file holds is not what was written: no waiting mends that. */
export function isDamaged(error: unknown): boolean {
  const code = codeOf(error);
  // A RangeError is a number in the file that is larger than any that was ever written.
  if (code === undefined) return error instanceof DamagedFile || error instanceof RangeError;
  return code === SHORT_READ || !UNAVAILABLE.has(primaryOf(code) ?? 0);
}

function codeOf(error: unknown): number | undefined {
  const code = error instanceof Error && "errcode" in error ? error.errcode : undefined;
  return typeof code === "number" ? code : undefined;
}

function primaryOf(code: number | undefined): number | undefined {
  return code === undefined ? undefined : code & 0xff;
}
