import type { Integer } from "../integer.ts";
import { writeFixed64 } from "./fixed64.ts";

/** Longest string that is cheaper to copy letter by letter than through a call into the runtime. */
const SHORT_STRING = 64;

/**
 * Writes protobuf from the last byte to the first. A message's length stands before it; written backwards
 * every length is known when its turn comes, so that one pass is enough and nothing is measured beforehand.
 * Fields are therefore given in the reverse of the order in which they are to be read, and a field's content
 * before its tag. The room is kept and grows: one writer serves one message after the other.
 */
export class BackwardWriter {
  #buffer: Buffer;
  #view: DataView;
  #at: number;
  #skipped = 0;

  constructor(capacityBytes: number) {
    this.#buffer = Buffer.allocUnsafeSlow(capacityBytes);
    this.#view = new DataView(this.#buffer.buffer);
    this.#at = capacityBytes;
  }

  /** Bytes written so far. What was written between two sizes is as long as their difference. */
  get size(): number {
    return this.#buffer.length - this.#at + this.#skipped;
  }

  /** A copy of everything written; the writer is empty afterwards. */
  take(): Buffer {
    const written = this.#buffer.subarray(this.#at);
    const message = Buffer.allocUnsafeSlow(written.length);
    message.set(written);
    this.#at = this.#buffer.length;
    this.#skipped = 0;
    return message;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#buffer[--this.#at] = value;
  }

  /** Counts bytes that stand elsewhere as if they were written. */
  skip(length: number): void {
    this.#skipped += length;
  }

  /** Zeros, to be filled in later. */
  blank(length: number): void {
    this.#reserve(length);
    // A handful of bytes: cheaper than fill(), which is a call into the runtime.
    for (let left = length; left > 0; left -= 1) this.#buffer[--this.#at] = 0;
  }

  /** A varint below 2^32: lengths, flags. */
  varint(value: number): void {
    let shift = 0;
    while (shift < 28 && value >>> (shift + 7) !== 0) shift += 7;
    this.byte(value >>> shift);
    for (shift -= 7; shift >= 0; shift -= 7) this.byte(((value >>> shift) & 0x7f) | 0x80);
  }

  /** A varint of a signed 64-bit number; a negative one takes ten bytes. */
  varint64(value: Integer): void {
    if (typeof value === "number" && value >= 0 && value <= 0xffff_ffff) {
      this.varint(value);
      return;
    }
    const groups: number[] = [];
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest >= 0x80n; rest >>= 7n) groups.push(Number(rest & 0x7fn) | 0x80);
    groups.push(Number(rest));
    for (const group of groups.toReversed()) this.byte(group);
  }

  /** A 64-bit whole number in eight bytes; signed and unsigned have the same form. */
  fixed64(value: Integer): void {
    this.#reserve(8);
    this.#at -= 8;
    writeFixed64(this.#view, this.#at, value);
  }

  double(value: number): void {
    this.#reserve(8);
    this.#at -= 8;
    this.#view.setFloat64(this.#at, value, true);
  }

  /** Tag and length before a message whose last byte was written when the writer had `sizeBefore`. */
  message(tag: number, sizeBefore: number): void {
    this.varint(this.size - sizeBefore);
    this.byte(tag);
  }

  /** A string field; lone surrogates become U+FFFD, so that it is valid UTF-8 whatever came in. */
  string(tag: number, value: string): void {
    const sizeBefore = this.size;
    if (!this.#ascii(value)) {
      const length = Buffer.byteLength(value);
      this.#reserve(length);
      this.#at -= length;
      this.#buffer.write(value, this.#at);
    }
    this.message(tag, sizeBefore);
  }

  /** Writes a short ASCII string. Anything else is left to the runtime, with nothing written. */
  #ascii(value: string): boolean {
    if (value.length > SHORT_STRING) return false;
    this.#reserve(value.length);
    const start = this.#at - value.length;
    for (let index = 0; index < value.length; index += 1) {
      const code = value.charCodeAt(index);
      if (code > 0x7f) return false;
      this.#buffer[start + index] = code;
    }
    this.#at = start;
    return true;
  }

  #reserve(length: number): void {
    if (length > this.#at) this.#grow(length);
  }

  #grow(length: number): void {
    const written = this.#buffer.subarray(this.#at);
    this.#buffer = Buffer.allocUnsafeSlow(2 * this.#buffer.length + length);
    this.#view = new DataView(this.#buffer.buffer);
    this.#at = this.#buffer.length - written.length;
    this.#buffer.set(written, this.#at);
  }
}
