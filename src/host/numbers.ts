import { type Integer, subtract, toInteger } from "../integer.ts";

const UINT64_MAX = 2n ** 64n - 1n;
/** What fits a number exactly, whatever the digits. */
const EXACT_DIGITS = 15;
const UINT64_DIGITS = 20;
const ZERO = 48;

/** A whole number of up to 64 bits without a sign, in decimal digits and nothing else; undefined when it is none. */
export function parseCount(text: string | undefined): Integer | undefined {
  if (text === undefined || text.length === 0 || text.length > UINT64_DIGITS) return undefined;
  let value = 0;
  for (let at = 0; at < text.length; at += 1) {
    const digit = text.charCodeAt(at) - ZERO;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  if (text.length <= EXACT_DIGITS) return value;
  const exact = BigInt(text);
  return exact > UINT64_MAX ? undefined : toInteger(exact);
}

/** As {@link parseCount}, and below 0 as well. */
export function parseSigned(text: string): Integer | undefined {
  if (!text.startsWith("-")) return parseCount(text);
  const amount = parseCount(text.slice(1));
  return amount === undefined ? undefined : subtract(0, amount);
}

/** A decimal fraction with just so many digits, as a count of its last digit: 3.14 with two is 314. */
export function parseFixed(text: string | undefined, digits: number): Integer | undefined {
  if (text === undefined || text.length <= digits + 1 || text.at(-digits - 1) !== ".") return undefined;
  return parseCount(text.slice(0, -digits - 1) + text.slice(-digits));
}
