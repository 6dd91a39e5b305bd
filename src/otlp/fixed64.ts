import type { Integer } from "../integer.ts";

const TWO_TO_32 = 4_294_967_296;
const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);

/** Writes a 64-bit whole number, little-endian; signed and unsigned have the same form. */
export function writeFixed64(view: DataView, at: number, value: Integer): void {
  if (typeof value === "bigint") {
    view.setBigInt64(at, value, true);
    return;
  }
  const high = Math.floor(value / TWO_TO_32);
  view.setUint32(at, value - high * TWO_TO_32, true);
  view.setInt32(at + 4, high, true);
}

/** Does it travel as a signed 64-bit number without losing anything? */
export function fitsInt64(value: Integer): boolean {
  return typeof value === "bigint" ? value >= INT64_MIN && value <= INT64_MAX : Number.isSafeInteger(value);
}
