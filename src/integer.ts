/**
 * Whole numbers that stay exact at any size. libvirt counts in unsigned 64 bits: nanoseconds of CPU time
 * pass 2^53 after 104 days. Nearly every value is small, so a plain number is the fast path and a bigint
 * appears only beyond 2^53.
 */

/** A whole number: a number up to ±2^53, a bigint beyond. */
export type Integer = number | bigint;

const TWO_TO_32 = 4_294_967_296;

/** The Integer of an unsigned 64-bit value given as two unsigned 32-bit words. */
export function fromWords(high: number, low: number): Integer {
  return high < 0x20_0000 ? high * TWO_TO_32 + low : (BigInt(high) << 32n) | BigInt(low);
}

/** The Integer of a signed 64-bit value given as a signed high and an unsigned low word. */
export function fromSignedWords(high: number, low: number): Integer {
  if (high >= -0x20_0000 && high < 0x20_0000) return high * TWO_TO_32 + low;
  return (BigInt(high) << 32n) | BigInt(low);
}

/** Brings a bigint back to a number where that is exact. */
export function toInteger(value: bigint): Integer {
  const narrow = Number(value);
  return Number.isSafeInteger(narrow) ? narrow : value;
}

/** value × factor, exact. */
export function multiply(value: Integer, factor: number): Integer {
  if (typeof value === "number") {
    const product = value * factor;
    if (Number.isSafeInteger(product)) return product;
  }
  return toInteger(BigInt(value) * BigInt(factor));
}

/** minuend - subtrahend, exact. */
export function subtract(minuend: Integer, subtrahend: Integer): Integer {
  if (typeof minuend === "number" && typeof subtrahend === "number") {
    const difference = minuend - subtrahend;
    if (Number.isSafeInteger(difference)) return difference;
  }
  return toInteger(BigInt(minuend) - BigInt(subtrahend));
}

/** a + b, exact. */
export function add(a: Integer, b: Integer): Integer {
  if (typeof a === "number" && typeof b === "number") {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return toInteger(BigInt(a) + BigInt(b));
}

const POWERS_OF_TEN = Array.from({ length: 23 }, (_, exponent) => 10 ** exponent);

/** value / 10^digits, up to 22 of them, as the double nearest to the true quotient, also where value passes 2^53. */
export function scaleDown(value: Integer, digits: number): number {
  const whole = typeof value === "bigint" ? toInteger(value) : value;
  if (typeof whole === "number") return whole / (POWERS_OF_TEN[digits] ?? Number.NaN);
  return Number(`${whole}e-${digits}`);
}
