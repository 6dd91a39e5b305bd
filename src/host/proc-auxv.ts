/**
 * /proc/self/auxv, what the kernel told this process at its start: pairs of machine words, a key and a value.
 * https://man7.org/linux/man-pages/man3/getauxval.3.html
 *
 * Key 6 is AT_PAGESZ: 4096 nearly everywhere, 16384 or 65536 on some ARM and POWER.
 */
import { readFileSync } from "node:fs";
import { endianness } from "node:os";

const AT_PAGESZ = 6n;
const PAIR_BYTES = 16;

/** The size of a page of memory in bytes; 4096 where the kernel does not say. */
export function readPageSizeBytes(path = "/proc/self/auxv"): number {
  try {
    return parsePageSizeBytes(readFileSync(path)) ?? 4096;
  } catch {
    return 4096;
  }
}

/** The size of a page in an auxiliary vector of 64-bit words; undefined when it has none. */
export function parsePageSizeBytes(vector: Buffer): number | undefined {
  const word = (at: number): bigint =>
    endianness() === "LE" ? vector.readBigUInt64LE(at) : vector.readBigUInt64BE(at);
  for (let at = 0; at + PAIR_BYTES <= vector.length; at += PAIR_BYTES) {
    if (word(at) === AT_PAGESZ) return Number(word(at + PAIR_BYTES / 2));
  }
  return undefined;
}
