import { type Integer, toInteger } from "../integer.ts";

const UINT64_MAX = 2n ** 64n - 1n;

/** Writes numbers and text one behind the other, whole numbers as varints: seven bits a byte, the lowest first. */
export class StateWriter {
  #bytes = Buffer.allocUnsafeSlow(4096);
  #length = 0;

  /** Everything written so far: a view, not a copy. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** A whole number from 0 to 2^64 - 1. */
  unsigned(value: Integer): void {
    this.#reserve(10);
    let rest = value;
    if (typeof rest === "bigint") {
      for (; rest > 0xffff_ffffn; rest >>= 7n) this.#bytes[this.#length++] = Number(rest & 0x7fn) | 0x80;
      rest = Number(rest);
    }
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.#bytes[this.#length++] = (rest % 0x80) | 0x80;
    this.#bytes[this.#length++] = rest;
  }

  /** A whole number between -2^63 and 2^63, small in either direction. */
  signed(value: bigint): void {
    this.unsigned(toInteger(value < 0n ? -2n * value - 1n : 2n * value));
  }

  double(value: number): void {
    this.#reserve(8);
    this.#length = this.#bytes.writeDoubleLE(value, this.#length);
  }

  fixed64(value: bigint): void {
    this.#reserve(8);
    this.#length = this.#bytes.writeBigUInt64LE(value, this.#length);
  }

  text(value: string): void {
    const length = Buffer.byteLength(value);
    this.unsigned(length);
    this.#reserve(length);
    this.#length += this.#bytes.write(value, this.#length);
  }

  #reserve(length: number): void {
    if (this.#length + length <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(2 * (this.#length + length));
    this.#bytes.copy(grown);
    this.#bytes = grown;
  }
}

/** Reads what a {@link StateWriter} wrote. Everything throws RangeError where the bytes are not that. */
export class StateReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  unsigned(): Integer {
    let value = 0;
    for (let scale = 1; scale <= 2 ** 42; scale *= 0x80) {
      const byte = this.#bytes.readUInt8(this.#at++);
      value += (byte % 0x80) * scale;
      if (byte < 0x80) return value;
    }
    let rest = BigInt(value);
    for (let shift = 49n; shift <= 63n; shift += 7n) {
      const byte = this.#bytes.readUInt8(this.#at++);
      rest |= BigInt(byte % 0x80) << shift;
      if (byte < 0x80 && rest <= UINT64_MAX) return toInteger(rest);
    }
    throw new RangeError("a number beyond 64 bits");
  }

  signed(): bigint {
    const value = BigInt(this.unsigned());
    return value % 2n === 0n ? value / 2n : -(value + 1n) / 2n;
  }

  /** How many things follow; no more than there are bytes left. */
  count(): number {
    const count = Number(this.unsigned());
    if (count > this.#bytes.length - this.#at) throw new RangeError("more than there is room for");
    return count;
  }

  double(): number {
    this.#at += 8;
    return this.#bytes.readDoubleLE(this.#at - 8);
  }

  fixed64(): bigint {
    this.#at += 8;
    return this.#bytes.readBigUInt64LE(this.#at - 8);
  }

  text(): string {
    const length = this.count();
    this.#at += length;
    return this.#bytes.toString("utf8", this.#at - length, this.#at);
  }

  /** Ends the reading: nothing may be left. */
  end(): void {
    if (this.#at !== this.#bytes.length) throw new RangeError("more bytes than expected");
  }
}
