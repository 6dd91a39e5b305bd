import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";

import { messageOf } from "../errors.ts";

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "no such file",
  EACCES: "permission denied",
  ENOTDIR: "a part of the path is not a directory",
  ELOOP: "too many symbolic links",
  ERR_ENCODING_INVALID_ENCODED_DATA: "not text in UTF-8",
  ENXIO: "not a regular file",
};

/**
 * The bytes of a regular file that is expected to be small. A pipe or a device is refused, not waited for.
 * {@link reasonOf} puts what it throws into words.
 */
export function readSmallFile(path: string, limitBytes: number): Buffer {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (!fstatSync(file).isFile()) throw new Error("not a regular file");
    const buffer = Buffer.allocUnsafe(limitBytes + 1);
    let length = 0;
    for (;;) {
      const read = readSync(file, buffer, length, buffer.length - length, null);
      length += read;
      if (length > limitBytes) throw new Error(`larger than ${limitBytes} bytes`);
      if (read === 0) return Buffer.from(buffer.subarray(0, length));
    }
  } finally {
    closeSync(file);
  }
}

/** Like readSmallFile, for a file that holds text in UTF-8. */
export function readSmallText(path: string, limitBytes: number): string {
  return new TextDecoder("utf-8", { fatal: true }).decode(readSmallFile(path, limitBytes));
}

/** Why a file could not be read, without its path: `no such file`. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return REASONS[code] ?? messageOf(error);
}
