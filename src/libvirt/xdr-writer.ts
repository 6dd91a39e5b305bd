import type { Integer } from "../integer.ts";

const PADDING = [0, 3, 2, 1] as const;
/** "-" */
const DASH = 0x2d;

/** Writes XDR (RFC 4506), big endian, into a buffer that grows. */
export class XdrWriter {
  #buffer: Buffer;
  #length = 0;

  constructor(capacityBytes = 256) {
    this.#buffer = Buffer.allocUnsafe(capacityBytes);
  }

  /** Makes room for so many bytes, which are written by whoever knows them. */
  leave(count: number): void {
    this.#take(count);
  }

  get length(): number {
    return this.#length;
  }

  u32(value: number): void {
    const at = this.#take(4);
    this.#buffer.writeUInt32BE(value, at);
  }

  i32(value: number): void {
    const at = this.#take(4);
    this.#buffer.writeInt32BE(value, at);
  }

  bool(value: boolean): void {
    this.u32(value ? 1 : 0);
  }

  u64(value: Integer): void {
    const at = this.#take(8);
    this.#buffer.writeBigUInt64BE(BigInt(value), at);
  }

  i64(value: Integer): void {
    const at = this.#take(8);
    this.#buffer.writeBigInt64BE(BigInt(value), at);
  }

  double(value: number): void {
    const at = this.#take(8);
    this.#buffer.writeDoubleBE(value, at);
  }

  /** Counted bytes of UTF-8, padded to four. */
  string(value: string): void {
    const bytes = Buffer.byteLength(value);
    this.u32(bytes);
    const at = this.#take(bytes + PADDING[(bytes & 3) as 0 | 1 | 2 | 3]);
    this.#buffer.write(value, at);
    this.#buffer.fill(0, at + bytes, this.#length);
  }

  /** `opaque[n]`: bytes whose number both sides know, padded to four. */
  fixedOpaque(value: Uint8Array): void {
    const at = this.#take(value.length + PADDING[(value.length & 3) as 0 | 1 | 2 | 3]);
    this.#buffer.set(value, at);
    this.#buffer.fill(0, at + value.length, this.#length);
  }

  /** `opaque[n]`: as many bytes as there are pairs of hexadecimal digits, dashes left out, padded to four. */
  fixedHex(text: string): void {
    const start = this.#length;
    let byte = 0;
    let digits = 0;
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === DASH) continue;
      // Digits are 0x30 to 0x39, letters 0x41 and 0x61 on: those alone have a bit above the lower six.
      byte = (byte << 4) | ((code & 0xf) + (code >> 6) * 9);
      digits += 1;
      if ((digits & 1) === 1) continue;
      const place = this.#take(1);
      this.#buffer[place] = byte;
    }
    const padding = this.#take(PADDING[((this.#length - start) & 3) as 0 | 1 | 2 | 3]);
    this.#buffer.fill(0, padding, this.#length);
  }

  /** `T?`: a flag, then the value if there is one. */
  optional<T>(value: T | null | undefined, write: (value: T) => void): void {
    this.bool(value !== null && value !== undefined);
    if (value !== null && value !== undefined) write(value);
  }

  /** `T<>`: a count, then the values. */
  array<T>(values: readonly T[], write: (value: T) => void): void {
    this.u32(values.length);
    for (const value of values) write(value);
  }

  /** What was written so far; valid until the next write. */
  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Makes room for `count` bytes and returns where they begin. Take first, then use `#buffer`: it may be another. */
  #take(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(this.#length, this.#buffer.length * 2));
      this.#buffer.copy(grown, 0, 0, at);
      this.#buffer = grown;
    }
    return at;
  }
}
