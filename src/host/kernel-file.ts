import { closeSync, constants, openSync, readSync } from "node:fs";
import { access, open } from "node:fs/promises";

const DENIED = new Set(["EACCES", "EPERM"]);
// Not there, not ours to read, or gone between opening and reading: ESRCH is a process that ended meanwhile, ENODEV a
// cgroup. ENOTSUP is a file of a part of the kernel that is switched off, such as pressure, and EBUSY one of a CPU that is:
// its frequency.
const ABSENT = new Set([
  "ENOENT",
  "ENOTDIR",
  "ESRCH",
  "ENODEV",
  "ENOTSUP",
  "EBUSY",
  "ENAMETOOLONG",
  ...DENIED,
]);
const CHUNK_BYTES = 16_384;

/** How a file is read, and how one that cannot be had is told. */
export interface FileOptions {
  /** Is told of a file that is there but not for this user. */
  readonly onDenied?: ((path: string) => void) | undefined;
  /** An entry of it, other than the first, can be longer than 2 KiB. */
  readonly hasLongEntries?: boolean;
}

/**
 * Reads a file of /proc, /sys or /etc from its beginning, at most `limitBytes` of it: their sizes are not known
 * before. Undefined when there is none, when it may not be read, or when its process ended meanwhile; any other
 * failure rejects.
 */
export async function readKernelFile(
  path: string,
  limitBytes: number,
  options?: FileOptions,
): Promise<string | undefined> {
  try {
    await using file = await open(path, "r");
    const chunks: Buffer[] = [];
    for (let left = limitBytes; left > 0;) {
      const chunk = Buffer.allocUnsafe(Math.min(left, CHUNK_BYTES));
      const { bytesRead } = await file.read(chunk, 0, chunk.length, null);
      if (bytesRead === 0) break;
      chunks.push(chunk.subarray(0, bytesRead));
      left -= bytesRead;
    }
    return Buffer.concat(chunks).toString();
  } catch (error) {
    return absenceIn(error, path, options);
  }
}

/**
 * The kernel hands out a list in pieces of a page (fs/seq_file.c), each as full as whole entries make it, and what is one
 * entry in a single piece. The smallest page has 4 KiB, so what is shorter than half of it was the last piece, unless an
 * entry longer than the other half comes next.
 */
const LAST_PIECE_BYTES = 2048;

// Nothing else runs while a file is read at once, so one is enough for all.
const scratch = Buffer.allocUnsafeSlow(65_536);

/**
 * As {@link readKernelFile}, at once, for a small file that the kernel writes from memory: a tenth of the cost, but
 * nothing else happens meanwhile. Never for a file that can wait for a disk, a network or another process's memory.
 * At most 64 KiB.
 */
export function readKernelFileNow(
  path: string,
  limitBytes: number,
  options?: FileOptions,
): string | undefined {
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    return readDescriptorNow(file, limitBytes, options);
  } catch (error) {
    return absenceIn(error, path, options);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/**
 * As {@link readKernelFile}, of a file that the kernel writes from memory, however long it is on a large machine: at once
 * as {@link readKernelFileNow}, and only what is longer than that reads by and by.
 */
export async function readKernelFileSoon(path: string, limitBytes: number): Promise<string | undefined> {
  // The last entry of /proc/interrupts is all that the architecture counts: with 8 CPUs nearly a page.
  const text = readKernelFileNow(path, limitBytes, { hasLongEntries: true });
  const isWhole = text === undefined || Buffer.byteLength(text) < Math.min(limitBytes, scratch.length);
  return isWhole || limitBytes <= scratch.length ? text : readKernelFile(path, limitBytes);
}

/**
 * As {@link readKernelFileNow}, of a file that is open, from its beginning.
 * @throws what reading throws, of a process or a group that is gone as well
 */
export function readDescriptorNow(
  file: number,
  limitBytes: number,
  { hasLongEntries = false }: FileOptions = {},
): string {
  const lastBytes = hasLongEntries ? 1 : LAST_PIECE_BYTES;
  const limit = Math.min(limitBytes, scratch.length);
  let length = 0;
  let piece: number;
  do {
    piece = readSync(file, scratch, length, limit - length, length);
    length += piece;
  } while (piece >= lastBytes && length < limit);
  return scratch.toString("utf8", 0, length);
}

/**
 * What an error means for who reads the file at a path: undefined where there is nothing to read.
 * @throws the error where reading went wrong
 */
export function absenceIn(error: unknown, path: string, { onDenied }: FileOptions = {}): undefined {
  if (isDenial(error)) onDenied?.(path);
  if (!isAbsence(error)) throw error;
}

/** Does this error of the file system mean that there is nothing to read, rather than that reading went wrong? */
export function isAbsence(error: unknown): boolean {
  return ABSENT.has(codeOf(error));
}

/** Does this error say that something is there but not for this user? */
export function isDenial(error: unknown): boolean {
  return DENIED.has(codeOf(error));
}

/** The code of an error of the file system, such as ENOENT; empty of any other. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** In a few words why there is nothing to read at a path. */
export async function whyAbsent(path: string): Promise<string> {
  try {
    await access(path, constants.R_OK);
    return "nothing of use";
  } catch (error) {
    return isDenial(error) ? "not this user's to read" : "not there";
  }
}
