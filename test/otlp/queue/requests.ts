import type { ExportRequest } from "../../../src/otlp/destination.ts";

export const HOUR_MS = 3_600_000;

/** Limits that no test reaches by chance. */
export const WIDE = { maxBytes: 2 ** 30, maxAgeMs: 48 * HOUR_MS };

/** A request of so many bytes that do not compress, with its number at the start. */
export function numbered(number: number, bytes = 100): ExportRequest {
  const body = Buffer.alloc(bytes);
  // xorshift: the same bytes for the same number.
  let state = number * 2_654_435_761 + 1;
  for (let index = 4; index < bytes; index += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    body[index] = state & 0xff;
  }
  body.writeUInt32BE(number, 0);
  return { body, pointCount: 1 };
}
