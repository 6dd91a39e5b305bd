import { closeSync, openSync, readSync } from "node:fs";
import { open } from "node:fs/promises";

// Not there, not ours to read, or gone between opening and reading: ESRCH is a process that ended meanwhile.
const ABSENT = new Set(["ENOENT", "ENOTDIR", "ESRCH", "EACCES", "EPERM", "ENAMETOOLONG"]);
const CHUNK_BYTES = 16_384;

/**
 * Reads a file of /proc, /sys or /etc from its beginning, at most `limitBytes` of it: their sizes are not known
 * before. Undefined when there is none, when it may not be read, or when its process ended meanwhile; any other
 * failure rejects.
 */
export async function readKernelFile(path: string, limitBytes: number): Promise<string | undefined> {
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
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

/**
 * As {@link readKernelFile}, at once, for a small file that the kernel writes from memory: a tenth of the cost, but
 * nothing else happens meanwhile. Never for a file that can wait for a disk, a network or another process's memory.
 */
export function readKernelFileNow(path: string, limitBytes: number): string | undefined {
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    const bytes = Buffer.allocUnsafe(limitBytes);
    return bytes.toString("utf8", 0, readSync(file, bytes, 0, limitBytes, null));
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Does this error of the file system mean that there is nothing to read, rather than that reading went wrong? */
export function isAbsence(error: unknown): boolean {
  return error instanceof Error && "code" in error && ABSENT.has(String(error.code));
}
