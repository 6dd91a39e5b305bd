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

/** Does this error of the file system mean that there is nothing to read, rather than that reading went wrong? */
export function isAbsence(error: unknown): boolean {
  return error instanceof Error && "code" in error && ABSENT.has(String(error.code));
}
